#include "lib/text/split_families.h"

#include <algorithm>
#include <array>
#include <bit>

#include "lib/base/format_error.h"
#include "lib/text/ascii_block.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

// The end of the run of characters of class `kind` at `position`; `last` is where its last character begins.
std::size_t run_end(std::string_view text, std::size_t position, CharacterClass kind, std::size_t& last) {
  const CharacterTable& table = CharacterTable::instance();
  for (;;) {
    const std::size_t begin = position;
    while (position < text.size() && static_cast<unsigned char>(text[position]) < 0x80 &&
           kAsciiClasses[static_cast<unsigned char>(text[position])] == kind)
      ++position;
    if (position > begin) last = position - 1;
    if (position == text.size() || static_cast<unsigned char>(text[position]) < 0x80) return position;
    std::size_t after = position;
    if (table.class_of(decode_utf8(text, after)) != kind) return position;
    last = position;
    position = after;
  }
}

bool is_newline(char c) { return c == '\r' || c == '\n'; }

// The end of 's 't 're 've 'm 'll 'd with its apostrophe at `begin`; 0 if there is none. Ignoring case, ſ is an s, too.
std::size_t contraction_end(std::string_view text, std::size_t begin, bool ignore_case) {
  const auto at = [&](std::size_t i) {
    const char c = begin + i < text.size() ? text[begin + i] : '\0';
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = at(1), second = at(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return begin + 2;
  if (ignore_case && text.substr(begin + 1, 2) == "\xC5\xBF") return begin + 3;
  const bool pair =
      (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  return pair ? begin + 3 : 0;
}

// \s+(?!\S)|\s+: a run of spaces ends before its last one if something follows, unless it has just one.
std::size_t spaces_end(std::string_view text, std::size_t begin) {
  std::size_t last = begin;
  const std::size_t end = run_end(text, begin, CharacterClass::kSpace, last);
  return end < text.size() && last > begin ? last : end;
}

// Llama 3 and Qwen 2, which differ in the number of digits in a piece.
template <int kDigits>
std::size_t case_folding_piece_end(std::string_view text, std::size_t begin) {
  const char first = text[begin];
  if (first == '\'') {
    if (const std::size_t end = contraction_end(text, begin, true)) return end;
  }
  std::size_t after = 0, last = begin;
  const CharacterClass kind = character_class_at(text, begin, after);
  if (kind == CharacterClass::kLetter) return run_end(text, after, kind, last);
  if (kind == CharacterClass::kNumber) {
    for (int digits = 1; digits < kDigits && after < text.size(); ++digits) {
      std::size_t next = 0;
      if (character_class_at(text, after, next) != CharacterClass::kNumber) break;
      after = next;
    }
    return after;
  }
  // One character before a word belongs to it, unless it is a line end.
  std::size_t behind = after;
  const CharacterClass next = after < text.size() ? character_class_at(text, after, behind) : CharacterClass::kSpace;
  if (!is_newline(first) && next == CharacterClass::kLetter) return run_end(text, behind, next, last);
  if (kind == CharacterClass::kOther || (first == ' ' && after < text.size() && next == CharacterClass::kOther)) {
    std::size_t end = run_end(text, after, CharacterClass::kOther, last);
    while (end < text.size() && is_newline(text[end])) ++end;
    return end;
  }
  // \s*[\r\n]+ reaches behind the last line end of the run.
  const std::size_t end = run_end(text, begin, CharacterClass::kSpace, last);
  for (std::size_t position = end; position > begin; --position)
    if (is_newline(text[position - 1])) return position;
  return end < text.size() && last > begin ? last : end;
}

// SmolLM: digits are split off before GPT-2's pattern runs on the rest, so a digit takes no space and the spaces before
// it stay together.
std::size_t single_digits_piece_end(std::string_view text, std::size_t begin) {
  std::size_t after = 0, last = begin;
  const CharacterClass kind = character_class_at(text, begin, after);
  if (kind == CharacterClass::kNumber) return after;
  if (kind == CharacterClass::kSpace) {
    const std::size_t end = run_end(text, begin, kind, last);
    std::size_t behind = 0;
    if (end < text.size() && character_class_at(text, end, behind) == CharacterClass::kNumber) return end;
  }
  return gpt2_piece_end(text, begin);
}

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// Equivalent to Digits followed by GPT-2's pattern.
constexpr std::string_view kSingleDigitsPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Rules: starts() gives the first characters of pieces in a block that begins with a piece. What depends on the
// character after the last known one is right only if `ends_text`.
std::uint64_t space_starts(const AsciiBlock& block, std::uint64_t spaces, bool ends_text) {
  const std::uint64_t last = ends_text ? std::uint64_t{1} << (block.known - 1) : 0;
  return (spaces & ~(spaces << 1)) | (spaces & ~(spaces >> 1 | last));
}

struct Gpt2Rules {
  static constexpr bool kIgnoreCase = false;
  static constexpr auto kPieceEnd = gpt2_piece_end;

  static void narrow(AsciiBlock& /*block*/) {}
  static std::uint64_t starts(const AsciiBlock& block, bool ends_text) {
    const std::uint64_t others = block.others();
    const std::uint64_t runs =
        (block.letters & ~(block.letters << 1)) | (block.numbers & ~(block.numbers << 1)) | (others & ~(others << 1));
    return (runs & ~(block.blanks << 1)) | space_starts(block, block.spaces, ends_text);
  }
};

struct SingleDigitsRules {
  static constexpr bool kIgnoreCase = false;
  static constexpr auto kPieceEnd = single_digits_piece_end;

  static void narrow(AsciiBlock& /*block*/) {}
  static std::uint64_t starts(const AsciiBlock& block, bool ends_text) {
    const std::uint64_t others = block.others();
    const std::uint64_t runs = (block.letters & ~(block.letters << 1)) | (others & ~(others << 1));
    // A space before a digit begins a piece only if it is the first of its run.
    const std::uint64_t before_digit = block.spaces & block.numbers >> 1 & block.spaces << 1;
    return (runs & ~(block.blanks << 1)) | block.numbers |
           (space_starts(block, block.spaces, ends_text) & ~before_digit);
  }
};

template <int kDigits>
struct CaseFoldingRules {
  static constexpr bool kIgnoreCase = true;
  static constexpr auto kPieceEnd = case_folding_piece_end<kDigits>;

  // Line ends and tabs have rules of their own: kPieceEnd handles them.
  static void narrow(AsciiBlock& block) {
    const std::uint64_t rare = block.spaces & ~block.blanks;
    if (rare != 0) block.keep(static_cast<std::size_t>(std::countr_zero(rare)));
  }
  static std::uint64_t starts(const AsciiBlock& block, bool ends_text) {
    const std::uint64_t others = block.others();
    const std::uint64_t behind_blank = block.blanks << 1;
    const std::uint64_t other_starts = others & ~(others << 1) & ~behind_blank;
    // A blank belongs to the word after it, and so does one other character without a blank before it.
    const std::uint64_t words = block.letters & ~(block.letters << 1) & ~behind_blank & ~(other_starts << 1);
    std::uint64_t numbers = block.numbers;
    if constexpr (kDigits > 1) {
      static_assert(kDigits == 3);
      numbers &= ~(numbers << 1);
      for (std::uint64_t next = numbers; next != 0; numbers |= next)
        next = next << 3 & block.numbers & block.numbers << 1 & block.numbers << 2;
    }
    return words | numbers | other_starts | space_starts(block, block.blanks, ends_text);
  }
};

// Corrects the starts of a block for contractions, which follow an apostrophe that begins a piece. The known part of
// the block ends at an apostrophe whose contraction may reach beyond it.
template <class Rules>
void apply_contractions(const AsciiBlock& block, std::string_view text, std::size_t begin, bool ends_text,
                        std::uint64_t& starts) {
  std::uint64_t left = block.quotes & (starts | 1);
  while (left != 0) {
    const auto at = static_cast<std::size_t>(std::countr_zero(left));
    if (at + 3 > block.known && !ends_text) {
      starts &= AsciiBlock::first_bits(at + 1);
      return;
    }
    if (const std::size_t end = contraction_end(text, begin + at, Rules::kIgnoreCase); end != 0) {
      const std::size_t size = end - begin - at;
      starts &= ~(AsciiBlock::first_bits(size - 1) << (at + 1));
      if (at + size < block.known) starts |= std::uint64_t{1} << (at + size);
    }
    left = block.quotes & starts & ~AsciiBlock::first_bits(at + 1);
  }
}

// ASCII is split by blocks, everything else piece by piece.
template <class Rules>
std::size_t cut_blocks(std::string_view text, std::size_t readable, std::size_t begin, std::span<std::size_t> ends) {
  std::size_t count = 0;
  while (begin < text.size() && count < ends.size()) {
    if (static_cast<unsigned char>(text[begin]) < 0x80 && begin + AsciiBlock::kSize <= readable) {
      AsciiBlock block = AsciiBlock::of(text.data() + begin, text.size() - begin);
      Rules::narrow(block);
      const bool ends_text = begin + block.known == text.size();
      if (block.known > 0) {
        std::uint64_t starts = Rules::starts(block, ends_text) & ~std::uint64_t{1} &
                               AsciiBlock::first_bits(ends_text ? block.known : block.known - 1);
        apply_contractions<Rules>(block, text, begin, ends_text, starts);
        const std::size_t before = count, first = begin;
        for (; starts != 0 && count < ends.size(); starts &= starts - 1)
          ends[count++] = begin = first + static_cast<std::size_t>(std::countr_zero(starts));
        if (ends_text && count < ends.size()) ends[count++] = begin = text.size();
        if (count > before) continue;
      }
    }
    ends[count++] = begin = Rules::kPieceEnd(text, begin);
  }
  return count;
}

constexpr std::array<SplitFamily, 4> kFamilies{{
    {"gpt2", kGpt2Pattern, gpt2_piece_end, cut_blocks<Gpt2Rules>},
    {"smollm", kSingleDigitsPattern, single_digits_piece_end, cut_blocks<SingleDigitsRules>},
    {"llama3", kLlama3Pattern, case_folding_piece_end<3>, cut_blocks<CaseFoldingRules<3>>},
    {"qwen2", kQwen2Pattern, case_folding_piece_end<1>, cut_blocks<CaseFoldingRules<1>>},
}};

}  // namespace

std::size_t gpt2_piece_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    if (const std::size_t end = contraction_end(text, begin, false)) return end;
  }
  std::size_t after = 0;
  CharacterClass run = character_class_at(text, begin, after);
  if (text[begin] == ' ' && after < text.size()) {
    std::size_t behind = 0;
    const CharacterClass next = character_class_at(text, after, behind);
    if (next != CharacterClass::kSpace) {
      run = next;
      after = behind;
    }
  }
  if (run == CharacterClass::kSpace) return spaces_end(text, begin);
  std::size_t last = begin;
  return run_end(text, after, run, last);
}

std::span<const SplitFamily> split_families() { return kFamilies; }

const SplitFamily* family_of_pattern(std::string_view pattern) {
  for (const SplitFamily& family : kFamilies)
    if (family.pattern == pattern) return &family;
  return nullptr;
}

const SplitFamily& family_named(std::string_view name) {
  for (const SplitFamily& family : kFamilies)
    if (family.name == name) return family;
  throw internal_error("no split family is named \"{}\"", name);
}

}  // namespace matinee
