#include "lib/vocabulary/tokenizer_json.h"

#include <fmt/format.h>

#include <future>
#include <limits>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/vocabulary_builder.h"

namespace matinee {
namespace {

// A pattern that matches exactly `text`.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c & 0x80) != 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain) out += '\\';
    out += c;
  }
  return out;
}

class Reader {
 public:
  TokenizerDefinition read(std::string_view json) {
    // In parallel: hashing is a tenth of the loading time.
    std::future<std::string> fingerprint =
        std::async(loading_policy(json.size()), [json] { return tokenizer_fingerprint(json); });
    JsonReader reader;
    const JsonNode root = reader.parse(json);
    if (!root.is_object() || !root.has("model"))
      throw bad_data("not a tokenizer.json: an object with \"model\" is expected");
    // "truncation" and "padding" are ignored: --seq-len replaces them.
    read_normalizer(root);
    if (const JsonNode node = root["pre_tokenizer"]; !node.is_null()) read_pre_tokenizer(node);
    read_model(root.get("model"));
    read_added_tokens(root);
    if (const JsonNode node = root["post_processor"]; !node.is_null()) read_post_processor(node);
    if (const JsonNode node = root["decoder"]; !node.is_null()) read_decoder(node);
    spell_tokens(definition_, decodes_mark_);
    definition_.fingerprint = fingerprint.get();
    return std::move(definition_);
  }

 private:
  // ---- normalizer -------------------------------------------------------------------------------------------------
  void read_normalizer(const JsonNode& root) {
    if (const JsonNode node = root["normalizer"]; !node.is_null()) read_normalizer_step(node);
  }

  void read_normalizer_step(const JsonNode& node) {
    using Kind = NormalizerStep::Kind;
    const std::string type = node.get("type").string();
    if (type == "Sequence") {
      for (const JsonNode& child : node.get("normalizers").array()) read_normalizer_step(child);
      return;
    }
    NormalizerStep step;
    if (type == "NFC") {
      step.kind = Kind::kNfc;
    } else if (type == "NFD") {
      step.kind = Kind::kNfd;
    } else if (type == "NFKC") {
      step.kind = Kind::kNfkc;
    } else if (type == "NFKD") {
      step.kind = Kind::kNfkd;
    } else if (type == "Lowercase") {
      step.kind = Kind::kLowercase;
    } else if (type == "Prepend") {
      step.kind = Kind::kPrepend;
      step.content = node.get("prepend").string();
    } else if (type == "Replace") {
      step.kind = Kind::kReplace;
      step.pattern = node.get("pattern").get("String").string();
      step.content = node.get("content").string();
    } else if (type == "Strip") {
      step.kind = Kind::kStrip;
      step.left = node.get("strip_left").boolean();
      step.right = node.get("strip_right").boolean();
    } else {
      throw unknown(node, "normalizer", type);
    }
    definition_.normalizer.push_back(std::move(step));
  }

  // ---- pre-tokenizer ----------------------------------------------------------------------------------------------
  void read_pre_tokenizer(const JsonNode& node) {
    using Kind = PreTokenizerStep::Kind;
    const std::string type = node.get("type").string();
    if (type == "Sequence") {
      for (const JsonNode& child : node.get("pretokenizers").array()) read_pre_tokenizer(child);
      return;
    }
    // ByteLevel rewrites the text; the steps here work on the original bytes, so it must be the last.
    if (definition_.byte_level)
      throw bad_data("{}: {} after ByteLevel is not supported", node.get("type").path(), type);
    PreTokenizerStep step;
    if (type == "ByteLevel") {
      step.kind = Kind::kByteLevel;
      step.add_prefix_space = node.get("add_prefix_space").boolean();
      step.use_regex = node.boolean_or("use_regex", true);
      definition_.byte_level = true;
    } else if (type == "Digits") {
      step.kind = Kind::kDigits;
      step.individual_digits = node.boolean_or("individual_digits", false);
    } else if (type == "Metaspace") {
      read_metaspace(node, step);
    } else if (type == "Split") {
      read_split(node, step);
    } else {
      throw unknown(node, "pre-tokenizer", type);
    }
    definition_.pre_tokenizer.push_back(std::move(step));
  }

  static void read_metaspace(const JsonNode& node, PreTokenizerStep& step) {
    using Prepend = PreTokenizerStep::Prepend;
    step.kind = PreTokenizerStep::Kind::kMetaspace;
    step.replacement = node.get("replacement").string();
    if (step.replacement != kSpaceMark)
      throw bad_data("{}: \"{}\" is not supported, U+2581 is", node.get("replacement").path(), step.replacement);
    step.split = node.boolean_or("split", true);
    // Older files have "add_prefix_space" instead of "prepend_scheme".
    step.prepend = node.boolean_or("add_prefix_space", true) ? Prepend::kAlways : Prepend::kNever;
    if (const JsonNode scheme = node["prepend_scheme"]; !scheme.is_null()) {
      const std::string value = scheme.string();
      if (value != "always" && value != "first" && value != "never")
        throw bad_data("{}: expected always, first or never, found \"{}\"", scheme.path(), value);
      step.prepend = value == "always" ? Prepend::kAlways : value == "first" ? Prepend::kFirst : Prepend::kNever;
    }
  }

  static void read_split(const JsonNode& node, PreTokenizerStep& step) {
    using Behavior = PreTokenizerStep::Behavior;
    step.kind = PreTokenizerStep::Kind::kSplit;
    const JsonNode pattern = node.get("pattern");
    step.pattern = pattern.has("Regex") ? pattern.get("Regex").string() : quoted(pattern.get("String").string());
    step.invert = node.boolean_or("invert", false);
    const JsonNode behavior = node.get("behavior");
    const std::string name = behavior.string();
    if (name == "Removed") {
      step.behavior = Behavior::kRemoved;
    } else if (name == "Isolated") {
      step.behavior = Behavior::kIsolated;
    } else if (name == "MergedWithPrevious") {
      step.behavior = Behavior::kMergedWithPrevious;
    } else if (name == "MergedWithNext") {
      step.behavior = Behavior::kMergedWithNext;
    } else if (name == "Contiguous") {
      step.behavior = Behavior::kContiguous;
    } else {
      throw bad_data("{}: unknown behavior \"{}\"", behavior.path(), name);
    }
  }

  // ---- model ------------------------------------------------------------------------------------------------------
  void read_model(const JsonNode& model) {
    // Files of the first versions have no type; only BPE has merges.
    const std::string type = model.has("type") ? model.get("type").string() : model.has("merges") ? "BPE" : "untyped";
    if (type != "BPE") throw bad_data("{}.type: the model {} is not supported, BPE is", model.path(), type);
    refuse_text(model, "continuing_subword_prefix");
    refuse_text(model, "end_of_word_suffix");
    if (const JsonNode dropout = model["dropout"]; !dropout.is_null() && dropout.number() != 0.0)
      throw bad_data("{}: merges left out at random are not supported", dropout.path());
    definition_.byte_fallback = model.boolean_or("byte_fallback", false);
    definition_.ignore_merges = model.boolean_or("ignore_merges", false);
    definition_.fuse_unk = model.boolean_or("fuse_unk", false);
    read_vocabulary(model.get("vocab"));
    read_merges(model.get("merges"));
    if (const JsonNode unk = model["unk_token"]; !unk.is_null()) {
      const std::string token = unk.string();
      definition_.unk_token_id = builder_.find(token);
      if (definition_.unk_token_id < 0 && !token.empty()) {
        throw bad_data("{}: \"{}\" is not in the vocabulary", unk.path(), token);
      }
    }
  }

  static void refuse_text(const JsonNode& model, const char* key) {
    const JsonNode node = model[key];
    if (!node.is_null() && !node.string().empty())
      throw bad_data("{}: \"{}\" is not supported", node.path(), node.string());
  }

  void read_vocabulary(const JsonNode& vocab) {
    builder_.expect(vocab.size());
    vocab.each_integer(
        [&](std::string_view token, std::int64_t id) { with_path(vocab, [&] { builder_.add(token, id); }); });
    if (builder_.size() == 0) throw bad_data("{}: no tokens", vocab.path());
  }

  void read_merges(const JsonNode& merges) {
    merges.each_texts([&](std::span<const std::string_view> parts, bool alone) {
      if (alone) {
        builder_.add_merge(parts[0]);
      } else {
        if (parts.size() != 2) throw bad_data("expected two tokens, found {}", parts.size());
        builder_.add_merge(parts[0], parts[1]);
      }
    });
  }

  // ---- added tokens, post-processor -------------------------------------------------------------------------------
  void read_added_tokens(const JsonNode& root) {
    const JsonNode list = root["added_tokens"];
    if (list.is_null()) return;
    for (const JsonNode& node : list.array()) {
      AddedToken token;
      const std::int64_t id = node.get("id").integer();
      if (id < 0 || id > std::numeric_limits<std::int32_t>::max())
        throw bad_data("{}: {} is no token id", node.get("id").path(), id);
      token.id = static_cast<std::int32_t>(id);
      token.content = node.get("content").string();
      if (token.content.empty()) throw bad_data("{}: an empty token", node.get("content").path());
      token.single_word = node.boolean_or("single_word", false);
      token.lstrip = node.boolean_or("lstrip", false);
      token.rstrip = node.boolean_or("rstrip", false);
      token.normalized = node.boolean_or("normalized", false);
      token.special = node.boolean_or("special", false);
      with_path(node, [&] { builder_.add(std::move(token)); });
    }
  }

  std::int32_t checked_id(const JsonNode& node) const {
    const std::int64_t id = node.integer();
    if (id < 0 || id >= static_cast<std::int64_t>(definition_.defined.size()) ||
        !definition_.defined[static_cast<std::size_t>(id)])
      throw bad_data("{}: {} is not the id of a token", node.path(), id);
    return static_cast<std::int32_t>(id);
  }

  // ["</s>", 2]
  std::int32_t id_of_pair(const JsonNode& node) const {
    const std::vector<JsonNode> pair = node.array();
    if (pair.size() != 2) throw node.unexpected("a token and its id");
    return checked_id(pair[1]);
  }

  void read_post_processor(const JsonNode& node) {
    const std::string type = node.get("type").string();
    if (type == "Sequence") {
      for (const JsonNode& child : node.get("processors").array()) read_post_processor(child);
      return;
    }
    if (type == "ByteLevel") return;  // about offsets, not ids
    if (type == "RobertaProcessing" || type == "BertProcessing") {
      definition_.prefix_ids.push_back(id_of_pair(node.get("cls")));
      definition_.suffix_ids.push_back(id_of_pair(node.get("sep")));
      return;
    }
    if (type != "TemplateProcessing") throw unknown(node, "post-processor", type);
    bool text_seen = false;
    for (const JsonNode& part : node.get("single").array()) {
      if (part.has("Sequence")) {
        if (text_seen) throw bad_data("{}: the text twice in one template", part.path());
        text_seen = true;
        continue;
      }
      const std::string name = part.get("SpecialToken").get("id").string();
      for (const JsonNode& id : node.get("special_tokens").get(name).get("ids").array()) {
        (text_seen ? definition_.suffix_ids : definition_.prefix_ids).push_back(checked_id(id));
      }
    }
  }

  // ---- decoder ----------------------------------------------------------------------------------------------------
  void read_decoder(const JsonNode& node) {
    const std::string type = node.get("type").string();
    if (type == "Sequence") {
      for (const JsonNode& child : node.get("decoders").array()) read_decoder(child);
    } else if (type == "ByteLevel") {
      if (!definition_.byte_level)
        throw bad_data("{}: ByteLevel, but no pre-tokenizer is ByteLevel", node.get("type").path());
    } else if (type == "Metaspace") {
      PreTokenizerStep step;
      read_metaspace(node, step);
      decodes_mark_ = true;
      definition_.decoder_strips_space = step.prepend != PreTokenizerStep::Prepend::kNever;
    } else if (type == "Replace") {
      const JsonNode pattern = node.get("pattern").get("String");
      if (pattern.string() != kSpaceMark || node.get("content").string() != " ")
        throw bad_data("{}: only U+2581 by a space is supported", pattern.path());
      decodes_mark_ = true;
    } else if (type == "Strip") {
      const JsonNode content = node.get("content");
      if (content.string() != " " || node.get("start").integer() > 1 || node.get("stop").integer() != 0)
        throw bad_data("{}: only one space at the start is supported", content.path());
      definition_.decoder_strips_space = node.get("start").integer() == 1;
    } else if (type != "ByteFallback" && type != "Fuse") {
      throw unknown(node, "decoder", type);
    }
  }

  static Error unknown(const JsonNode& node, const char* what, const std::string& type) {
    return bad_data("{}: unknown {} \"{}\"", node.get("type").path(), what, type);
  }

  TokenizerDefinition definition_;
  VocabularyBuilder builder_{definition_};
  bool decodes_mark_ = false;
};

}  // namespace

TokenizerDefinition parse_tokenizer_json(std::string_view json, const std::string& name) {
  return with_context(name, [&] { return Reader().read(json); });
}

TokenizerDefinition read_tokenizer_json(const std::string& path) { return parse_tokenizer_json(read_file(path), path); }

}  // namespace matinee
