#include "lib/serve/chat_request_json.h"

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/serve/request_error.h"

namespace matinee {
namespace {

constexpr std::size_t kMaxStops = 16;

MessageRole parse_role(const JsonNode& role) {
  const std::string_view name = role.view();
  if (name == "user") return MessageRole::kUser;
  if (name == "assistant") return MessageRole::kAssistant;
  if (name == "system" || name == "developer") return MessageRole::kSystem;
  throw role.unexpected("user, assistant, system or developer");
}

std::string part_text(const JsonNode& part) {
  const JsonNode type = part.get("type");
  if (type.view() == "text") return part.get("text").string();
  throw bad_data("{}: expected text, found {}; only text is read", type.path(), type.text());
}

// A text, null, or parts of type text, which are joined.
std::string parse_content(const JsonNode& content) {
  if (content.is_null()) return "";
  if (content.is_string()) return content.string();
  if (!content.is_array()) throw content.unexpected("a text, null or a list of parts");
  std::string text;
  for (const JsonNode& part : content.array()) text += part_text(part);
  return text;
}

ChatMessage parse_message(const JsonNode& node) {
  ChatMessage message;
  message.role = parse_role(node.get("role"));
  message.content = parse_content(node["content"]);
  if (node.has("matinee")) {
    const JsonNode edit = node["matinee"];
    if (!edit.is_object()) throw edit.unexpected("an object");
    message.edit = edit.text();
  }
  return message;
}

std::vector<ChatMessage> parse_messages(const JsonNode& list) {
  std::vector<ChatMessage> messages;
  for (const JsonNode& node : list.array()) messages.push_back(parse_message(node));
  if (messages.empty()) throw bad_data("messages: expected at least one message");
  return messages;
}

std::vector<std::string> parse_stop(const JsonNode& stop) {
  std::vector<std::string> texts;
  if (stop.is_null()) return texts;
  if (stop.is_string()) {
    texts.push_back(stop.string());
  } else {
    if (!stop.is_array()) throw stop.unexpected("a text or a list of texts");
    for (const JsonNode& text : stop.array()) texts.push_back(text.string());
  }
  if (texts.size() > kMaxStops) throw bad_data("stop: expected at most {} texts, found {}", kMaxStops, texts.size());
  std::erase(texts, "");
  return texts;
}

std::int64_t parse_limit(const JsonNode& root) {
  for (const std::string_view name : {"max_completion_tokens", "max_tokens"}) {
    if (!root.has(name)) continue;
    const std::int64_t limit = root[name].integer();
    if (limit < 1) throw root[name].unexpected("a number from 1 on");
    return limit;
  }
  return -1;
}

ChatRequest parse(const JsonNode& root) {
  if (!root.is_object()) throw root.unexpected("an object");
  ChatRequest request;
  request.model = root.string_or("model", "");
  request.messages = parse_messages(root.get("messages"));
  request.stream = root.boolean_or("stream", false);
  if (root.has("stream_options")) request.include_usage = root["stream_options"].boolean_or("include_usage", false);
  request.max_tokens = parse_limit(root);
  request.stop = parse_stop(root["stop"]);
  if (root.has("seed")) request.seed = static_cast<std::uint64_t>(root["seed"].integer());
  if (root.has("metadata")) request.conversation = root["metadata"].string_or("conversation", "");
  return request;
}

// "messages[0].role" of "messages[0].role: expected ...". Only paths have no space before the colon.
std::string path_of(std::string_view message) {
  const std::size_t end = message.find(": ");
  const std::string_view path = message.substr(0, end == std::string_view::npos ? 0 : end);
  return path.find(' ') == std::string_view::npos ? std::string(path) : "";
}

}  // namespace

ChatRequest parse_chat_request(std::string_view body) {
  try {
    JsonReader reader;
    return parse(reader.parse(body));
  } catch (const Error& error) {
    throw RequestError(400, error.what(), path_of(error.what()));
  }
}

}  // namespace matinee
