#include "lib/serve/text_limit.h"

#include <algorithm>
#include <span>

#include "lib/base/utf8.h"

namespace matinee {

std::string TextLimit::push(std::string_view piece) {
  if (reached_) return "";
  text_ += piece;
  cut_before_stop();
  cut_after_tokens(false);
  if (reached_) return show_up_to(text_.size());
  const std::size_t end = max_tokens_ < 0 ? text_.size() : settled_;
  return show_up_to(std::min(end, text_.size() - open_stop()));
}

std::string TextLimit::finish() {
  if (!reached_) cut_after_tokens(true);
  return show_up_to(text_.size());
}

std::string TextLimit::show_up_to(std::size_t end) {
  if (end <= shown_) return "";
  std::string text = text_.substr(shown_, end - shown_);
  text.resize(text.size() - incomplete_utf8_suffix(text));
  shown_ += text.size();
  return text;
}

void TextLimit::cut(std::size_t end, Finish reason) {
  text_.resize(end);
  text_.resize(end - incomplete_utf8_suffix(text_));
  reached_ = true;
  reason_ = reason;
}

void TextLimit::cut_before_stop() {
  std::size_t first = std::string::npos;
  for (const std::string& stop : stop_) {
    if (!stop.empty()) first = std::min(first, text_.find(stop));
  }
  if (first != std::string::npos) cut(std::max(first, shown_), Finish::kStop);
}

// Of a text that goes on only those tokens count that no other text can change.
void TextLimit::cut_after_tokens(bool complete) {
  if (max_tokens_ < 0) return;
  const std::vector<std::int32_t> ids = tokenizer_.encode(text_);
  const std::size_t settled = complete || reached_ ? ids.size() : tokenizer_.settled_tokens(text_, {});
  const auto most = static_cast<std::size_t>(max_tokens_);
  // A tokenizer may rewrite what it reads; such a text is cut by its length only.
  const std::string within = tokenizer_.decode(std::span(ids).first(std::min(settled, most)));
  settled_ = std::min(within.size(), text_.size());
  if (settled > most || (settled == most && !complete && ids.size() > most)) cut(settled_, Finish::kLength);
}

// The longest end of the text that may become one of the stops.
std::size_t TextLimit::open_stop() const {
  std::size_t longest = 0;
  for (const std::string& stop : stop_) {
    for (std::size_t length = std::min(stop.empty() ? 0 : stop.size() - 1, text_.size()); length > longest; --length) {
      if (std::string_view(text_).ends_with(std::string_view(stop).substr(0, length))) longest = length;
    }
  }
  return longest;
}

}  // namespace matinee
