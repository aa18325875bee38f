#include "lib/vocabulary/tokenizer_files.h"

#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/base_files.h"
#include "lib/io/json_reader.h"
#include "lib/vocabulary/companion_tokens.h"
#include "lib/vocabulary/gguf_tokenizer.h"
#include "lib/vocabulary/sentencepiece_model.h"
#include "lib/vocabulary/tiktoken_file.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/tokenizer_json.h"
#include "lib/vocabulary/vocab_merges.h"

namespace matinee {
namespace {

bool is_folder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// "legacy" of tokenizer_config.json: whether a text behind a special token gets a space before it, as SentencePiece
// gives it to each text, or only the text at the start of a document.
bool is_legacy(const std::string& folder) {
  const std::string path = folder + "/tokenizer_config.json";
  bool legacy = true;
  if (file_exists(path))
    read_json(read_file(path), path, [&](const JsonNode& root) { legacy = root.boolean_or("legacy", true); });
  return legacy;
}

void begin_only_documents_with_space(TokenizerDefinition& definition) {
  using Kind = NormalizerStep::Kind;
  const auto& steps = definition.normalizer;
  const bool as_llama = steps.size() == 3 && steps[0].kind == Kind::kReplaceInvalid &&
                        steps[1].kind == Kind::kPrepend && steps[2].kind == Kind::kReplace;
  if (!as_llama) return;
  definition.normalizer.clear();
  definition.pre_tokenizer = {{.kind = PreTokenizerStep::Kind::kMetaspace,
                               .replacement = std::string(kSpaceMark),
                               .prepend = PreTokenizerStep::Prepend::kFirst,
                               .split = false}};
}

TokenizerDefinition read_model_file(const std::string& file) {
  const std::string bytes = read_file(file);
  if (!looks_like_sentencepiece(bytes)) return parse_tiktoken_file(bytes, file);
  const std::string folder = folder_of(file);
  CompanionTokens companions = read_companion_tokens(folder);
  // SentencePiece rewrites texts; transformers looks for added tokens before that.
  for (AddedToken& token : companions.tokens) token.normalized = false;
  TokenizerDefinition definition = parse_sentencepiece_model(bytes, file, companions);
  if (!is_legacy(folder)) begin_only_documents_with_space(definition);
  return definition;
}

// The first of these that exists; "" if none does.
std::string tokenizer_file_in(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json"}) {
    std::string file = folder + "/" + name;
    if (file_exists(file)) return file;
  }
  return "";
}

TokenizerDefinition read_definition(const std::string& file) {
  if (file.ends_with(".model")) return read_model_file(file);
  if (file.ends_with("/vocab.json") || file.ends_with("/merges.txt")) return read_vocab_merges(folder_of(file));
  return read_tokenizer_json(file);
}

}  // namespace

TokenizerFiles read_tokenizer_files(const std::string& path) {
  const bool folder = is_folder(path);
  TokenizerFiles found{.folder = folder ? path : folder_of(path), .file = folder ? tokenizer_file_in(path) : path};
  if (const auto gguf = folder && !found.file.empty() ? std::nullopt : gguf_of_base(path)) {
    GgufTokenizer read = read_gguf_tokenizer(GgufFile(*gguf));
    found.file = *gguf;
    found.definition = std::move(read.definition);
    found.special = std::move(read.special);
    return found;
  }
  if (found.file.empty()) {
    throw missing("{}: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt", path)
        .add_remedy("give a Hugging Face model folder with its tokenizer, or a GGUF file");
  }
  found.definition = read_definition(found.file);
  found.special = read_special_tokens(found.folder, found.definition);
  return found;
}

}  // namespace matinee
