#include "lib/serve/answer_json.h"

#include <fmt/format.h>

#include <atomic>
#include <ctime>
#include <functional>
#include <random>

#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr const char* kModel = "matinee";

void write_usage(JsonWriter& json, const Answer& answer) {
  json.begin_object();
  json.field("prompt_tokens", answer.prompt_tokens).field("completion_tokens", answer.completion_tokens);
  json.field("total_tokens", answer.prompt_tokens + answer.completion_tokens).end_object();
}

const char* finish_reason(Finish finish) { return finish == Finish::kLength ? "length" : "stop"; }

void begin(JsonWriter& json, const CompletionHead& head, const char* object) {
  json.begin_object().field("id", head.id).field("object", object);
  json.field("created", head.created).field("model", kModel);
}

std::string chunk(const CompletionHead& head, const std::function<void(JsonWriter&)>& delta, const Answer* last) {
  std::string out;
  JsonWriter json(out);
  begin(json, head, "chat.completion.chunk");
  json.key("choices").begin_array().begin_object().field("index", 0).key("delta").begin_object();
  delta(json);
  json.end_object().key("logprobs").null();
  if (last != nullptr) {
    json.field("finish_reason", finish_reason(last->finish));
    if (!last->matinee.empty()) json.key("matinee").raw(last->matinee);
  } else {
    json.key("finish_reason").null();
  }
  json.end_object().end_array();
  if (head.include_usage) json.key("usage").null();
  json.end_object();
  return out;
}

}  // namespace

CompletionHead new_completion(bool include_usage) {
  static const std::uint64_t first = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  static std::atomic<std::uint64_t> count = 0;
  // An odd factor keeps the ids apart.
  const std::uint64_t number = first + 0x9E3779B97F4A7C15u * count++;
  return {fmt::format("chatcmpl-{:016x}", number), static_cast<std::int64_t>(std::time(nullptr)), include_usage};
}

std::string completion_json(const CompletionHead& head, const Answer& answer) {
  std::string out;
  JsonWriter json(out);
  begin(json, head, "chat.completion");
  json.key("choices").begin_array().begin_object().field("index", 0);
  json.key("message").begin_object().field("role", "assistant").field("content", answer.text).end_object();
  if (!answer.matinee.empty()) json.key("matinee").raw(answer.matinee);
  json.key("logprobs").null().field("finish_reason", finish_reason(answer.finish)).end_object().end_array();
  json.key("usage");
  write_usage(json, answer);
  json.end_object();
  return out;
}

std::string role_chunk(const CompletionHead& head) {
  return chunk(
      head, [](JsonWriter& json) { json.field("role", "assistant").field("content", ""); }, nullptr);
}

std::string text_chunk(const CompletionHead& head, std::string_view text) {
  return chunk(
      head, [&](JsonWriter& json) { json.field("content", text); }, nullptr);
}

std::string last_chunk(const CompletionHead& head, const Answer& answer) {
  return chunk(
      head, [](JsonWriter&) {}, &answer);
}

std::string usage_chunk(const CompletionHead& head, const Answer& answer) {
  std::string out;
  JsonWriter json(out);
  begin(json, head, "chat.completion.chunk");
  json.key("choices").begin_array().end_array().key("usage");
  write_usage(json, answer);
  json.end_object();
  return out;
}

std::string model_json(std::int64_t created) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("id", kModel).field("object", "model").field("created", created);
  json.field("owned_by", kModel).end_object();
  return out;
}

std::string models_json(std::int64_t created) { return R"({"object":"list","data":[)" + model_json(created) + "]}"; }

std::string error_json(int status, std::string_view message, std::string_view param, std::string_view code) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("error").begin_object().field("message", message);
  json.field("type", status >= 500 ? "server_error" : "invalid_request_error");
  const auto optional = [&](const char* name, std::string_view text) {
    json.key(name);
    if (text.empty()) {
      json.null();
    } else {
      json.string(text);
    }
  };
  optional("param", param);
  optional("code", code);
  json.end_object().end_object();
  return out;
}

}  // namespace matinee
