#include "lib/vocabulary/special_tokens.h"

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"

namespace matinee {
namespace {

class SpecialTokenReader {
 public:
  explicit SpecialTokenReader(const TokenizerDefinition& definition) : definition_(definition) {
    // Added tokens are searched first: nearly every role is one of them.
    for (const AddedToken& token : definition.added_tokens) names_.emplace_back(token.content, token.id);
  }

  // A file that gives roles by their spelling: "</s>" or {"content": "</s>", ...}.
  void read_names(const std::string& path) {
    if (!file_exists(path)) return;
    read_json(read_file(path), path, [&](const JsonNode& root) {
      name_role(root["bos_token"], special.bos, true);
      name_role(root["eos_token"], special.eos, true);
      // No text needs these.
      name_role(root["pad_token"], special.pad, false);
      name_role(root["unk_token"], special.unk, false);
      if (const JsonNode add = root["add_bos_token"]; !add.is_null() && !special.add_bos_given) {
        special.add_bos = add.boolean();
        special.add_bos_given = true;
      }
    });
  }

  // A file that gives roles by id; eos may be a list.
  void read_ids(const std::string& path) {
    if (!file_exists(path)) return;
    read_json(read_file(path), path, [&](const JsonNode& root) {
      id_role(root["bos_token_id"], special.bos);
      id_role(root["pad_token_id"], special.pad);
      const JsonNode eos = root["eos_token_id"];
      if (eos.is_array()) {
        for (const JsonNode& id : eos.array()) add_end(id);
      } else if (!eos.is_null()) {
        add_end(eos);
      }
    });
  }

  SpecialTokens finish() {
    if (special.eos < 0 && !special.ends.empty()) special.eos = special.ends.front();
    if (special.eos >= 0) {
      std::erase(special.ends, special.eos);
      special.ends.insert(special.ends.begin(), special.eos);
    }
    return special;
  }

  SpecialTokens special;

 private:
  void name_role(const JsonNode& node, std::int32_t& role, bool required) const {
    if (role >= 0 || node.is_null()) return;
    const std::string token = node.is_string() ? node.string() : node.get("content").string();
    if (token.empty()) return;
    for (const auto& [name, id] : names_) {
      if (name == token) role = id;
    }
    for (std::size_t id = 0; role < 0 && id < definition_.vocabulary.size(); ++id) {
      if (definition_.defined[id] && definition_.vocabulary[id] == token) role = static_cast<std::int32_t>(id);
    }
    if (role < 0 && required)
      throw bad_data("{}: \"{}\" is not in the vocabulary of the tokenizer", node.path(), token);
  }

  // Configurations may name ids beyond the tokenizer's (a padded vocabulary), which no text produces.
  bool known(std::int64_t id) const {
    return id >= 0 && id < static_cast<std::int64_t>(definition_.defined.size()) &&
           definition_.defined[static_cast<std::size_t>(id)];
  }
  void id_role(const JsonNode& node, std::int32_t& role) const {
    if (role < 0 && !node.is_null() && known(node.integer())) role = static_cast<std::int32_t>(node.integer());
  }
  void add_end(const JsonNode& node) {
    const std::int64_t id = node.integer();
    if (!known(id)) return;
    const auto end = static_cast<std::int32_t>(id);
    if (std::find(special.ends.begin(), special.ends.end(), end) == special.ends.end()) special.ends.push_back(end);
  }

  const TokenizerDefinition& definition_;
  std::vector<std::pair<std::string, std::int32_t>> names_;
};

}  // namespace

SpecialTokens read_special_tokens(const std::string& folder, const TokenizerDefinition& definition) {
  SpecialTokenReader reader(definition);
  reader.read_names(folder + "/tokenizer_config.json");
  reader.read_names(folder + "/special_tokens_map.json");
  reader.read_ids(folder + "/generation_config.json");
  reader.read_ids(folder + "/config.json");
  return reader.finish();
}

}  // namespace matinee
