#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace matinee {

/// The distinct texts of a column in order of their first appearance, and for each row the index of its text. Requires
/// kFieldPadding readable bytes around each text.
class TextDictionary {
 public:
  void clear();
  /// The code of a text, which must outlive this.
  std::uint32_t code_of(std::string_view text);

  const std::vector<std::string_view>& texts() const { return texts_; }
  std::size_t bytes() const { return bytes_; }  ///< of all texts together

 private:
  struct Slot {
    std::uint64_t hash;
    std::uint32_t code;  // kEmpty: none
  };
  void grow();

  std::vector<Slot> slots_;
  std::vector<std::string_view> texts_;
  std::size_t bytes_ = 0;
};

}  // namespace matinee
