#include "lib/tokenizer/tokenizer.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"
#include "lib/tokenizer/normalizer.h"
#include "lib/tokenizer/pre_tokenizer.h"
#include "lib/vocabulary/split_steps.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "lib/vocabulary/vocabulary_limit.h"

namespace matinee {
namespace {

std::uint32_t character_before(std::string_view text, std::size_t position) {
  std::size_t begin = position - 1;
  while (begin > 0 && position - begin < 4 && (text[begin] & 0xC0) == 0x80) --begin;
  return decode_utf8(text, begin);
}

std::uint32_t character_behind(std::string_view text, std::size_t position) { return decode_utf8(text, position); }

// Finds the leftmost added token in a text, the longest if several begin there.
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
    if (list.empty()) first_bytes_ += content[0];
    list.push_back({token, std::move(content)});
    std::stable_sort(list.begin(), list.end(),
                     [](const Entry& a, const Entry& b) { return a.content.size() > b.content.size(); });
    any_plain_ = any_plain_ || !token.special;
    empty_ = false;
  }

  bool finds_nothing(bool parse_special) const { return empty_ || (!parse_special && !any_plain_); }

  Found find(std::string_view text, std::size_t from, bool parse_special) const {
    if (finds_nothing(parse_special)) return {};
    for (std::size_t at = next_first(text, from); at < text.size(); at = next_first(text, at + 1)) {
      for (const Entry& entry : by_first_byte_[static_cast<unsigned char>(text[at])]) {
        if (entry.token.special && !parse_special) continue;
        if (text.compare(at, entry.content.size(), entry.content) != 0) continue;
        std::size_t begin = at, end = at + entry.content.size();
        if (entry.token.single_word && ((begin > 0 && is_word_character(character_before(text, begin))) ||
                                        (end < text.size() && is_word_character(character_behind(text, end)))))
          continue;
        if (entry.token.lstrip)
          while (begin > from && character_class(character_before(text, begin)) == CharacterClass::kSpace)
            begin = start_before(text, begin);
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
  // The next byte that begins any token.
  std::size_t next_first(std::string_view text, std::size_t at) const {
    if (first_bytes_.size() == 1) return std::min(text.find(first_bytes_[0], at), text.size());
    while (at < text.size() && by_first_byte_[static_cast<unsigned char>(text[at])].empty()) ++at;
    return at;
  }
  static std::size_t start_before(std::string_view text, std::size_t position) {
    --position;
    while (position > 0 && (text[position] & 0xC0) == 0x80) --position;
    return position;
  }

  std::array<std::vector<Entry>, 256> by_first_byte_;
  std::string first_bytes_;
  bool empty_ = true, any_plain_ = false;
};

// Readable bytes after a text, so that whole vectors can be loaded at its end.
constexpr std::size_t kPadding = 64;

// The LLaMA kind whose only rewriting is from spaces to marks: such a text is encoded as it is, with a space for the
// dummy prefix.
struct SpacedWords {
  enum class Prefix : std::uint8_t { kNone, kBeforeAny, kBeforeWords, kBeforeFirstWord };
  Prefix prefix = Prefix::kNone;
  bool valid_only = false;  // invalid UTF-8 is replaced

  static std::optional<SpacedWords> of(const TokenizerDefinition& definition) {
    SpacedWords words;
    if (!definition.pre_tokenizer.empty() && !splits_at_spaces(definition)) {
      const PreTokenizerStep& step = definition.pre_tokenizer.front();
      if (definition.pre_tokenizer.size() > 1 || step.kind != PreTokenizerStep::Kind::kMetaspace || step.split ||
          !definition.normalizer.empty())
        return {};
      using Prepend = PreTokenizerStep::Prepend;
      words.prefix = step.prepend == Prepend::kAlways  ? Prefix::kBeforeWords
                     : step.prepend == Prepend::kFirst ? Prefix::kBeforeFirstWord
                                                       : Prefix::kNone;
      return words;
    }
    bool replaces = false;
    for (const NormalizerStep& step : definition.normalizer) {
      using Kind = NormalizerStep::Kind;
      if (step.kind == Kind::kReplaceInvalid) {
        words.valid_only = true;
      } else if (step.kind == Kind::kPrepend && step.content == kSpaceMark && words.prefix == Prefix::kNone) {
        words.prefix = Prefix::kBeforeAny;
      } else if (step.kind == Kind::kReplace && step.pattern == " " && step.content == kSpaceMark) {
        replaces = true;
      } else {
        return {};
      }
    }
    return replaces ? std::optional(words) : std::nullopt;
  }

  // Gemma's only step: nothing to do once the normalizer has replaced the spaces.
  static bool splits_at_spaces(const TokenizerDefinition& definition) {
    const auto& steps = definition.pre_tokenizer;
    return steps.size() == 1 && steps[0].kind == PreTokenizerStep::Kind::kSplit && steps[0].pattern == "\\ ";
  }

  // A mark in the text itself also means a space; the slow path handles it.
  bool holds(std::string_view text) const {
    return (!valid_only || is_utf8(text)) && text.find(kSpaceMark) == std::string_view::npos;
  }
  bool wants_space(std::string_view text, TextStart start) const {
    switch (prefix) {
      case Prefix::kNone: return false;
      case Prefix::kBeforeAny: return start != TextStart::kContinued;
      case Prefix::kBeforeWords: return start != TextStart::kContinued && !text.starts_with(' ');
      case Prefix::kBeforeFirstWord: return start == TextStart::kDocument && !text.starts_with(' ');
    }
    return false;
  }
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
  const SplitFamily* family = nullptr;  // set if this pattern is all that happens before the merges ...
  bool only_nfc = false;                // ... apart from NFC, which changes few texts
  std::optional<SpacedWords> spaced_words;

  Impl(TokenizerDefinition definition_in, SpecialTokens special_in)
      : definition(std::move(definition_in)),
        special(std::move(special_in)),
        encoding(definition),
        pre_tokenizer(definition.pre_tokenizer),
        is_special(definition.vocabulary.size(), false) {
    only_nfc = definition.normalizer.size() == 1 && definition.normalizer[0].kind == NormalizerStep::Kind::kNfc;
    if (definition.normalizer.empty() || only_nfc) family = only_family_of(definition.pre_tokenizer);
    if (encoding.takes_spaced_words()) spaced_words = SpacedWords::of(definition);
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

  // Calls visit(stretch, id) for each added token and, with id -1, for the text between.
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

  // Calls on_id for each added token found in the raw text, and on_stretch for the text between.
  template <class OnId, class OnStretch>
  void stretches(std::string_view text, EncodeOptions options, OnId on_id, OnStretch on_stretch) const {
    TextStart start = options.at_start      ? TextStart::kDocument
                      : options.after_token ? TextStart::kAfterToken
                                            : TextStart::kContinued;
    segments(in_raw_text, text, options.parse_special, [&](std::string_view stretch, std::int32_t id) {
      if (id >= 0) {
        on_id(id);
      } else {
        on_stretch(stretch, start);
      }
      start = TextStart::kAfterToken;
    });
  }

  // Runs all stages in order. Calls on_id for each added token in the normalized stretch and on_pieces for the pieces
  // between.
  template <class OnId, class OnPieces>
  void stages(std::string_view stretch, TextStart start, EncodeOptions options, OnId on_id, OnPieces on_pieces) const {
    std::string normalized;
    if (!definition.normalizer.empty()) {
      normalized = normalize_text(definition.normalizer, stretch, start != TextStart::kContinued);
      stretch = normalized;
    }
    PieceList pieces;
    segments(in_normalized_text, stretch, options.parse_special, [&](std::string_view inner, std::int32_t id) {
      if (id >= 0) {
        on_id(id);
      } else {
        pre_tokenizer.split(inner, start, pieces);
        on_pieces(pieces);
      }
      start = TextStart::kAfterToken;
    });
  }

  // A copy of the text in the cache's memory, padded, with a space before it if `space`.
  static std::string_view padded(std::string_view text, bool space, PieceCache& cache) {
    cache.padded.assign(space ? 1 : 0, ' ');
    cache.padded.append(text);
    const std::size_t size = cache.padded.size();
    cache.padded.append(kPadding, '\0');
    return std::string_view(cache.padded).substr(0, size);
  }

  // The same ids as by stages(), in one pass if the text needs no rewriting.
  void encode_stretch(std::string_view stretch, TextStart start, EncodeOptions options, PieceCache& cache,
                      std::vector<std::int32_t>& ids) const {
    if (in_normalized_text.finds_nothing(options.parse_special)) {
      if (family != nullptr && (!only_nfc || is_surely_nfc(stretch))) {
        const std::string_view text = padded(stretch, false, cache);
        std::array<std::size_t, 64> ends;
        for (std::size_t begin = 0; begin < text.size();) {
          const std::size_t count = family->cut(text, text.size() + kPadding, begin, ends);
          encoding.encode_pieces(text, text.size() + kPadding, begin, std::span(ends).first(count), cache, ids);
          begin = ends[count - 1];
        }
        return;
      }
      if (spaced_words && spaced_words->holds(stretch)) {
        const std::string_view text = padded(stretch, spaced_words->wants_space(stretch, start), cache);
        encoding.encode_spaced_words(text, text.size() + kPadding, cache, ids);
        return;
      }
    }
    stages(
        stretch, start, options, [&](std::int32_t id) { ids.push_back(id); },
        [&](const PieceList& pieces) { encode_list(pieces, cache, ids); });
  }

  void encode_list(const PieceList& list, PieceCache& cache, std::vector<std::int32_t>& ids) const {
    if (encoding.takes_spaced_words()) {
      for (std::size_t i = 0; i < list.pieces.size(); ++i) encoding.encode(list[i], cache, ids);
      return;
    }
    // Adjacent pieces are encoded together.
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < list.pieces.size(); i += ends.size()) {
      ends.clear();
      for (std::size_t j = i; j < list.pieces.size(); ++j) {
        if (j > i && list.pieces[j].begin != list.pieces[j - 1].end) break;
        ends.push_back(list.pieces[j].end);
      }
      encoding.encode_pieces(list.text, list.text.size(), list.pieces[i].begin, ends, cache, ids);
    }
  }
};

Tokenizer Tokenizer::load(const std::string& path, std::optional<std::int64_t> model_vocab_size) {
  TokenizerFiles files = read_tokenizer_files(path);
  return with_context(files.file, [&] {
    if (model_vocab_size) limit_vocabulary(files.definition, files.special, *model_vocab_size);
    return Tokenizer(std::move(files.definition), std::move(files.special));
  });
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
  impl_->stretches(
      text, options, [&](std::int32_t id) { ids.push_back(id); },
      [&](std::string_view stretch, TextStart start) { impl_->encode_stretch(stretch, start, options, cache, ids); });
}

namespace {

// Whether a piece may become one with the piece behind it when more text comes: an apostrophe and letters, or white
// space and line ends.
bool may_join_next(std::string_view piece) {
  return piece.find('\'') != std::string_view::npos || piece.find("\u2019") != std::string_view::npos ||
         piece.find_first_not_of(" \t\r\n") == std::string_view::npos;
}
// Whether a piece begins with what continues no word: a space or punctuation, but no apostrophe.
bool begins_apart(std::string_view piece) {
  return !piece.empty() && std::string_view(" .,;:!?()\"").find(piece.front()) != std::string_view::npos;
}

}  // namespace

std::size_t Tokenizer::settled_tokens(std::string_view text, EncodeOptions options) const {
  PieceCache cache;
  std::vector<std::int32_t> ids;
  return encode_settled(text, options, cache, ids);
}

std::size_t Tokenizer::encode_settled(std::string_view text, EncodeOptions options, PieceCache& cache,
                                      std::vector<std::int32_t>& ids) const {
  ids.clear();
  std::size_t settled = 0, before = 0;  // ids before the last two pieces, before the last piece
  bool joinable = true, apart = false;  // the last piece; whether the last two are apart whatever follows
  const auto on_id = [&](std::int32_t id) {
    ids.push_back(id);
    settled = before = ids.size();
    joinable = true;
    apart = false;
  };
  impl_->stretches(text, options, on_id, [&](std::string_view stretch, TextStart start) {
    impl_->stages(stretch, start, options, on_id, [&](const PieceList& pieces) {
      for (std::size_t i = 0; i < pieces.pieces.size(); ++i) {
        settled = before;
        before = ids.size();
        const std::string_view piece = pieces[i];
        apart = !joinable && begins_apart(piece);
        joinable = may_join_next(piece);
        // A LLaMA-kind piece with several words is settled up to its last word.
        const std::size_t last = impl_->encoding.last_word(piece);
        if (last > 0) {
          impl_->encoding.encode(piece.substr(0, last), cache, ids);
          settled = before = ids.size();
        }
        impl_->encoding.encode(piece.substr(last), cache, ids);
      }
    });
  });
  return apart ? before : settled;
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
  if (id < 0 || id >= vocab_size()) return {};
  const TokenizerDefinition& definition = impl_->definition;
  return (definition.token_bytes.empty() ? definition.vocabulary
                                         : definition.token_bytes)[static_cast<std::size_t>(id)];
}

bool Tokenizer::is_special(std::int32_t id) const {
  return id >= 0 && id < vocab_size() && impl_->is_special[static_cast<std::size_t>(id)];
}

bool Tokenizer::takes_space_behind(std::int32_t id) const {
  const auto& added = impl_->definition.added_tokens;
  return std::any_of(added.begin(), added.end(),
                     [&](const AddedToken& token) { return token.id == id && token.rstrip; });
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

const std::string& Tokenizer::fingerprint() const { return impl_->definition.fingerprint; }

}  // namespace matinee
