#include "lib/text/split_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/text/oniguruma_pattern.h"

namespace matinee {
namespace {

std::string message_of(int code) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

}  // namespace

struct SplitPattern::Impl {
  std::unique_ptr<pcre2_code, FreeCode> code;
};

SplitPattern::SplitPattern(const std::string& pattern) : impl_(std::make_unique<Impl>()) {
  const std::string translated =
      with_context(fmt::format("the split pattern \"{}\"", pattern), [&] { return pcre2_pattern_of(pattern); });
  int code = 0;
  PCRE2_SIZE offset = 0;
  // In Oniguruma, ^ and $ are the ends of lines.
  impl_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                  PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE, &code, &offset,
                                  nullptr));
  if (!impl_->code)
    throw bad_data("the split pattern \"{}\" cannot be run: {} at character {}", pattern, message_of(code), offset);
  // Without a JIT for this processor the interpreter runs: the same matches, slower.
  pcre2_jit_compile(impl_->code.get(), PCRE2_JIT_COMPLETE);
}
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;
SplitPattern::~SplitPattern() = default;

std::vector<SplitPattern::Match> SplitPattern::matches(std::string_view text) const {
  std::vector<Match> found;
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(
      pcre2_match_data_create_from_pattern(impl_->code.get(), nullptr));
  for (std::size_t position = 0; position < text.size();) {
    const int result = pcre2_match(impl_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), position,
                                   0, match.get(), nullptr);
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) throw bad_data("the split pattern fails on this text: {}", message_of(result));
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(match.get());
    if (span[1] > span[0]) {
      found.push_back({span[0], span[1]});
      position = span[1];
      continue;
    }
    position = std::max(span[1], position) + 1;
    while (position < text.size() && (text[position] & 0xC0) == 0x80) ++position;
  }
  return found;
}

}  // namespace matinee
