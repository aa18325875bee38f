#include "lib/chat/word_wrap.h"

#include <utf8proc.h>

#include <utility>

#include "lib/base/utf8.h"

namespace matinee {
namespace {

constexpr int kNarrowest = 12;  // columns of text below which breaking lines does not help

int width_of(std::uint32_t code_point) {
  return code_point >= kInvalidByte ? 1 : utf8proc_charwidth(static_cast<utf8proc_int32_t>(code_point));
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) width += width_of(decode_utf8(text, at));
  return width;
}

WordWrap::WordWrap(int width, int indent, std::function<void(std::string_view)> write)
    : width_(width < indent + kNarrowest ? 0 : width), indent_(indent), column_(indent), write_(std::move(write)) {}

void WordWrap::push(std::string_view text) {
  for (const char c : text) {
    if (c == ' ') {
      end_word();
      ++spaces_;
    } else if (c == '\n') {
      end_word();
      break_line();
    } else {
      word_ += c;
    }
  }
}

void WordWrap::finish() { end_word(); }

void WordWrap::break_line() {
  write_("\n" + std::string(static_cast<std::size_t>(indent_), ' '));
  column_ = indent_;
  spaces_ = 0;
}

void WordWrap::end_word() {
  if (word_.empty()) return;
  const std::string word = std::exchange(word_, {});
  const int width = display_width(word);
  if (width_ > 0 && column_ > indent_ && column_ + spaces_ + width > width_) break_line();
  write_(std::string(static_cast<std::size_t>(spaces_), ' '));
  column_ += std::exchange(spaces_, 0);
  if (width_ == 0 || column_ + width <= width_) {
    write_(word);
    column_ += width;
    return;
  }
  for (std::size_t at = 0; at < word.size();) {  // longer than a line
    const std::size_t begin = at;
    const int columns = width_of(decode_utf8(word, at));
    if (column_ + columns > width_) break_line();
    write_(std::string_view(word).substr(begin, at - begin));
    column_ += columns;
  }
}

}  // namespace matinee
