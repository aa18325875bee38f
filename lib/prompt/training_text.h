#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/json_reader.h"
#include "lib/prompt/prompt_template.h"
#include "lib/prompt/sample_encoder.h"

namespace matinee {

/// One line of training data: an Alpaca tuple, a conversation or running text.
struct TrainingText {
  enum class Kind : std::uint8_t { kTuple, kMessages, kText };
  Kind kind = Kind::kTuple;
  std::string instruction, input, output;  ///< kTuple
  std::vector<Message> messages;           ///< kMessages
  std::string text;                        ///< kText
};

/// Reads lines such as
///   {"instruction":"...","input":"...","output":"..."}    {"messages":[{"role":"user","content":"..."}]}
///   {"text":"..."}
/// Other keys are ignored. Reuses its buffers from line to line; one per thread.
class TrainingTextParser {
 public:
  /// Throws Error(kBadData) that says what the line lacks and what to do.
  TrainingText parse(std::string_view line);

 private:
  JsonReader reader_;
};

/// The sample that a training text becomes (sample_encoder.h).
EncodedSample encode_training_text(SampleEncoder& encoder, const TrainingText& text);

}  // namespace matinee
