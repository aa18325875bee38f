#include "lib/text/oniguruma_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

// The members of classes that PCRE2 defines otherwise: White_Space of Unicode; letters, marks, decimal digits and
// connecting punctuation; hexadecimal digits.
constexpr std::string_view kSpaces = R"(\t-\r\x{85}\p{Z})";
constexpr std::string_view kWordCharacters = R"(\p{L}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view kHexadecimal = "0-9A-Fa-f";

bool compiles(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP,
                                   &error, &offset, nullptr);
  pcre2_code_free(code);
  return code != nullptr;
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : left_(pattern) {}

  std::string translated() {
    while (!left_.empty()) {
      if (left_.front() == '\\') {
        escape();
      } else if (in_class_) {
        class_member();
      } else {
        outside();
      }
    }
    return std::move(out_);
  }

 private:
  void copy(std::size_t n) {
    out_ += left_.substr(0, n);
    left_.remove_prefix(std::min(n, left_.size()));
  }

  void members(std::string_view set, bool negated) {
    if (in_class_ && negated) throw bad_data("\\{} within a class is not supported", left_[1]);
    if (in_class_) {
      out_ += set;
    } else {
      out_.append(negated ? "[^" : "[").append(set).append("]");
    }
    left_.remove_prefix(2);
  }

  void escape() {
    switch (left_.size() > 1 ? left_[1] : '\0') {
      case 's': return members(kSpaces, false);
      case 'S': return members(kSpaces, true);
      case 'w': return members(kWordCharacters, false);
      case 'W': return members(kWordCharacters, true);
      case 'h': return members(kHexadecimal, false);
      case 'H': return members(kHexadecimal, true);
      case 'p':
      case 'P': return property();
      case 'u': return code_point();
      default: return copy(2);
    }
  }

  // \p{Han} is the script alone, which PCRE2 spells \p{sc:Han}.
  void property() {
    const std::size_t end = left_.find('}');
    if (left_.size() < 3 || left_[2] != '{' || end == std::string_view::npos) return copy(2);
    std::string_view name = left_.substr(3, end - 3);
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    const bool script = name.size() > 2 && compiles(fmt::format("\\p{{sc:{}}}", name));
    out_.append(left_.substr(0, 3)).append(negated ? "^" : "").append(script ? "sc:" : "").append(name).append("}");
    left_.remove_prefix(end + 1);
  }

  void code_point() {
    const std::string_view digits = left_.substr(2, 4);
    for (const char c : digits)
      if (!is_digit(c) && !(to_lower(c) >= 'a' && to_lower(c) <= 'f')) return copy(2);  // which PCRE2 refuses
    out_.append("\\x{").append(digits).append("}");
    left_.remove_prefix(2 + digits.size());
  }

  void class_member() {
    if (left_.starts_with("[:")) return copy(std::min(left_.find(":]"), left_.size() - 2) + 2);
    if (left_.front() == '[') throw bad_data("a class within a class is not supported");
    if (left_.starts_with("&&")) throw bad_data("an intersection of classes is not supported");
    in_class_ = left_.front() != ']';
    copy(1);
  }

  void outside() {
    if (left_.front() == '[') {
      in_class_ = true;
      copy(left_.starts_with("[^") ? 2 : 1);
      if (left_.starts_with(']')) copy(1);  // a member
      return;
    }
    if (left_.front() == '{') {
      const std::size_t end = left_.find_first_not_of("0123456789,", 1);
      // One more or less of the whole repetition there, a possessive one in PCRE2.
      if (end != std::string_view::npos && end > 1 && left_.substr(end).starts_with("}+"))
        throw bad_data("{} is not supported", left_.substr(0, end + 2));
    }
    copy(1);
  }

  std::string_view left_;
  std::string out_;
  bool in_class_ = false;
};

}  // namespace

std::string pcre2_pattern_of(std::string_view pattern) { return Translator(pattern).translated(); }

}  // namespace matinee
