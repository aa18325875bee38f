#include "lib/vocabulary/tokenizer_files.h"

#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/vocabulary/sentencepiece_model.h"
#include "lib/vocabulary/tiktoken_file.h"
#include "lib/vocabulary/tokenizer_json.h"
#include "lib/vocabulary/vocab_merges.h"

namespace matinee {
namespace {

bool is_folder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

TokenizerDefinition read_model_file(const std::string& file) {
  const std::string bytes = read_file(file);
  return looks_like_sentencepiece(bytes) ? parse_sentencepiece_model(bytes, file) : parse_tiktoken_file(bytes, file);
}

}  // namespace

TokenizerFiles read_tokenizer_files(const std::string& path) {
  TokenizerFiles found;
  if (!is_folder(path)) {
    found.folder = folder_of(path);
    found.file = path;
    if (path.ends_with("/vocab.json") || path.ends_with("/merges.txt")) {
      found.definition = read_vocab_merges(found.folder);
    } else {
      found.definition = path.ends_with(".model") ? read_model_file(path) : read_tokenizer_json(path);
    }
    return found;
  }
  found.folder = path;
  if (found.file = path + "/tokenizer.json"; file_exists(found.file)) {
    found.definition = read_tokenizer_json(found.file);
  } else if (found.file = path + "/tokenizer.model"; file_exists(found.file)) {
    found.definition = read_model_file(found.file);
  } else if (found.file = path + "/vocab.json"; file_exists(found.file)) {
    found.definition = read_vocab_merges(path);
  } else {
    throw missing("{}: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt", path)
        .add_remedy("give a Hugging Face model folder with its tokenizer");
  }
  return found;
}

}  // namespace matinee
