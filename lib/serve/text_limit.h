#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/serve/conversations.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// Ends an answer at a number of tokens or before one of some texts, while it comes in pieces. What is given out never
/// has to be taken back.
class TextLimit {
 public:
  /// `max_tokens`: -1: no limit. `tokenizer` and `stop` must outlive this.
  TextLimit(const Tokenizer& tokenizer, std::int64_t max_tokens, const std::vector<std::string>& stop)
      : tokenizer_(tokenizer), max_tokens_(max_tokens), stop_(stop) {}

  /// What can be shown of the answer after this piece.
  std::string push(std::string_view piece);
  /// At the end of the answer: the rest.
  std::string finish();
  /// True from the piece on that reached a limit. Nothing follows.
  bool reached() const { return reached_; }
  Finish reason() const { return reason_; }
  /// Everything that was shown.
  std::string_view shown() const { return std::string_view(text_).substr(0, shown_); }

 private:
  std::string show_up_to(std::size_t end);
  void cut(std::size_t end, Finish reason);
  void cut_before_stop();
  void cut_after_tokens(bool complete);
  std::size_t open_stop() const;

  const Tokenizer& tokenizer_;
  const std::int64_t max_tokens_;
  const std::vector<std::string>& stop_;
  std::string text_;
  std::size_t shown_ = 0;    // bytes
  std::size_t settled_ = 0;  // bytes that are within the number of tokens, whatever follows
  bool reached_ = false;
  Finish reason_ = Finish::kStop;
};

}  // namespace matinee
