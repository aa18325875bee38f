#include "lib/vocabulary/sentencepiece_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_set>

#include "lib/base/format_error.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/text/unicode.h"
#include "lib/vocabulary/token_spelling.h"

namespace matinee {
namespace {

// The wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding): fields one after another.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  // Moves to the next field; false at the end.
  bool next() {
    if (at_ == bytes_.size()) return false;
    const std::uint64_t key = varint();
    number_ = static_cast<std::uint32_t>(key >> 3);
    switch (key & 7) {
      case 0:
        value_ = varint();
        text_ = {};
        break;
      case 1: fixed(8); break;
      case 2: {
        const std::uint64_t size = varint();
        if (size > bytes_.size() - at_) throw cut_off();
        text_ = bytes_.substr(at_, size);
        at_ += size;
        break;
      }
      case 5: fixed(4); break;
      default: throw bad_data("field {} at byte {}: wire type {} is unknown", number_, at_, key & 7);
    }
    return true;
  }

  std::uint32_t number() const { return number_; }
  std::uint64_t value() const { return value_; }
  std::string_view text() const { return text_; }
  float real() const {
    const auto bits = static_cast<std::uint32_t>(value_);
    float result = 0;
    std::memcpy(&result, &bits, sizeof result);
    return result;
  }

 private:
  static Error cut_off() { return bad_data("ends in the middle of a field; fetch it again"); }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) throw cut_off();
      const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw bad_data("byte {}: a number of more than 64 bits", at_);
  }

  void fixed(std::size_t size) {
    if (bytes_.size() - at_ < size) throw cut_off();
    value_ = 0;
    for (std::size_t i = 0; i < size; ++i)
      value_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes_[at_ + i])) << (8 * i);
    text_ = {};
    at_ += size;
  }

  std::string_view bytes_, text_;
  std::size_t at_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t value_ = 0;
};

// SentencePiece.Type
enum PieceType : std::uint64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct ScoredPiece {
  std::string text;
  float score = 0;
  std::uint64_t type = kNormal;
};

// The fields that matter, with the defaults of sentencepiece_model.proto.
struct Model {
  std::vector<ScoredPiece> pieces;
  std::uint64_t model_type = 1;
  bool whitespace_as_suffix = false, byte_fallback = false;
  std::string normalizer;
  bool has_table = false, add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  std::uint64_t bos_id = 1;
};

ScoredPiece read_piece(std::string_view bytes) {
  ScoredPiece piece;
  for (Fields fields(bytes); fields.next();) {
    if (fields.number() == 1) piece.text = fields.text();
    if (fields.number() == 2) piece.score = fields.real();
    if (fields.number() == 3) piece.type = fields.value();
  }
  return piece;
}

Model read_model(std::string_view bytes) {
  Model model;
  for (Fields fields(bytes); fields.next();) {
    if (fields.number() == 1) {
      model.pieces.push_back(read_piece(fields.text()));
    } else if (fields.number() == 2) {  // TrainerSpec
      for (Fields spec(fields.text()); spec.next();) {
        if (spec.number() == 3) model.model_type = spec.value();
        if (spec.number() == 24) model.whitespace_as_suffix = spec.value() != 0;
        if (spec.number() == 35) model.byte_fallback = spec.value() != 0;
        if (spec.number() == 41) model.bos_id = spec.value();
      }
    } else if (fields.number() == 3) {  // NormalizerSpec
      for (Fields spec(fields.text()); spec.next();) {
        if (spec.number() == 1) model.normalizer = spec.text();
        if (spec.number() == 2) model.has_table = !spec.text().empty();
        if (spec.number() == 3) model.add_dummy_prefix = spec.value() != 0;
        if (spec.number() == 4) model.remove_extra_whitespaces = spec.value() != 0;
        if (spec.number() == 5) model.escape_whitespaces = spec.value() != 0;
      }
    }
  }
  return model;
}

void refuse_what_is_unknown(const Model& model) {
  if (model.pieces.empty()) throw bad_data("not a SentencePiece model: it has no pieces");
  if (model.model_type != 2) {
    const char* type = model.model_type == 1   ? "unigram"
                       : model.model_type == 3 ? "word"
                       : model.model_type == 4 ? "character"
                                               : "unknown";
    throw bad_data("a SentencePiece {} model is not supported, BPE is", type);
  }
  if (model.has_table) throw bad_data("the normalization table \"{}\" is not supported, identity is", model.normalizer);
  if (model.whitespace_as_suffix) throw bad_data("treat_whitespace_as_suffix is not supported");
}

std::vector<std::uint32_t> ranks_of(const std::vector<ScoredPiece>& pieces) {
  std::vector<float> scores;
  for (const ScoredPiece& piece : pieces) scores.push_back(piece.score);
  std::vector<std::uint32_t> ranks = ranks_by_score(scores);
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (pieces[i].type != kNormal) ranks[i] = kNeverMerged;
  return ranks;
}

void add_steps(const Model& model, TokenizerDefinition& definition) {
  using Kind = NormalizerStep::Kind;
  definition.normalizer.push_back({.kind = Kind::kReplaceInvalid});
  const std::string mark(model.escape_whitespaces ? kSpaceMark : " ");
  if (model.remove_extra_whitespaces)
    definition.normalizer.push_back({.kind = Kind::kSingleSpaces, .content = model.escape_whitespaces ? mark : ""});
  if (model.add_dummy_prefix) definition.normalizer.push_back({.kind = Kind::kPrepend, .content = mark});
  if (model.escape_whitespaces)
    definition.normalizer.push_back({.kind = Kind::kReplace, .pattern = " ", .content = mark});
  definition.decoder_strips_space = model.add_dummy_prefix;
}

}  // namespace

bool looks_like_sentencepiece(std::string_view bytes) {
  // The first field is a piece, which begins with its text.
  return bytes.size() > 3 && bytes[0] == 0x0a && bytes[2] == 0x0a;
}

TokenizerDefinition parse_sentencepiece_model(std::string_view bytes, const std::string& name,
                                              const CompanionTokens& companions) {
  return with_context(name, [&] {
    const Model model = read_model(bytes);
    refuse_what_is_unknown(model);
    TokenizerDefinition definition;
    definition.byte_fallback = model.byte_fallback;
    definition.fuse_unk = true;
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < model.pieces.size(); ++i) {
      const ScoredPiece& piece = model.pieces[i];
      const auto id = static_cast<std::int32_t>(i);
      if (piece.text.empty()) throw bad_data("piece {} is empty", i);
      if (!is_utf8(piece.text)) throw bad_data("piece {} is not UTF-8", i);
      if (!seen.insert(piece.text).second) throw bad_data("piece {}: \"{}\" is there twice", i, piece.text);
      definition.vocabulary.push_back(piece.text);
      definition.defined.push_back(true);
      switch (piece.type) {
        case kUnknown:
          definition.unk_token_id = id;
          definition.added_tokens.push_back({.id = id, .content = piece.text, .special = true});
          break;
        case kControl: definition.added_tokens.push_back({.id = id, .content = piece.text, .special = true}); break;
        case kUserDefined:
          definition.added_tokens.push_back({.id = id, .content = with_spaces(piece.text), .normalized = true});
          break;
        case kByte:
          if (fallback_byte(piece.text) < 0) throw bad_data("piece {}: \"{}\" spells no byte", i, piece.text);
          break;
        case kNormal: break;
        case kUnused: throw bad_data("piece {}: \"{}\" is unused, which is not supported", i, piece.text);
        default: throw bad_data("piece {}: unknown type {}", i, piece.type);
      }
    }
    add_merges_by_rank(definition, ranks_of(model.pieces));
    VocabularyBuilder builder(definition);
    companions.add_to(builder);
    add_steps(model, definition);
    if (model.bos_id < model.pieces.size() && model.pieces[model.bos_id].type == kControl)
      definition.prefix_ids.push_back(static_cast<std::int32_t>(model.bos_id));
    spell_tokens(definition, model.escape_whitespaces);
    definition.fingerprint = tokenizer_fingerprint(bytes);
    return definition;
  });
}

}  // namespace matinee
