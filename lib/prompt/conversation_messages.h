#pragma once

#include <string_view>
#include <vector>

#include "lib/io/json_reader.h"
#include "lib/prompt/prompt_template.h"
#include "lib/prompt/training_remark.h"

namespace matinee {

/// Which of the assistant's messages are learned.
enum class LearnedReplies : std::uint8_t { kAll, kLast };

/// A conversation on its way from JSON to PromptTemplate::turns.
struct ConversationDraft {
  std::vector<Message> messages;
  std::vector<TrainingNote> notes;
};

/// Appends the messages of an array, each {"role","content"} or ShareGPT's {"from","value"} (the names of roles are in
/// the .cc file) or an exchange {"input","output"}. Content is a text or a list of text parts. Tool calls and results
/// are left out, and the replies up to the user's next message are not learned. Nor are empty replies, those with
/// "weight": 0, and, where `learned` is false, any. Throws Error(kBadData) with the path of what cannot be used.
void read_messages(const JsonNode& array, bool learned, ConversationDraft& draft);

/// Makes the messages a conversation that a template can spell: an optional system message, then user and assistant in
/// turn, the assistant's last. Notes what it changes. If no learned reply is left, the only note is kNothingToLearn.
void mend_conversation(LearnedReplies replies, ConversationDraft& draft);

/// True where the text has more than white space.
bool has_words(std::string_view text);

}  // namespace matinee
