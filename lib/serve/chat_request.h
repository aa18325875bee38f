#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace matinee {

/// Who wrote a message. kSystem: roles system and developer, whose messages are ignored.
enum class MessageRole : std::uint8_t { kSystem, kUser, kAssistant };

struct ChatMessage {
  MessageRole role = MessageRole::kUser;
  std::string content;
  std::string edit;  ///< the JSON of `matinee` beside the content; "" if there is none
};

/// A request for the next turn of a conversation (docs/formats.md, "HTTP").
struct ChatRequest {
  std::string model;  ///< as the client named it
  std::vector<ChatMessage> messages;
  bool stream = false, include_usage = false;
  std::int64_t max_tokens = -1;  ///< of the visible text; -1: no limit
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed;
  /// metadata.conversation: names the conversation, so that verdicts of turns that were edited away are taken back from
  /// the memory; "" if the client does not say.
  std::string conversation;
};

}  // namespace matinee
