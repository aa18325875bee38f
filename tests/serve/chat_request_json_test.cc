#include "lib/serve/chat_request_json.h"

#include <gtest/gtest.h>

#include "lib/serve/request_error.h"

namespace matinee {
namespace {

// The error of a body, as "PARAM | MESSAGE".
std::string error_of(std::string_view body) {
  try {
    parse_chat_request(body);
  } catch (const RequestError& error) {
    EXPECT_EQ(error.status(), 400);
    return error.param() + " | " + error.what();
  }
  return "";
}

std::string one(const std::string& message) { return R"({"messages":[)" + message + "]}"; }

TEST(ChatRequestJson, WhatOpenAIsClientsSend) {
  const ChatRequest request = parse_chat_request(R"({"model":"gpt-3.5-turbo","messages":[
    {"role":"developer","content":"Be brief."},{"role":"system","content":"Really."},
    {"role":"user","content":"hi","name":"ann"},{"role":"assistant","content":null,"refusal":null},
    {"role":"user","content":[{"type":"text","text":"a "},{"type":"text","text":"comedy"}],
     "matinee":{"preferences":{"genres":["Comedy"]}}}],
    "temperature":0.7,"n":1,"tools":[],"stream":true,"stream_options":{"include_usage":true},"max_tokens":null,
    "max_completion_tokens":5,"stop":["a","","b"],"seed":-1,"user":"x","logit_bias":{},
    "metadata":{"conversation":"c1"}})");
  EXPECT_EQ(request.model, "gpt-3.5-turbo");
  ASSERT_EQ(request.messages.size(), 5u);
  EXPECT_EQ(request.messages[0].role, MessageRole::kSystem);
  EXPECT_EQ(request.messages[1].role, MessageRole::kSystem);
  EXPECT_EQ(request.messages[3].content, "");
  EXPECT_EQ(request.messages[4].content, "a comedy");
  EXPECT_EQ(request.messages[4].edit, R"({"preferences":{"genres":["Comedy"]}})");
  EXPECT_EQ(request.messages[2].edit, "");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_EQ(request.max_tokens, 5);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.seed, UINT64_MAX);
  EXPECT_EQ(request.conversation, "c1");
}

TEST(ChatRequestJson, MostMayBeMissing) {
  const ChatRequest request = parse_chat_request(one(R"({"role":"user"})"));
  EXPECT_EQ(request.messages[0].content, "");
  EXPECT_EQ(request.max_tokens, -1);
  EXPECT_FALSE(request.stream || request.include_usage || request.seed || !request.stop.empty());
  EXPECT_EQ(parse_chat_request(R"({"messages":[{"role":"user","content":""}],"stop":"x","stream":null,
    "stream_options":null,"seed":null,"metadata":null})")
                .stop,
            std::vector<std::string>{"x"});
}

TEST(ChatRequestJson, ErrorsNameThePlace) {
  EXPECT_EQ(error_of("{"),
            " | not valid JSON: The JSON document has an improper structure: missing or superfluous "
            "commas, braces, missing keys, etc.");
  EXPECT_EQ(error_of("[]"), " | expected an object, found []");
  EXPECT_EQ(error_of(one("")), "messages | messages: expected at least one message");
  EXPECT_EQ(error_of(one(R"({"role":"tool","content":"x"})")),
            "messages[0].role | messages[0].role: expected user, assistant, system or developer, found \"tool\"");
  EXPECT_EQ(error_of(one(R"({"role":"user","content":7})")),
            "messages[0].content | messages[0].content: expected a text, null or a list of parts, found 7");
  EXPECT_EQ(
      error_of(one(R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]})")),
      "messages[0].content[0].type | messages[0].content[0].type: expected text, found \"image_url\"; only text is "
      "read");
  EXPECT_EQ(error_of(one(R"({"role":"user","matinee":[]})")),
            "messages[0].matinee | messages[0].matinee: expected an object, found []");
  for (const auto& [field, param] :
       std::vector<std::pair<std::string, std::string>>{{R"("max_tokens":0)", "max_tokens"},
                                                        {R"("max_tokens":1.5)", "max_tokens"},
                                                        {R"("stream":"yes")", "stream"},
                                                        {R"("stream_options":[])", "stream_options"},
                                                        {R"("stop":[7])", "stop[0]"},
                                                        {R"("stop":7)", "stop"},
                                                        {R"("seed":"a")", "seed"},
                                                        {R"("model":7)", "model"}}) {
    const std::string error = error_of(R"({"messages":[{"role":"user"}],)" + field + "}");
    EXPECT_EQ(error.substr(0, error.find(' ')), param) << error;
  }
  EXPECT_EQ(error_of("{}").substr(0, 11), "messages | ");
}

}  // namespace
}  // namespace matinee
