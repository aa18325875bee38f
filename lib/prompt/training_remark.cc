#include "lib/prompt/training_remark.h"

#include <fmt/format.h>

namespace matinee {

std::string_view text_of(TrainingRemark remark) {
  switch (remark) {
    case TrainingRemark::kNothingToLearn:
      return "no reply to learn (missing, empty, with weight 0 or after a tool call); left out";
    case TrainingRemark::kAssistantFirst: return "the assistant speaks first; that message is left out";
    case TrainingRemark::kUserLast: return "the user speaks last; that message is left out";
    case TrainingRemark::kJoined: return "one side speaks several times in a row; joined to one message, line by line";
    case TrainingRemark::kTools:
      return "tool calls and their results are left out, and the replies that need them are not learned";
    case TrainingRemark::kLoneSurrogate: return "half of a surrogate pair, read as U+FFFD";
    case TrainingRemark::kSpecialNames: break;
  }
  return "names of special tokens, read as plain text; --special-tokens makes them ids";
}

void TrainingNotes::add(const std::vector<TrainingNote>& notes, std::string_view place) {
  std::uint32_t seen = 0;  // a text counts once for each remark
  for (const TrainingNote& note : notes) {
    const auto index = static_cast<std::size_t>(note.remark);
    if ((seen >> index & 1) != 0) continue;
    seen |= 1u << index;
    Count& count = counts_[index];
    if (count.texts++ == 0)
      count.first = note.detail.empty() ? std::string(place) : fmt::format("{} ({})", place, note.detail);
  }
}

std::vector<std::string> TrainingNotes::lines() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kTrainingRemarks; ++i) {
    const Count& count = counts_[i];
    if (count.texts == 0) continue;
    lines.push_back(fmt::format("{} {}: {}; the first: {}", count.texts, count.texts == 1 ? "text" : "texts",
                                text_of(static_cast<TrainingRemark>(i)), count.first));
  }
  return lines;
}

}  // namespace matinee
