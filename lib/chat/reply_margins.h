#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// Takes the space that a prompt template or a tokenizer puts around a reply (SampleEncoder::output_prefix) off a text
/// that comes in pieces.
class ReplyMargins {
 public:
  ReplyMargins(std::string_view prefix, std::string_view suffix) : prefix_(prefix), suffix_(suffix) {}

  /// What can be shown of the reply after this piece; a suffix is held back, since it may be inside the text.
  std::string push(std::string_view piece) {
    if (piece.empty()) return "";
    if (!prefix_.empty() && piece.starts_with(prefix_)) piece.remove_prefix(prefix_.size());
    prefix_.clear();
    std::string text = held_.append(piece);
    held_.clear();
    if (!suffix_.empty() && text.ends_with(suffix_)) {
      text.resize(text.size() - suffix_.size());
      held_ = suffix_;
    }
    return text;
  }

 private:
  std::string prefix_, suffix_, held_;
};

}  // namespace matinee
