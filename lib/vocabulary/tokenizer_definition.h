#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace matinee {

/// A token that is found in the text before anything else is done to it ("<|endoftext|>").
struct AddedToken {
  std::int32_t id = 0;
  std::string content{};
  bool single_word = false;  ///< only where no letter or digit touches it
  bool lstrip = false;       ///< takes the spaces before it along
  bool rstrip = false;       ///< takes the spaces after it along
  bool normalized = false;   ///< searched in the normalized text
  bool special = false;      ///< plain text unless special tokens are asked for
};

/// One step of the normalizer.
struct NormalizerStep {
  enum class Kind : std::uint8_t {
    kNfc,
    kNfd,
    kNfkc,
    kNfkd,
    kLowercase,
    kPrepend,
    kReplace,
    kStrip,
    kReplaceInvalid,  ///< U+FFFD for each byte that begins no character
    kSingleSpaces,    ///< runs of spaces become one, none stays at the ends, nor a mark at the last
  };
  Kind kind = Kind::kNfc;
  std::string pattern{};  ///< kReplace: the text searched for
  std::string content{};  ///< kReplace: its replacement; kPrepend: the prefix; kSingleSpaces: the mark
  bool left = false;      ///< kStrip
  bool right = false;     ///< kStrip
};

/// One step of the pre-tokenizer.
struct PreTokenizerStep {
  enum class Kind : std::uint8_t { kSplit, kDigits, kByteLevel, kMetaspace };
  /// What happens to the matched text of kSplit.
  enum class Behavior : std::uint8_t { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
  enum class Prepend : std::uint8_t { kAlways, kFirst, kNever };
  Kind kind = Kind::kByteLevel;
  std::string pattern{};  ///< kSplit: a regular expression (a plain string arrives quoted)
  Behavior behavior = Behavior::kIsolated;
  bool invert = false;             ///< kSplit: the pattern describes the pieces, not what is between them
  bool individual_digits = false;  ///< kDigits
  bool add_prefix_space = false;   ///< kByteLevel
  bool use_regex = true;           ///< kByteLevel: split with GPT-2's pattern
  std::string replacement{};       ///< kMetaspace: what stands for a space
  Prepend prepend = Prepend::kAlways;
  bool split = true;  ///< kMetaspace: a piece for each word

  bool operator==(const PreTokenizerStep&) const = default;
};

/// Everything that a tokenizer's files say, checked: what each reader gives and every stage works from.
struct TokenizerDefinition {
  /// What merges work on, by id; "" where `defined` is false. Byte-level: the bytes (the spelling in printable
  /// characters is undone). LLaMA kind: UTF-8 with the mark U+2581 for a space and <0x0A> for a byte.
  std::vector<std::string> vocabulary;
  std::vector<std::string> token_bytes;  ///< what each id adds to a text, by the decoder's steps; empty: `vocabulary`
  std::vector<bool> defined;             ///< false for a hole in the ids
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;  ///< by rank: left id, right id
  std::vector<std::int32_t> merged;                           ///< the id that each merge makes
  std::vector<std::uint32_t> merge_ranks;                     ///< of each merge, lowest first; empty: its index
  std::vector<AddedToken> added_tokens;
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<std::int32_t> prefix_ids;  ///< what the post-processor puts before a text (BOS), if anything
  std::vector<std::int32_t> suffix_ids;  ///< what it puts behind (EOS), if anything
  bool byte_level = false;               ///< GPT-2 kind; else tokens are UTF-8 and ...
  bool byte_fallback = false;            ///< ... <0x00> to <0xFF> stand for bytes
  bool ignore_merges = false;            ///< a whole piece that is a token is taken before any merge
  bool fuse_unk = false;                 ///< a run of unknown characters is one unknown token
  std::int32_t unk_token_id = -1;
  std::array<std::int32_t, 256> byte_tokens{};  ///< ids of <0x00> ... <0xFF>, -1 where missing
  bool decoder_strips_space = false;            ///< decoding drops one space at the start of a text
  std::string fingerprint;                      ///< lib/io/tokenizer_fingerprint.h
};

}  // namespace matinee
