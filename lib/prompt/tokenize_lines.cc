#include "lib/prompt/tokenize_lines.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/io/json_records.h"
#include "lib/prompt/special_token_names.h"
#include "lib/prompt/training_text.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

constexpr std::size_t kBlockRecords = 4096;
constexpr std::size_t kBlockBytes = std::size_t{8} << 20;
constexpr std::size_t kRecordsPerTask = 32;

// Records of one file that the threads encode.
struct Block {
  std::string bytes;
  struct Record {
    std::size_t begin;
    std::size_t size;
    JsonRecordReader::Position position;
  };
  std::vector<Record> records;

  std::string_view operator[](std::size_t i) const {
    return std::string_view(bytes).substr(records[i].begin, records[i].size);
  }
  bool full() const { return records.size() >= kBlockRecords || bytes.size() >= kBlockBytes; }
  void clear() {
    bytes.clear();
    records.clear();
  }
};

struct RecordResult {
  std::vector<EncodedSample> samples;
  std::vector<TrainingNote> notes;
  std::optional<Error> error;
  bool too_long = false;
};

bool has_target(const EncodedSample& sample) {
  return std::find(sample.loss_mask.begin(), sample.loss_mask.end(), 1) != sample.loss_mask.end();
}

// Parser and encoder of one thread.
class RecordEncoder {
 public:
  RecordEncoder(const Tokenizer& tokenizer, const PromptTemplate& prompt_template, const SpecialTokenNames& names,
                const TokenizeOptions& options)
      : names_(names),
        parser_(options.learned),
        encoder_(tokenizer, prompt_template, options.special_tokens),
        options_(options) {}

  void encode(std::string_view record, RecordResult& result) {
    TrainingText text = parser_.parse(record);
    result.notes = std::move(text.notes);
    if (text.nothing_to_learn) return;
    if (!options_.special_tokens) note_special_names(text, result);
    EncodedSample sample = encode_training_text(encoder_, text);
    const auto limit = static_cast<std::size_t>(options_.seq_len);
    if (sample.input_ids.size() <= limit) {
      result.samples.push_back(std::move(sample));
      return;
    }
    result.too_long = true;
    switch (options_.long_samples) {
      case LongSamples::kSkip: return;
      case LongSamples::kCut:
        sample.input_ids.resize(limit);
        sample.loss_mask.resize(limit);
        if (!has_target(sample))
          throw bad_data("the prompt alone has more than {} tokens, so that cutting leaves nothing to learn", limit)
              .add_remedy("raise --seq-len, or leave such lines out with --long skip");
        result.samples.push_back(std::move(sample));
        return;
      case LongSamples::kSplit:
        if (text.kind == TrainingText::Kind::kText) {
          split(sample, limit, result);
          return;
        }
        break;
      case LongSamples::kRefuse: break;
    }
    Error error = bad_data("{} tokens, --seq-len is {}", sample.input_ids.size(), limit);
    error.add_remedy(text.kind == TrainingText::Kind::kText
                         ? "raise it, or say --long split, cut or skip"
                         : "raise it, or say --long cut or skip (split is for running text)");
    throw error;
  }

 private:
  void note_special_names(const TrainingText& text, RecordResult& result) const {
    std::string_view name;
    const auto look_in = [&](const std::string& part) {
      if (name.empty()) name = names_.first_in(part);
    };
    for (const std::string* part : {&text.instruction, &text.input, &text.output, &text.text}) look_in(*part);
    for (const Message& message : text.messages) look_in(message.content);
    if (!name.empty()) result.notes.push_back({TrainingRemark::kSpecialNames, std::string(name)});
  }
  // The first token of a part has no context to be predicted from, so a part of one token has no target.
  static void split(const EncodedSample& whole, std::size_t limit, RecordResult& result) {
    for (std::size_t begin = 0; begin + 1 < whole.input_ids.size(); begin += limit) {
      const std::size_t size = std::min(limit, whole.input_ids.size() - begin);
      EncodedSample part;
      part.append(std::span(whole.input_ids).subspan(begin, size), true);
      part.loss_mask.front() = 0;
      result.samples.push_back(std::move(part));
    }
  }

  const SpecialTokenNames& names_;
  TrainingTextParser parser_;
  SampleEncoder encoder_;
  TokenizeOptions options_;
};

}  // namespace

LongSamples long_samples_from_name(std::string_view name) {
  if (name == "refuse") return LongSamples::kRefuse;
  if (name == "cut") return LongSamples::kCut;
  if (name == "skip") return LongSamples::kSkip;
  if (name == "split") return LongSamples::kSplit;
  throw usage_error("--long: expected refuse, cut, skip or split, found \"{}\"", name);
}

TokenizeReport tokenize_lines(const std::vector<std::string>& inputs, const Tokenizer& tokenizer,
                              const PromptTemplate& prompt_template, const TokenizeOptions& options, ThreadPool& pool,
                              const std::function<void(const EncodedSample&)>& on_sample,
                              const std::function<void(std::uint64_t)>& on_progress) {
  const SpecialTokenNames names(tokenizer);
  std::vector<std::unique_ptr<RecordEncoder>> encoders;
  encoders.reserve(static_cast<std::size_t>(pool.threads()));
  for (int worker = 0; worker < pool.threads(); ++worker)
    encoders.push_back(std::make_unique<RecordEncoder>(tokenizer, prompt_template, names, options));
  TokenizeReport report;
  std::uint64_t read_before = 0;  // bytes of the inputs before this one
  Block block;
  std::vector<RecordResult> results;

  const auto run_block = [&](const JsonRecordReader& reader) {
    results.assign(block.records.size(), {});
    pool.for_blocks(block.records.size(), kRecordsPerTask, [&](std::size_t begin, std::size_t end, int worker) {
      for (std::size_t i = begin; i < end; ++i) {
        try {
          encoders[static_cast<std::size_t>(worker)]->encode(block[i], results[i]);
        } catch (Error& error) {
          error.add_context(reader.place(block.records[i].position));
          results[i].error = error;
        }
      }
    });
    for (std::size_t i = 0; i < results.size(); ++i) {
      RecordResult& result = results[i];
      if (result.error) {
        if (!options.keep_going) {
          result.error->add_remedy("--keep-going skips such texts");
          throw Error(*result.error);
        }
        if (report.refused++ == 0) report.first_refused = result.error->what();
        continue;
      }
      if (!result.notes.empty()) report.notes.add(result.notes, reader.place(block.records[i].position));
      if (result.too_long) ++report.too_long;
      for (const EncodedSample& sample : result.samples) on_sample(sample);
    }
    on_progress(read_before + reader.source().position());
    block.clear();
  };

  for (const std::string& input : inputs) {
    JsonRecordReader reader(input);
    std::string_view record;
    while (reader.next(record)) {
      ++report.texts;
      report.bytes += record.size() + 1;
      if (record.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      block.records.push_back({block.bytes.size(), record.size(), reader.position()});
      block.bytes += record;
      if (block.full()) run_block(reader);
    }
    run_block(reader);
    read_before += reader.source().position();
    if (reader.source().compressed()) report.limit = reader.source().speed_limit();
  }
  return report;
}

std::string show_sample(const Tokenizer& tokenizer, const EncodedSample& sample, bool color) {
  std::string bytes;
  bool open = false;
  const auto mark = [&](bool supervised) {
    if (supervised == open) return;
    open = supervised;
    bytes += color ? (open ? "\x1b[32m" : "\x1b[0m") : (open ? "[[" : "]]");
  };
  for (std::size_t i = 0; i < sample.input_ids.size(); ++i) {
    mark(sample.loss_mask[i] != 0);
    bytes += tokenizer.token_bytes(sample.input_ids[i]);
  }
  mark(false);
  bytes += '\n';
  std::string out;
  for (std::size_t position = 0; position < bytes.size();) {
    const std::uint32_t c = decode_utf8(bytes, position);
    append_utf8(out, c < kInvalidByte ? c : 0xFFFD);
  }
  return out;
}

}  // namespace matinee
