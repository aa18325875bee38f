#include "lib/vocabulary/tokenizer_json_writer.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/io/json_writer.h"
#include "lib/vocabulary/token_spelling.h"

namespace matinee {
namespace {

void write_string_pattern(JsonWriter& json, const char* kind, std::string_view pattern) {
  json.key("pattern").begin_object().field(kind, pattern).end_object();
}

void write_normalizer_step(JsonWriter& json, const NormalizerStep& step) {
  using Kind = NormalizerStep::Kind;
  json.begin_object();
  switch (step.kind) {
    case Kind::kNfc: json.field("type", "NFC"); break;
    case Kind::kNfd: json.field("type", "NFD"); break;
    case Kind::kNfkc: json.field("type", "NFKC"); break;
    case Kind::kNfkd: json.field("type", "NFKD"); break;
    case Kind::kLowercase: json.field("type", "Lowercase"); break;
    case Kind::kPrepend: json.field("type", "Prepend").field("prepend", step.content); break;
    case Kind::kReplace:
      json.field("type", "Replace");
      write_string_pattern(json, "String", step.pattern);
      json.field("content", step.content);
      break;
    case Kind::kStrip:
      json.field("type", "Strip").field("strip_left", step.left).field("strip_right", step.right);
      break;
    case Kind::kReplaceInvalid: break;
    case Kind::kSingleSpaces:
      throw bad_data("the tokenizer removes extra spaces, for which tokenizer.json has no step");
  }
  json.end_object();
}

const char* name_of(PreTokenizerStep::Behavior behavior) {
  using Behavior = PreTokenizerStep::Behavior;
  switch (behavior) {
    case Behavior::kRemoved: return "Removed";
    case Behavior::kIsolated: return "Isolated";
    case Behavior::kMergedWithPrevious: return "MergedWithPrevious";
    case Behavior::kMergedWithNext: return "MergedWithNext";
    case Behavior::kContiguous: return "Contiguous";
  }
  return "";
}

void write_pre_tokenizer_step(JsonWriter& json, const PreTokenizerStep& step) {
  using Kind = PreTokenizerStep::Kind;
  using Prepend = PreTokenizerStep::Prepend;
  json.begin_object();
  switch (step.kind) {
    case Kind::kSplit:
      json.field("type", "Split");
      write_string_pattern(json, "Regex", step.pattern);
      json.field("behavior", name_of(step.behavior)).field("invert", step.invert);
      break;
    case Kind::kDigits: json.field("type", "Digits").field("individual_digits", step.individual_digits); break;
    case Kind::kByteLevel:
      json.field("type", "ByteLevel").field("add_prefix_space", step.add_prefix_space);
      json.field("trim_offsets", true).field("use_regex", step.use_regex);
      break;
    case Kind::kMetaspace:
      json.field("type", "Metaspace").field("replacement", step.replacement);
      json.field("prepend_scheme", step.prepend == Prepend::kAlways  ? "always"
                                   : step.prepend == Prepend::kFirst ? "first"
                                                                     : "never");
      json.field("split", step.split);
      break;
  }
  json.end_object();
}

// One step as it is, several as a Sequence, null for none.
template <class Step, class Write>
void write_steps(JsonWriter& json, const std::vector<Step>& steps, const char* list, Write write) {
  if (steps.empty()) {
    json.null();
  } else if (steps.size() == 1) {
    write(json, steps.front());
  } else {
    json.begin_object().field("type", "Sequence").key(list).begin_array();
    for (const Step& step : steps) write(json, step);
    json.end_array().end_object();
  }
}

class Writer {
 public:
  explicit Writer(const TokenizerDefinition& definition) : definition_(definition), json_(out_) {
    std::vector<bool> added(definition.vocabulary.size());
    for (const AddedToken& token : definition.added_tokens) added[static_cast<std::size_t>(token.id)] = true;
    for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
      const std::string& token = definition.vocabulary[id];
      texts_.push_back(definition.byte_level && !added[id] ? spelling_of_bytes(token) : token);
    }
    for (const AddedToken& token : definition.added_tokens) texts_[static_cast<std::size_t>(token.id)] = token.content;
  }

  std::string tokenizer() {
    json_.begin_object().field("version", "1.0").key("truncation").null().key("padding").null();
    write_added_tokens();
    // Only bytes that are not UTF-8 are replaced, which no JSON holds.
    std::vector<NormalizerStep> normalizer = definition_.normalizer;
    std::erase_if(normalizer, [](const auto& step) { return step.kind == NormalizerStep::Kind::kReplaceInvalid; });
    write_steps(json_.key("normalizer"), normalizer, "normalizers", write_normalizer_step);
    write_steps(json_.key("pre_tokenizer"), definition_.pre_tokenizer, "pretokenizers", write_pre_tokenizer_step);
    write_post_processor();
    write_decoder();
    write_model();
    json_.end_object();
    return std::move(out_);
  }

  std::string tokenizer_config(const SpecialTokens& special) {
    json_.begin_object().field("tokenizer_class", "PreTrainedTokenizerFast");
    write_role("bos_token", special.bos);
    write_role("eos_token", special.eos);
    write_role("pad_token", special.pad);
    write_role("unk_token", special.unk);
    if (special.add_bos_given) json_.field("add_bos_token", special.add_bos);
    json_.field("clean_up_tokenization_spaces", false).end_object();
    return std::move(out_);
  }

 private:
  const std::string& text_of(std::int32_t id) const { return texts_[static_cast<std::size_t>(id)]; }

  void write_role(const char* role, std::int32_t id) {
    if (id >= 0) json_.field(role, text_of(id));
  }

  void write_added_tokens() {
    json_.key("added_tokens").begin_array();
    std::vector<AddedToken> tokens = definition_.added_tokens;
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (const AddedToken& token : tokens) {
      json_.begin_object().field("id", token.id).field("content", token.content);
      json_.field("single_word", token.single_word).field("lstrip", token.lstrip).field("rstrip", token.rstrip);
      json_.field("normalized", token.normalized).field("special", token.special).end_object();
    }
    json_.end_array();
  }

  void write_template_part(const char* part, std::string_view id) {
    json_.begin_object().key(part).begin_object().field("id", id).field("type_id", 0).end_object().end_object();
  }

  // A text, or two, each with its prefix and suffix.
  void write_template(const char* name, const std::vector<const char*>& texts) {
    json_.key(name).begin_array();
    for (const char* text : texts) {
      for (const std::int32_t id : definition_.prefix_ids) write_template_part("SpecialToken", text_of(id));
      write_template_part("Sequence", text);
      for (const std::int32_t id : definition_.suffix_ids) write_template_part("SpecialToken", text_of(id));
    }
    json_.end_array();
  }

  void write_post_processor() {
    json_.key("post_processor");
    std::vector<std::int32_t> ids = definition_.prefix_ids;
    ids.insert(ids.end(), definition_.suffix_ids.begin(), definition_.suffix_ids.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (ids.empty()) {
      json_.null();
      return;
    }
    json_.begin_object().field("type", "TemplateProcessing");
    write_template("single", {"A"});
    write_template("pair", {"A", "B"});
    json_.key("special_tokens").begin_object();
    for (const std::int32_t id : ids) {
      json_.key(text_of(id)).begin_object().field("id", text_of(id));
      json_.key("ids").begin_array().integer(id).end_array();
      json_.key("tokens").begin_array().string(text_of(id)).end_array().end_object();
    }
    json_.end_object().end_object();
  }

  bool has_marks() const {
    return std::any_of(definition_.normalizer.begin(), definition_.normalizer.end(),
                       [](const auto& step) { return step.content == kSpaceMark; }) ||
           std::any_of(definition_.pre_tokenizer.begin(), definition_.pre_tokenizer.end(),
                       [](const auto& step) { return step.replacement == kSpaceMark; });
  }

  void write_decoder() {
    json_.key("decoder").begin_object();
    if (definition_.byte_level) {
      json_.field("type", "ByteLevel").field("add_prefix_space", true).field("trim_offsets", true);
      json_.field("use_regex", true).end_object();
      return;
    }
    json_.field("type", "Sequence").key("decoders").begin_array();
    if (has_marks()) {
      json_.begin_object().field("type", "Replace");
      write_string_pattern(json_, "String", kSpaceMark);
      json_.field("content", " ").end_object();
    }
    json_.begin_object().field("type", "ByteFallback").end_object();
    json_.begin_object().field("type", "Fuse").end_object();
    if (definition_.decoder_strips_space) {
      json_.begin_object().field("type", "Strip").field("content", " ").field("start", 1).field("stop", 0);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  void write_model() {
    json_.key("model").begin_object().field("type", "BPE").key("dropout").null().key("unk_token");
    if (definition_.unk_token_id >= 0) {
      json_.string(text_of(definition_.unk_token_id));
    } else {
      json_.null();
    }
    json_.key("continuing_subword_prefix").null().key("end_of_word_suffix").null();
    json_.field("fuse_unk", definition_.fuse_unk).field("byte_fallback", definition_.byte_fallback);
    json_.field("ignore_merges", definition_.ignore_merges).key("vocab").begin_object();
    for (std::size_t id = 0; id < texts_.size(); ++id)
      if (definition_.defined[id]) json_.field(texts_[id], id);
    json_.end_object().key("merges").begin_array();
    for (const std::size_t merge : merges_by_rank(definition_)) {
      const auto [left, right] = definition_.merges[merge];
      json_.begin_array().string(text_of(left)).string(text_of(right)).end_array();
    }
    json_.end_array().end_object();
  }

  const TokenizerDefinition& definition_;
  std::vector<std::string> texts_;  // of each id, as the file spells it
  std::string out_;
  JsonWriter json_;
};

}  // namespace

TokenizerJson tokenizer_json_of(const TokenizerDefinition& definition, const SpecialTokens& special) {
  return {Writer(definition).tokenizer() + "\n", Writer(definition).tokenizer_config(special) + "\n"};
}

}  // namespace matinee
