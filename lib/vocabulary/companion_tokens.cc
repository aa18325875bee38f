#include "lib/vocabulary/companion_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"

namespace matinee {
namespace {

// In the order in which transformers adds those that are missing.
constexpr std::array<std::string_view, 7> kRoles{"bos_token", "eos_token", "unk_token", "sep_token",
                                                 "pad_token", "cls_token", "mask_token"};

AddedToken described_token(std::string_view id, const JsonNode& node) {
  AddedToken token;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), token.id);
  if (error != std::errc() || end != id.data() + id.size()) throw bad_data("{}: \"{}\" is no id", node.path(), id);
  token.content = node.get("content").string();
  token.single_word = node.boolean_or("single_word", false);
  token.lstrip = node.boolean_or("lstrip", false);
  token.rstrip = node.boolean_or("rstrip", false);
  token.normalized = node.boolean_or("normalized", false);
  token.special = node.boolean_or("special", false);
  return token;
}

class Reader {
 public:
  explicit Reader(const std::string& folder) : folder_(folder) {}

  CompanionTokens read() {
    read_file_of("tokenizer_config.json", [&](const JsonNode& root) {
      read_roles(root);
      if (const JsonNode node = root["added_tokens_decoder"]; !node.is_null()) {
        for (const auto& [id, token] : node.fields()) found_.tokens.push_back(described_token(id, token));
      }
    });
    read_file_of("special_tokens_map.json", [&](const JsonNode& root) { read_roles(root); });
    if (found_.tokens.empty()) {
      read_file_of("added_tokens.json", [&](const JsonNode& root) {
        root.each_integer([&](std::string_view name, std::int64_t id) {
          const bool special = std::find(found_.named.begin(), found_.named.end(), name) != found_.named.end();
          found_.tokens.push_back({.id = static_cast<std::int32_t>(id),
                                   .content = std::string(name),
                                   .normalized = !special,
                                   .special = special});
        });
      });
    }
    return std::move(found_);
  }

 private:
  template <class Read>
  void read_file_of(const char* name, Read read_root) const {
    const std::string path = folder_ + "/" + name;
    if (file_exists(path)) read_json(read_file(path), path, read_root);
  }

  void read_roles(const JsonNode& root) {
    for (const std::string_view role : kRoles) read_name(root[role]);
    if (const JsonNode more = root["additional_special_tokens"]; more.is_array())
      for (const JsonNode& name : more.array()) read_name(name);
  }
  void read_name(const JsonNode& node) {
    if (node.is_null()) return;
    std::string name = node.is_string() ? node.string() : node.get("content").string();
    if (!name.empty() && std::find(found_.named.begin(), found_.named.end(), name) == found_.named.end())
      found_.named.push_back(std::move(name));
  }

  const std::string& folder_;
  CompanionTokens found_;
};

}  // namespace

void CompanionTokens::add_to(VocabularyBuilder& builder) const {
  for (const AddedToken& token : tokens) builder.add(token);
  for (const std::string& name : named) {
    if (builder.is_added(name)) continue;
    const std::int32_t known = builder.find(name);
    builder.add(AddedToken{.id = known >= 0 ? known : builder.next_id(), .content = name, .special = true});
  }
}

CompanionTokens read_companion_tokens(const std::string& folder) { return Reader(folder).read(); }

}  // namespace matinee
