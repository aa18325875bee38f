#include "lib/serve/chat_service.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lib/http/http_session.h"
#include "lib/io/json_reader.h"
#include "tests/http/memory_stream.h"
#include "tests/serve/fake_conversations.h"

namespace matinee {
namespace {

using testing::FakeConversations;
using testing::MemoryStream;

struct Reply {
  int status = 0;
  std::string head, body;
  bool has(const std::string& line) const { return head.find("\r\n" + line + "\r\n") != std::string::npos; }
};

struct ServiceTest : ::testing::Test {
  Reply ask(const std::string& method, const std::string& path, const std::string& headers = "",
            const std::string& body = "") {
    const std::string host = headers.find("Host:") == std::string::npos ? "Host: localhost\r\n" : "";
    const std::string length = body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
    MemoryStream stream({fmt::format("{} {} HTTP/1.1\r\n{}{}{}\r\n{}", method, path, host, headers, length, body)});
    stream.left = left;
    serve_connection(stream, *service);
    Reply reply;
    const std::size_t end = stream.output.find("\r\n\r\n");
    if (end == std::string::npos) return reply;
    reply.status = std::atoi(stream.output.c_str() + 9);
    reply.head = stream.output.substr(0, end + 2);
    reply.body = stream.output.substr(end + 4);
    return reply;
  }
  Reply chat(const std::string& content, const std::string& more = "", const std::string& headers = "") {
    return ask("POST", "/v1/chat/completions", "Content-Type: application/json\r\n" + headers,
               R"({"messages":[{"role":"user","content":")" + content + R"("}])" + more + "}");
  }
  // The data of the events of a stream.
  static std::vector<std::string> events(const Reply& reply) {
    std::vector<std::string> found;
    for (std::size_t at = 0; (at = reply.body.find("data: ", at)) != std::string::npos;) {
      const std::size_t end = reply.body.find("\n\n", at);
      found.push_back(reply.body.substr(at + 6, end - at - 6));
      at = end;
    }
    return found;
  }
  void restart(ChatServiceOptions options) {
    options.note = [this](std::string_view note) { notes += note; };
    service = std::make_unique<ChatService>(conversations, std::move(options));
  }
  void SetUp() override { restart({}); }

  FakeConversations conversations;
  std::unique_ptr<ChatService> service;
  std::string notes;
  bool left = false;
};

// The id and the time differ in each answer.
std::string without_id(std::string json) {
  const std::size_t id = json.find("chatcmpl-");
  if (id != std::string::npos) json.replace(id + 9, 16, "X");
  const std::size_t created = json.find("\"created\":") + 10;
  const std::size_t end = json.find(',', created);
  return json.replace(created, end - created, "0");
}

TEST_F(ServiceTest, AWholeAnswer) {
  const Reply reply = chat("hi", R"(,"model":"gpt-3.5-turbo")");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Content-Type: application/json")) << reply.head;
  EXPECT_EQ(without_id(reply.body),
            R"({"id":"chatcmpl-X","object":"chat.completion","created":0,"model":"matinee","choices":[{"index":0,)"
            R"("message":{"role":"assistant","content":"hi"},"matinee":{"films":[]},"logprobs":null,)"
            R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}})");
  EXPECT_NE(chat("hi", R"(,"max_tokens":1)").body.find(R"("finish_reason":"length")"), std::string::npos);
}

TEST_F(ServiceTest, AStream) {
  const Reply reply = chat("hi", R"(,"stream":true)");
  EXPECT_TRUE(reply.has("Content-Type: text/event-stream; charset=utf-8")) << reply.head;
  const auto chunks = events(reply);
  ASSERT_EQ(chunks.size(), 5u) << reply.body;
  const std::string begin = R"({"id":"chatcmpl-X","object":"chat.completion.chunk","created":0,"model":"matinee",)";
  EXPECT_EQ(without_id(chunks[0]), begin + R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},)"
                                           R"("logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(without_id(chunks[2]),
            begin + R"("choices":[{"index":0,"delta":{"content":"i"},"logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(without_id(chunks[3]), begin + R"("choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop",)"
                                           R"("matinee":{"films":[]}}]})");
  EXPECT_EQ(chunks[4], "[DONE]");
  EXPECT_EQ(chunks[0].substr(0, 30), chunks[3].substr(0, 30)) << "one id";
  const auto empty = events(chat("", R"(,"stream":true)"));
  ASSERT_EQ(empty.size(), 3u) << "an empty text";
  EXPECT_NE(empty[0].find(R"("role":"assistant")"), std::string::npos);
}

TEST_F(ServiceTest, AStreamWithUsage) {
  const auto chunks = events(chat("hi", R"(,"stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(chunks.size(), 6u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NE(chunks[i].find(R"(}],"usage":null})"), std::string::npos) << chunks[i];
  EXPECT_NE(chunks[4].find(R"("choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}})"),
            std::string::npos)
      << chunks[4];
}

TEST_F(ServiceTest, ErrorsHaveTheFormOfOpenAIs) {
  for (const char* stream : {"", R"(,"stream":true)"}) {
    const Reply refused = chat("refuse", stream);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body,
              R"({"error":{"message":"messages[0].matinee: not like that","type":"invalid_request_error",)"
              R"("param":"messages[0].matinee","code":null}})");
    notes.clear();
    EXPECT_EQ(chat("fail", stream).status, 500);
    EXPECT_EQ(notes, "a request failed: the catalog is broken");
  }
  const auto broken = events(chat("break", R"(,"stream":true)"));
  ASSERT_EQ(broken.size(), 7u) << "role, five letters, error";
  EXPECT_EQ(broken.back(), R"({"error":{"message":"the request failed; the server has printed why",)"
                           R"("type":"server_error","param":null,"code":null}})");
}

TEST_F(ServiceTest, EveryErrorIsJson) {
  const std::string json = "Content-Type: application/json\r\n";
  const std::vector<std::pair<int, Reply>> replies{
      {404, ask("POST", "/v1/completions", json, "{}")},
      {404, ask("GET", "/nothing")},
      {404, ask("GET", "/../../etc/passwd")},
      {404, ask("GET", "/%2e%2e/%2e%2e/etc/passwd")},
      {404, ask("GET", "/v1/models/")},
      {404, ask("GET", "/api/movies/tt1")},
      {404, ask("GET", "/api/map")},
      {405, ask("GET", "/v1/chat/completions")},
      {405, ask("DELETE", "/v1/models")},
      {405, ask("PUT", "/health", json, "{}")},
      {400, ask("POST", "/v1/chat/completions", json, "{\"messages\":")},
      {400, ask("POST", "/v1/chat/completions", json)},
      {415, ask("POST", "/v1/chat/completions", "Content-Type: text/plain\r\n", "{}")},
      {415, ask("POST", "/v1/chat/completions", "", "{}")},
      {413, ask("POST", "/v1/chat/completions", json, std::string((1 << 20) + 1, ' '))},
      {403, ask("GET", "/health", "Host: evil.example\r\n")},
      {400, ask("GET", "/health", "Host: localhost\r\nbad header\r\n")},
  };
  for (const auto& [status, reply] : replies) {
    EXPECT_EQ(reply.status, status) << reply.head << reply.body;
    EXPECT_TRUE(reply.has("Content-Type: application/json")) << reply.head;
    EXPECT_TRUE(reply.has("X-Content-Type-Options: nosniff")) << reply.head;
    JsonReader reader;
    EXPECT_TRUE(reader.parse(reply.body)["error"]["message"].is_string()) << reply.body;
  }
  EXPECT_TRUE(ask("GET", "/v1/chat/completions").has("Allow: POST, OPTIONS"));
  const Reply head = ask("HEAD", "/nothing");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.body, "");
}

TEST_F(ServiceTest, Models) {
  const Reply reply = ask("GET", "/v1/models");
  EXPECT_EQ(without_id(reply.body),
            R"({"object":"list","data":[{"id":"matinee","object":"model","created":0,"owned_by":"matinee"}]})");
  EXPECT_EQ(without_id(ask("GET", "/v1/models/gpt-4").body),
            R"({"id":"matinee","object":"model","created":0,"owned_by":"matinee"})");
  ChatServiceOptions options;
  options.access.key = "0123456789abcdef";
  restart(std::move(options));
  for (const char* header : {"", "Authorization: Bearer \r\n", "Authorization: Bearer wrong\r\n"}) {
    EXPECT_EQ(ask("GET", "/v1/models", header).status, 200);
    EXPECT_EQ(ask("GET", "/health", header).status, 200);
    EXPECT_EQ(ask("GET", "/api/start", header).status, 401);
    const Reply refused = chat("hi", "", header);
    EXPECT_EQ(refused.status, 401);
    EXPECT_TRUE(refused.has("WWW-Authenticate: Bearer"));
    EXPECT_NE(refused.body.find(R"("code":"invalid_api_key")"), std::string::npos);
  }
  EXPECT_EQ(chat("hi", "", "Authorization: Bearer 0123456789abcdef\r\n").status, 200);
  EXPECT_EQ(conversations.calls, 1);
}

TEST_F(ServiceTest, PagesOfThisMachineMayReadEveryAnswer) {
  const std::string origin = "Origin: http://localhost:3000\r\n",
                    allowed = "Access-Control-Allow-Origin: http://localhost:3000";
  ChatServiceOptions options;
  options.access.key = "0123456789abcdef";
  restart(std::move(options));
  const Reply preflight = ask("OPTIONS", "/v1/chat/completions",
                              origin +
                                  "Access-Control-Request-Method: POST\r\n"
                                  "Access-Control-Request-Headers: authorization, content-type\r\n");
  EXPECT_EQ(preflight.status, 204) << "without a key";
  EXPECT_TRUE(preflight.has(allowed));
  EXPECT_TRUE(preflight.has("Access-Control-Allow-Headers: authorization, content-type"));
  EXPECT_EQ(preflight.head.find("Content-Length"), std::string::npos) << preflight.head;
  const std::string key = "Authorization: Bearer 0123456789abcdef\r\n";
  for (const Reply& reply :
       {chat("hi", "", origin + key), chat("hi", R"(,"stream":true)", origin + key), chat("hi", "", origin),
        ask("GET", "/nothing", origin), ask("POST", "/v1/chat/completions", origin + key, "{}"),
        ask("POST", "/v1/chat/completions", origin + key + "Content-Type: application/json\r\n", "{")}) {
    EXPECT_TRUE(reply.has(allowed)) << reply.head;
    EXPECT_TRUE(reply.has("Vary: Origin")) << reply.head;
  }
  for (const char* method : {"OPTIONS", "GET"}) {
    const Reply evil = ask(method, "/v1/models", "Origin: https://evil.example\r\n");
    EXPECT_EQ(evil.status, 403);
    EXPECT_EQ(evil.head.find("Access-Control"), std::string::npos);
  }
}

TEST_F(ServiceTest, TurnsAreLimited) {
  ChatServiceOptions options;
  options.max_turns = 1;
  restart(std::move(options));
  Reply inner;
  conversations.on_letter = [&] {
    conversations.on_letter = {};
    inner = chat("b");
  };
  EXPECT_EQ(chat("a").status, 200);
  EXPECT_EQ(inner.status, 503);
  EXPECT_TRUE(inner.has("Retry-After: 1")) << inner.head;
  EXPECT_EQ(chat("c").status, 200) << "the place is free again";
}

TEST_F(ServiceTest, AClientThatLeavesEndsItsTurn) {
  left = true;
  chat("hello", R"(,"stream":true)");
  chat("hello");
  EXPECT_EQ(conversations.stopped, 2);
}

TEST_F(ServiceTest, TheApiOfThePage) {
  EXPECT_EQ(ask("GET", "/api/movies/tt0113277").body, R"({"tconst":"tt0113277"})");
  EXPECT_EQ(ask("GET", "/api/movies?q=he%22at+2").body, "{\"films\":[\"he\"at 2\"]}");
  EXPECT_EQ(ask("POST", "/api/memory", "Content-Type: application/json; charset=utf-8\r\n", "{}").body, "{}");
  EXPECT_TRUE(ask("GET", "/api/memory").has("Content-Type: application/x-ndjson"));
}

}  // namespace
}  // namespace matinee
