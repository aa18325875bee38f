#include "lib/prompt/conversation_messages.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

enum class Role : std::uint8_t { kSystem, kUser, kAssistant, kTool, kToolCall };

struct RoleName {
  std::string_view name;
  Role role;
};

// OpenAI's and transformers' names, and those in ShareGPT's exports and their kind.
constexpr std::array kRoleNames = std::to_array<RoleName>({
    {"user", Role::kUser},
    {"assistant", Role::kAssistant},
    {"system", Role::kSystem},
    {"human", Role::kUser},
    {"gpt", Role::kAssistant},
    {"developer", Role::kSystem},
    {"prompter", Role::kUser},
    {"chatgpt", Role::kAssistant},
    {"bard", Role::kAssistant},
    {"bing", Role::kAssistant},
    {"claude", Role::kAssistant},
    {"model", Role::kAssistant},
    {"bot", Role::kAssistant},
    {"tool", Role::kTool},
    {"function", Role::kTool},
    {"observation", Role::kTool},
    {"ipython", Role::kTool},
    {"tool_response", Role::kTool},
    {"function_response", Role::kTool},
    {"function_call", Role::kToolCall},
    {"tool_call", Role::kToolCall},
});

Role role_of(const JsonNode& node) {
  const std::string_view name = node.view();
  for (const RoleName& known : kRoleNames)
    if (known.name == name) return known.role;
  throw bad_data("{}: expected system, user (human), assistant (gpt) or tool, found \"{}\"", node.path(), name);
}

std::string_view name_of(Role role) {
  return role == Role::kSystem ? "system" : role == Role::kUser ? "user" : "assistant";
}

// The first of `keys` that the object has; null values count.
JsonNode first_field(const JsonNode& object, std::span<const std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const JsonNode field = object[key]; field.exists()) return field;
  return object[keys.front()];
}

// The text of a part of a list: a string, or {"type":"text","text":...}.
std::string_view part_text(const JsonNode& part) {
  if (part.is_string()) return part.view();
  const std::string type = part.string_or("type", "text");
  if (type == "text" || type == "input_text" || type == "output_text") return part.get("text").view();
  Error error = bad_data("{}: expected text, found a part of type \"{}\"", part.path(), type);
  throw error.add_remedy("Matinee learns text only; leave such messages out of the data");
}

// The text of a message; "" for null and for an empty list.
std::string content_text(const JsonNode& content) {
  if (content.is_null()) return "";
  if (!content.is_array()) {
    if (content.is_string()) return content.string();
    throw bad_data("{}: expected a string or a list of parts, found {}", content.path(), content.type_name());
  }
  std::string text;
  for (const JsonNode& part : content.array()) text += part_text(part);
  return text;
}

// OpenAI's weight of an assistant's message: 0 keeps it out of the loss.
bool has_weight(const JsonNode& message) {
  const JsonNode weight = message["weight"];
  if (weight.is_null()) return true;
  if (weight.is_number() && (weight.number() == 0 || weight.number() == 1)) return weight.number() == 1;
  throw weight.unexpected("0 or 1");
}

// The name under which a message calls tools; nothing where it calls none.
std::optional<std::string_view> tool_calls(const JsonNode& message) {
  for (const std::string_view key : {"tool_calls", "function_call"}) {
    const JsonNode calls = message[key];
    if (!calls.is_null() && !(calls.is_array() && calls.size() == 0)) return key;
  }
  return std::nullopt;
}

// Reads the messages of one array in their order.
class MessageReader {
 public:
  MessageReader(bool learned, ConversationDraft& draft) : learned_(learned), draft_(draft) {}

  void read(const JsonNode& message) {
    static constexpr std::string_view kRoleKeys[] = {"role", "from"};
    static constexpr std::string_view kContentKeys[] = {"content", "value"};
    if (!message.is_object()) throw bad_data("{}: expected an object, found {}", message.path(), message.type_name());
    const JsonNode role_node = first_field(message, kRoleKeys);
    if (!role_node.exists() && message["input"].is_string() && message["output"].is_string()) {
      add(Role::kUser, message["input"].string(), true);
      add(Role::kAssistant, message["output"].string(), true);
      return;
    }
    if (!role_node.exists()) throw bad_data("{}: missing", role_node.path());
    const Role role = role_of(role_node);
    if (role == Role::kTool || role == Role::kToolCall) return leave_out(role_node.view());
    // Most messages have nothing but a role and a content; then no other key is looked for.
    const bool more = role == Role::kAssistant && message.size() > 2;
    const auto calls = more ? tool_calls(message) : std::nullopt;
    if (calls) leave_out(*calls);
    const JsonNode content = first_field(message, kContentKeys);
    if (!content.exists() && !calls) throw bad_data("{}: missing", content.path());
    std::string text = content_text(content);
    // Null, beside a call or in a message that only called something: nothing was said.
    if (role == Role::kAssistant && text.empty() && (calls || needs_tools_)) return;
    add(role, std::move(text), !more || has_weight(message));
  }

 private:
  void leave_out(std::string_view name) {
    needs_tools_ = true;
    draft_.notes.push_back({TrainingRemark::kTools, std::string(name)});
  }
  void add(Role role, std::string text, bool weighted) {
    if (role == Role::kUser) needs_tools_ = false;
    const bool learned = role == Role::kAssistant && learned_ && weighted && !needs_tools_ && has_words(text);
    draft_.messages.push_back({std::string(name_of(role)), std::move(text), learned});
  }

  bool learned_;
  bool needs_tools_ = false;
  ConversationDraft& draft_;
};

// Joins messages of one role that follow each other.
void join_neighbors(ConversationDraft& draft) {
  std::vector<Message> joined;
  joined.reserve(draft.messages.size());
  for (Message& message : draft.messages) {
    if (joined.empty() || joined.back().role != message.role) {
      joined.push_back(std::move(message));
      continue;
    }
    Message& before = joined.back();
    if (!before.content.empty() && !message.content.empty()) before.content += '\n';
    before.content += message.content;
    before.learned = before.learned && message.learned;
    draft.notes.push_back({TrainingRemark::kJoined, before.role});
  }
  draft.messages = std::move(joined);
}

}  // namespace

bool has_words(std::string_view text) { return text.find_first_not_of(" \t\r\n") != std::string_view::npos; }

void read_messages(const JsonNode& array, bool learned, ConversationDraft& draft) {
  if (!array.is_array()) throw bad_data("{}: expected an array, found {}", array.path(), array.type_name());
  MessageReader reader(learned, draft);
  const std::vector<JsonNode> messages = array.array();
  draft.messages.reserve(draft.messages.size() + messages.size());
  for (const JsonNode& message : messages) reader.read(message);
}

void mend_conversation(LearnedReplies replies, ConversationDraft& draft) {
  std::vector<Message>& messages = draft.messages;
  const auto neighbors = [](const Message& a, const Message& b) { return a.role == b.role; };
  if (std::adjacent_find(messages.begin(), messages.end(), neighbors) != messages.end()) join_neighbors(draft);
  auto first = messages.begin();
  if (first != messages.end() && first->role == "system") ++first;
  if (first != messages.end() && first->role == "assistant") {
    draft.notes.push_back({TrainingRemark::kAssistantFirst, ""});
    messages.erase(first);
  }
  if (!messages.empty() && messages.back().role == "user") {
    draft.notes.push_back({TrainingRemark::kUserLast, ""});
    messages.pop_back();
  }
  bool any = false;
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (message->role != "assistant") continue;
    if (any && replies == LearnedReplies::kLast) message->learned = false;
    any = any || message->learned;
    if (replies == LearnedReplies::kLast && !any) break;
  }
  if (!any) draft.notes = {{TrainingRemark::kNothingToLearn, ""}};
}

}  // namespace matinee
