#include "lib/io/json_writer.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <string>

namespace matinee {
namespace {

TEST(JsonWriter, WritesNestedValuesWithoutSpaces) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("a", 1).key("b").begin_array().string("x").null().number(0.5).end_array();
  json.field("c", true).key("d").begin_object().end_object().end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",null,0.5],"c":true,"d":{}})");
}

TEST(JsonWriter, NumbersReadBackTheSame) {
  for (const double value : {0.1, 1e300, -3.0, 1.0 / 3, 5e-324}) {
    std::string out;
    JsonWriter(out).number(value);
    EXPECT_EQ(std::strtod(out.c_str(), nullptr), value) << out;
  }
  std::string out;
  JsonWriter(out).number(1.0 / 0.0);
  EXPECT_EQ(out, "null");
}

// Every byte alone and after a letter: the output must always parse, and valid text must read back unchanged.
TEST(JsonWriter, AnyBytesGiveValidJson) {
  simdjson::dom::parser parser;
  for (int a = 0; a < 256; ++a) {
    for (const int b : {0, 0x78, 0x22, 0x80, 0xA0, 0xBF, 0xC3, 0xED, 0xFF}) {
      const std::string text{'x', static_cast<char>(a), static_cast<char>(b), 'y'};
      std::string out;
      append_json_string(out, text);
      std::string_view back;
      ASSERT_EQ(parser.parse(out).get(back), simdjson::SUCCESS) << out;
      if (a < 0x80 && b < 0x80) {
        EXPECT_EQ(back, text);
      }
    }
  }
  for (const std::string text : {"Amélie", "千と千尋の神隠し", "🎬", "a\"b\\c\n\t"}) {
    std::string out;
    append_json_string(out, text);
    std::string_view back;
    ASSERT_EQ(parser.parse(out).get(back), simdjson::SUCCESS);
    EXPECT_EQ(back, text);
  }
}

}  // namespace
}  // namespace matinee
