#include "lib/text/tokenizer.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/text/normalizer.h"
#include "lib/text/pre_tokenizer.h"
#include "lib/text/split_families.h"
#include "lib/text/tokenizer_files.h"
#include "lib/text/utf8.h"

namespace matinee {
namespace {

bool is_word(CharacterClass kind) { return kind == CharacterClass::kLetter || kind == CharacterClass::kNumber; }

CharacterClass class_before(std::string_view text, std::size_t position) {
  std::size_t begin = position - 1;
  while (begin > 0 && position - begin < 4 && (text[begin] & 0xC0) == 0x80) --begin;
  return character_class(decode_utf8(text, begin));
}

CharacterClass class_behind(std::string_view text, std::size_t position) {
  return character_class(decode_utf8(text, position));
}

// Finds added tokens in a text: the leftmost, and the longest of those.
class AddedTokenFinder {
 public:
  struct Found {
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    std::int32_t id = -1;
  };

  void add(const AddedToken& token, std::string content) {
    if (content.empty()) return;
    auto& list = by_first_byte_[static_cast<unsigned char>(content[0])];
    list.push_back({token, std::move(content)});
    std::stable_sort(list.begin(), list.end(),
                     [](const Entry& a, const Entry& b) { return a.content.size() > b.content.size(); });
    any_plain_ = any_plain_ || !token.special;
    empty_ = false;
  }

  bool finds_nothing(bool parse_special) const { return empty_ || (!parse_special && !any_plain_); }

  Found find(std::string_view text, std::size_t from, bool parse_special) const {
    if (finds_nothing(parse_special)) return {};
    for (std::size_t at = from; at < text.size(); ++at) {
      for (const Entry& entry : by_first_byte_[static_cast<unsigned char>(text[at])]) {
        if (entry.token.special && !parse_special) continue;
        if (text.compare(at, entry.content.size(), entry.content) != 0) continue;
        std::size_t begin = at, end = at + entry.content.size();
        if (entry.token.single_word && ((begin > 0 && is_word(class_before(text, begin))) ||
                                        (end < text.size() && is_word(class_behind(text, end)))))
          continue;
        if (entry.token.lstrip)
          while (begin > from && class_before(text, begin) == CharacterClass::kSpace) begin = start_before(text, begin);
        if (entry.token.rstrip) {
          for (std::size_t next = end; next < text.size(); end = next)
            if (character_class(decode_utf8(text, next)) != CharacterClass::kSpace) break;
        }
        return {begin, end, entry.token.id};
      }
    }
    return {};
  }

 private:
  struct Entry {
    AddedToken token;
    std::string content;
  };
  static std::size_t start_before(std::string_view text, std::size_t position) {
    --position;
    while (position > 0 && (text[position] & 0xC0) == 0x80) --position;
    return position;
  }

  std::array<std::vector<Entry>, 256> by_first_byte_;
  bool empty_ = true, any_plain_ = false;
};

}  // namespace

struct Tokenizer::Impl {
  TokenizerDefinition definition;
  SpecialTokens special;
  BytePairEncoding encoding;
  PreTokenizer pre_tokenizer;
  AddedTokenFinder in_raw_text;         // "normalized": false
  AddedTokenFinder in_normalized_text;  // "normalized": true
  std::vector<bool> is_special;
  const SplitFamily* family = nullptr;  // all that is done to a text before its merges, where that is so simple
  bool only_nfc = false;                // but for NFC, which changes few texts

  bool finds_nothing(bool parse_special) const {
    return in_raw_text.finds_nothing(parse_special) && in_normalized_text.finds_nothing(parse_special);
  }

  Impl(TokenizerDefinition definition_in, SpecialTokens special_in)
      : definition(std::move(definition_in)),
        special(std::move(special_in)),
        encoding(definition),
        pre_tokenizer(definition.pre_tokenizer),
        is_special(definition.vocabulary.size(), false) {
    only_nfc = definition.normalizer.size() == 1 && definition.normalizer[0].kind == NormalizerStep::Kind::kNfc;
    if (definition.normalizer.empty() || only_nfc) family = only_family_of(definition.pre_tokenizer);
    for (const AddedToken& token : definition.added_tokens) {
      if (token.special) is_special[static_cast<std::size_t>(token.id)] = true;
      if (token.normalized) {
        in_normalized_text.add(token, normalize_text(definition.normalizer, token.content, false));
      } else {
        in_raw_text.add(token, token.content);
      }
    }
    for (const std::int32_t id : {special.bos, special.eos, special.pad, special.unk})
      if (id >= 0) is_special[static_cast<std::size_t>(id)] = true;
  }

  // Calls visit(stretch, id): an added token's id, or -1 and the text between.
  template <class Visit>
  static void segments(const AddedTokenFinder& finder, std::string_view text, bool parse_special, Visit visit) {
    for (std::size_t from = 0; from < text.size();) {
      const AddedTokenFinder::Found found = finder.find(text, from, parse_special);
      const std::size_t end = std::min(found.begin, text.size());
      if (end > from) visit(text.substr(from, end - from), -1);
      if (found.id < 0) return;
      visit(text.substr(found.begin, found.end - found.begin), found.id);
      from = found.end;
    }
  }

  // Calls on_id for each added token and on_pieces for the pieces of each stretch of text between.
  template <class OnId, class OnPieces>
  void walk(std::string_view text, EncodeOptions options, OnId on_id, OnPieces on_pieces) const {
    TextStart start = options.at_start ? TextStart::kDocument : TextStart::kContinued;
    PieceList pieces;
    segments(in_raw_text, text, options.parse_special, [&](std::string_view stretch, std::int32_t id) {
      if (id >= 0) {
        on_id(id);
        start = TextStart::kAfterToken;
        return;
      }
      std::string normalized;
      if (!definition.normalizer.empty()) {
        normalized = normalize_text(definition.normalizer, stretch, start != TextStart::kContinued);
        stretch = normalized;
      }
      segments(in_normalized_text, stretch, options.parse_special, [&](std::string_view inner, std::int32_t inner_id) {
        if (inner_id >= 0) {
          on_id(inner_id);
        } else {
          pre_tokenizer.split(inner, start, pieces);
          on_pieces(pieces);
        }
        start = TextStart::kAfterToken;
      });
    });
  }
};

Tokenizer Tokenizer::load(const std::string& path) {
  TokenizerFiles files = read_tokenizer_files(path);
  SpecialTokens special = read_special_tokens(files.folder, files.definition);
  return with_context(files.file, [&] { return Tokenizer(std::move(files.definition), std::move(special)); });
}

Tokenizer::Tokenizer(TokenizerDefinition definition, SpecialTokens special)
    : impl_(std::make_unique<Impl>(std::move(definition), std::move(special))) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  PieceCache cache;
  std::vector<std::int32_t> ids;
  encode(text, options, cache, ids);
  return ids;
}

void Tokenizer::encode(std::string_view text, EncodeOptions options, PieceCache& cache,
                       std::vector<std::int32_t>& ids) const {
  // Where one known pattern cuts the text as it is, pieces are encoded as they are found.
  if (impl_->family != nullptr && impl_->finds_nothing(options.parse_special) &&
      (!impl_->only_nfc || is_surely_nfc(text))) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = impl_->family->piece_end(text, begin);
      impl_->encoding.encode(text.substr(begin, end - begin), text.size() - begin, cache, ids);
      begin = end;
    }
    return;
  }
  impl_->walk(
      text, options, [&](std::int32_t id) { ids.push_back(id); },
      [&](const PieceList& pieces) {
        for (std::size_t i = 0; i < pieces.pieces.size(); ++i)
          impl_->encoding.encode(pieces[i], pieces.text.size() - pieces.pieces[i].begin, cache, ids);
      });
}

std::size_t Tokenizer::settled_tokens(std::string_view text, EncodeOptions options) const {
  PieceCache cache;
  std::vector<std::int32_t> ids;
  std::size_t settled = 0, before = 0;  // ids before the last two pieces, before the last piece
  impl_->walk(
      text, options,
      [&](std::int32_t id) {
        ids.push_back(id);
        settled = before = ids.size();
      },
      [&](const PieceList& pieces) {
        for (std::size_t i = 0; i < pieces.pieces.size(); ++i) {
          settled = before;
          before = ids.size();
          const std::string_view piece = pieces[i];
          // A piece that holds several words of the LLaMA kind is settled up to its last word.
          const std::size_t last = impl_->encoding.last_word(piece);
          if (last > 0) {
            impl_->encoding.encode(piece.substr(0, last), cache, ids);
            settled = before = ids.size();
          }
          impl_->encoding.encode(piece.substr(last), cache, ids);
        }
      });
  return settled;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, DecodeOptions options) const {
  std::string text;
  for (const std::int32_t id : ids) {
    if (!has(id)) throw bad_data("id {} is not in the vocabulary of {} tokens", id, vocab_size());
    if (options.skip_special && is_special(id)) continue;
    text += token_bytes(id);
  }
  if (options.at_start && impl_->definition.decoder_strips_space && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::int32_t Tokenizer::vocab_size() const { return static_cast<std::int32_t>(impl_->definition.vocabulary.size()); }

bool Tokenizer::has(std::int32_t id) const {
  return id >= 0 && id < vocab_size() && impl_->definition.defined[static_cast<std::size_t>(id)];
}

std::string_view Tokenizer::token_bytes(std::int32_t id) const {
  return id >= 0 && id < vocab_size() ? std::string_view(impl_->definition.token_bytes[static_cast<std::size_t>(id)])
                                      : std::string_view();
}

bool Tokenizer::is_special(std::int32_t id) const {
  return id >= 0 && id < vocab_size() && impl_->is_special[static_cast<std::size_t>(id)];
}

bool Tokenizer::strips_first_space() const { return impl_->definition.decoder_strips_space; }

std::int32_t Tokenizer::token_id(std::string_view token) const {
  for (const AddedToken& added : impl_->definition.added_tokens)
    if (added.content == token) return added.id;
  return impl_->encoding.find(token);
}

const SpecialTokens& Tokenizer::special() const { return impl_->special; }

bool Tokenizer::adds_bos() const {
  if (impl_->special.bos < 0) return false;
  if (impl_->special.add_bos_given) return impl_->special.add_bos;
  const auto& prefix = impl_->definition.prefix_ids;
  return std::find(prefix.begin(), prefix.end(), impl_->special.bos) != prefix.end();
}

const std::string& Tokenizer::content_hash() const { return impl_->definition.content_hash; }

}  // namespace matinee
