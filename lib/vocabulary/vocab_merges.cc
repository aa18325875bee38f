#include "lib/vocabulary/vocab_merges.h"

#include <fmt/format.h>

#include <array>
#include <future>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/vocabulary/companion_tokens.h"
#include "lib/vocabulary/split_steps.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/vocabulary_builder.h"

namespace matinee {
namespace {

// What the files leave to the tokenizer_class of transformers.
struct ClassRow {
  std::string_view tokenizer_class;  // without "Fast"
  std::string_view family;           // split_families.h
  bool nfc;
};
constexpr std::array<ClassRow, 3> kClasses{{
    {"GPT2Tokenizer", "gpt2", false},
    {"CodeGenTokenizer", "gpt2", false},
    {"Qwen2Tokenizer", "qwen2", true},
}};
// The end token of all these classes, if vocab.json has it.
constexpr std::string_view kEndOfText = "<|endoftext|>";

class FolderReader {
 public:
  explicit FolderReader(const std::string& folder) : folder_(folder) {}

  TokenizerDefinition read() {
    definition_.byte_level = true;
    const std::string vocab = read_file(folder_ + "/vocab.json"), merges = read_file(folder_ + "/merges.txt");
    // In parallel: hashing is a tenth of the loading time.
    std::future<std::string> fingerprint =
        std::async(loading_policy(vocab.size()), [&vocab, &merges] { return tokenizer_fingerprint(vocab, merges); });
    read_json(vocab, folder_ + "/vocab.json", [&](const JsonNode& root) { read_vocabulary(root); });
    with_context(folder_ + "/merges.txt", [&] { read_merges(merges); });
    read_configuration();
    spell_tokens(definition_, false);
    definition_.fingerprint = fingerprint.get();
    return std::move(definition_);
  }

 private:
  void read_vocabulary(const JsonNode& root) {
    builder_.expect(root.size());
    root.each_integer([&](std::string_view token, std::int64_t id) { builder_.add(token, id); });
    if (builder_.size() == 0) throw bad_data("no tokens");
  }

  void read_merges(std::string_view text) {
    std::size_t number = 0;
    try {
      while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty() && (number > 1 || !line.starts_with("#version"))) builder_.add_merge(line);
      }
    } catch (Error& error) {
      error.add_context(fmt::format("line {}", number));
      throw;
    }
  }

  void read_configuration() {
    const std::string path = folder_ + "/tokenizer_config.json";
    std::string name = "GPT2Tokenizer";
    bool prefix_space = false;
    if (file_exists(path)) {
      read_json(read_file(path), path, [&](const JsonNode& root) {
        name = root.string_or("tokenizer_class", name);
        prefix_space = root.boolean_or("add_prefix_space", false);
      });
    }
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    const ClassRow* row = nullptr;
    for (const ClassRow& each : kClasses)
      if (each.tokenizer_class == name) row = &each;
    if (row == nullptr)
      throw bad_data("{}: tokenizer_class: \"{}\" is not known for vocab.json and merges.txt", path, name)
          .add_remedy("save it with transformers' AutoTokenizer to get tokenizer.json");
    if (row->nfc) definition_.normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
    definition_.pre_tokenizer = split_steps_of(row->family);
    definition_.pre_tokenizer.back().add_prefix_space = prefix_space;
    read_companion_tokens(folder_).add_to(builder_);
    if (const std::int32_t id = builder_.find(kEndOfText); id >= 0 && !builder_.is_added(kEndOfText))
      builder_.add(AddedToken{.id = id, .content = std::string(kEndOfText), .special = true});
  }

  const std::string& folder_;
  TokenizerDefinition definition_;
  VocabularyBuilder builder_{definition_};
};

}  // namespace

TokenizerDefinition read_vocab_merges(const std::string& folder) { return FolderReader(folder).read(); }

}  // namespace matinee
