// libFuzzer target: any bytes as the body of a request give a RequestError with status 400 or a request, which is the
// same when it is written and read again.
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/io/json_writer.h"
#include "lib/serve/chat_request_json.h"
#include "lib/serve/request_error.h"

namespace {

using namespace matinee;

std::string written(const ChatRequest& request) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("model", request.model).key("messages").begin_array();
  for (const ChatMessage& message : request.messages) {
    const char* role = message.role == MessageRole::kUser        ? "user"
                       : message.role == MessageRole::kAssistant ? "assistant"
                                                                 : "system";
    json.begin_object().field("role", role).field("content", message.content);
    if (!message.edit.empty()) json.key("matinee").raw(message.edit);
    json.end_object();
  }
  json.end_array().field("stream", request.stream);
  json.key("stream_options").begin_object().field("include_usage", request.include_usage).end_object();
  if (request.max_tokens >= 0) json.field("max_tokens", request.max_tokens);
  json.key("stop").begin_array();
  for (const std::string& stop : request.stop) json.string(stop);
  json.end_array();
  if (request.seed) json.field("seed", static_cast<std::int64_t>(*request.seed));
  json.key("metadata").begin_object().field("conversation", request.conversation).end_object().end_object();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const ChatRequest request = parse_chat_request({reinterpret_cast<const char*>(data), size});
    if (request.messages.empty() || request.max_tokens == 0) __builtin_trap();
    const std::string once = written(request);
    if (written(parse_chat_request(once)) != once) __builtin_trap();
  } catch (const RequestError& error) {
    if (error.status() != 400 || error.what()[0] == '\0') __builtin_trap();
  }
  return 0;
}
