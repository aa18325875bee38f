#include "lib/prompt/tokenize_run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/prompt/base_template.h"
#include "lib/prompt/token_set_writer.h"

namespace matinee {
namespace {

void report_stats(const ToolContext& tool, const TokenSetWriter& writer, const TokenizeReport& report,
                  std::uint64_t longest) {
  const auto samples = static_cast<double>(std::max<std::uint64_t>(writer.samples(), 1));
  const auto tokens = static_cast<double>(writer.tokens());
  tool.note(fmt::format("{} samples of {} texts, {} tokens ({:.1f} per sample, at most {}), {} supervised ({:.1f} %)",
                        writer.samples(), report.texts, writer.tokens(), tokens / samples, longest,
                        writer.supervised_tokens(),
                        100.0 * static_cast<double>(writer.supervised_tokens()) / std::max(tokens, 1.0)));
  tool.finished({writer.tokens(), "tokens"});
  tool.finished({report.bytes, "bytes", report.bytes, report.limit});
}

// The bytes of all inputs; 0 if one is a pipe.
std::uint64_t size_of(const std::vector<std::string>& inputs) {
  std::uint64_t size = 0;
  for (const std::string& input : inputs) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(input, error);
    if (error) return 0;
    size += bytes;
  }
  return size;
}

// What was skipped, cut or mended, one line for each kind.
void report_notes(const ToolContext& tool, const TokenizeRun& run, const TokenizeReport& report) {
  if (report.refused > 0)
    tool.note(fmt::format("skipped {} texts that cannot be used; the first: {}", report.refused, report.first_refused));
  if (report.too_long > 0) {
    tool.note(fmt::format("{} samples had over {} tokens: {}{}", report.too_long, run.tokenize.seq_len,
                          run.long_samples,
                          run.long_samples == "cut" ? ", so they lack their ends and the end token" : ""));
  }
  for (const std::string& line : report.notes.lines()) tool.note(line);
}

}  // namespace

void TokenizeRun::add(OptionSet& set) {
  set.text("model,m", &model, "FOLDER", "Hugging Face folder of the base model, or a tokenizer.json");
  set.offer_suffixes({".json", ".gguf"});
  set.choice("template", &prompt_template, template_choices(),
             "the prompt format; auto: that of the base's chat template");
  set.integer("seq-len", &tokenize.seq_len, 2, 1 << 20, "the most tokens in a sample");
  set.choice("long", &long_samples, {"refuse", "cut", "skip", "split"},
             "how to handle longer samples; split works for {\"text\"} only");
  set.choice("loss", &loss, {"all", "last"}, "learn all replies of a conversation, or the last only");
  set.flag("special-tokens", &tokenize.special_tokens,
           "names of special tokens in the texts become their ids, for texts with a template written in them; "
           "otherwise they are plain text, so that no text can end a reply");
  set.flag("keep-going", &tokenize.keep_going, "skip invalid texts and report their number");
  set.text("output,o", &output, "FILE", "output file; - is stdout");
  set.flag("show", &show, "print the samples with the supervised text marked; writes tokens only with -o");
  set.positional(&inputs, "FILE", 0, 1000);
  set.offer_suffixes({".jsonl", ".json", ".gz"});
}

void run_tokenizer(TokenizeRun& run, const ToolContext& tool) {
  if (run.model.empty()) throw usage_error("--model: name the folder of the base model, or its tokenizer.json");
  const bool writes = !run.show || tool.options().given("output");
  if (writes && run.output == "-" && isatty(STDOUT_FILENO))
    throw usage_error("tokens are binary: give -o FILE, or redirect stdout");
  if (run.inputs.empty()) run.inputs = {"-"};
  run.tokenize.long_samples = long_samples_from_name(run.long_samples);
  run.tokenize.learned = run.loss == "last" ? LearnedReplies::kLast : LearnedReplies::kAll;
  const Tokenizer tokenizer = Tokenizer::load(run.model);
  const PromptTemplate prompt_template = chosen_template(run.prompt_template, run.model, tool.notes());
  if (const std::string conflict = template_conflict(prompt_template.name(), run.model); !conflict.empty())
    tool.note(conflict);
  ThreadPool pool(tool.threads());
  Progress progress = tool.progress("tokenizing", size_of(run.inputs), "bytes");

  const bool color = std::getenv("NO_COLOR") == nullptr && isatty(STDOUT_FILENO);
  OutputFile shown("-");
  TokenSetWriter writer;
  std::uint64_t longest = 0;
  const TokenizeReport report = tokenize_lines(
      run.inputs, tokenizer, prompt_template, run.tokenize, pool,
      [&](const EncodedSample& sample) {
        writer.add(sample);
        longest = std::max<std::uint64_t>(longest, sample.input_ids.size());
        if (run.show) shown.write(show_sample(tokenizer, sample, color));
      },
      [&](std::uint64_t bytes) { progress.reach(bytes); });
  progress.finish();
  if (run.show) shown.commit();
  report_notes(tool, run, report);
  if (writer.samples() == 0)
    throw bad_data("{}: no samples", run.inputs.front() == "-" ? "<stdin>" : run.inputs.front());
  if (writes) {
    writer.write(run.output, {.vocab_size = tokenizer.vocab_size(),
                              .tokenizer_fingerprint = tokenizer.fingerprint(),
                              .prompt_template = prompt_template.name(),
                              .seq_len = run.tokenize.seq_len,
                              .bos_token_id = tokenizer.bos_token_id(),
                              .eos_token_id = prompt_template.end_token_id(tokenizer)});
  }
  if (tool.common().stats) report_stats(tool, writer, report, longest);
}

}  // namespace matinee
