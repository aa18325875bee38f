#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// What was mended in a training text, or why it was left out.
enum class TrainingRemark : std::uint8_t {
  kNothingToLearn,
  kAssistantFirst,
  kUserLast,
  kJoined,
  kTools,
  kLoneSurrogate,
  kSpecialNames,
};
constexpr std::size_t kTrainingRemarks = 7;

/// "the assistant speaks first; that message is left out"
std::string_view text_of(TrainingRemark remark);

/// A remark about one text. `detail`: what was found ("tool_calls"); may be empty.
struct TrainingNote {
  TrainingRemark remark;
  std::string detail;
};

/// Counts notes by remark.
class TrainingNotes {
 public:
  /// `place`: of the text ("FILE:LINE").
  void add(const std::vector<TrainingNote>& notes, std::string_view place);
  std::uint64_t count(TrainingRemark remark) const { return counts_[static_cast<std::size_t>(remark)].texts; }
  /// One line for each remark that came: "3 texts: TEXT; the first: FILE:2 (DETAIL)".
  std::vector<std::string> lines() const;

 private:
  struct Count {
    std::uint64_t texts = 0;
    std::string first;
  };
  std::array<Count, kTrainingRemarks> counts_;
};

}  // namespace matinee
