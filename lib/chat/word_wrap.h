#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace matinee {

/// Columns of a terminal that UTF-8 text takes; invalid bytes count as one each.
int display_width(std::string_view text);

/// Breaks streamed text into lines between words, or within a word that is longer than a line. A word is written as
/// soon as it is complete, so text can come in pieces of any size, whole UTF-8 characters each.
class WordWrap {
 public:
  /// `width`: columns of a line; 0: lines are not broken. The text begins at column `indent`, and so does each
  /// continuation line.
  WordWrap(int width, int indent, std::function<void(std::string_view)> write);

  void push(std::string_view text);
  /// Writes what is left: the last word.
  void finish();

 private:
  void end_word();
  void break_line();

  int width_, indent_, column_;
  std::function<void(std::string_view)> write_;
  std::string word_;
  int spaces_ = 0;  // before word_
};

}  // namespace matinee
