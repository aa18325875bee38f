#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/model/module_pattern.h"

#include <pcre2.h>

#include <array>
#include <memory>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

bool matches_whole(const std::string& pattern, std::string_view path) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::unique_ptr<pcre2_code, FreeCode> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                                                                 pattern.size(), PCRE2_ANCHORED | PCRE2_ENDANCHORED,
                                                                 &error, &offset, nullptr));
  if (!code) throw bad_data("pattern \"{}\", character {}: {}", pattern, offset, message_of(error));
  const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create(1, nullptr));
  const int found =
      pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(path.data()), path.size(), 0, 0, data.get(), nullptr);
  if (found < 0 && found != PCRE2_ERROR_NOMATCH) throw bad_data("pattern \"{}\": {}", pattern, message_of(found));
  return found >= 0;
}

}  // namespace matinee
