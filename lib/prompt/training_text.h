#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/json_reader.h"
#include "lib/prompt/conversation_messages.h"
#include "lib/prompt/sample_encoder.h"
#include "lib/prompt/training_remark.h"

namespace matinee {

/// One record of training data: an instruction with its output, a conversation or running text.
struct TrainingText {
  enum class Kind : std::uint8_t { kTuple, kMessages, kText };
  Kind kind = Kind::kTuple;
  std::string instruction, input, output;  ///< kTuple
  std::vector<Message> messages;           ///< kMessages
  std::string text;                        ///< kText
  std::vector<TrainingNote> notes;         ///< what was mended

  /// Left out: no reply is learned. The notes hold kNothingToLearn.
  bool nothing_to_learn = false;
};

/// Reads records as data sets have them (docs/formats.md, "Training texts"):
///   {"instruction","input","output"}, also prompt/completion, query/response, question/answer, context; with "system"
///   and "history" a conversation
///   {"messages":[{"role","content"}]}, also "conversations" with from/value, and prompt and completion as messages
///   {"text"}
/// Other keys are ignored. Reuses its buffers from record to record; one per thread.
class TrainingTextParser {
 public:
  explicit TrainingTextParser(LearnedReplies replies = LearnedReplies::kAll) : replies_(replies) {}

  /// Throws Error(kBadData) that says what the record lacks and what to do.
  TrainingText parse(std::string_view record);

 private:
  JsonNode root_of(std::string_view record, TrainingText& out);

  LearnedReplies replies_;
  JsonReader reader_;
};

/// The sample that a training text becomes (sample_encoder.h). Requires !text.nothing_to_learn.
EncodedSample encode_training_text(SampleEncoder& encoder, const TrainingText& text);

}  // namespace matinee
