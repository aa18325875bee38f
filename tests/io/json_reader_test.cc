#include "lib/io/json_reader.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

TEST(JsonReader, GivesTheValues) {
  JsonReader reader;
  const JsonNode root = reader.parse(R"({"a":{"b":[1,2.5,"x",true,null]},"n":null,"empty":{}})");
  const std::vector<JsonNode> items = root["a"]["b"].array();
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].integer(), 1);
  EXPECT_EQ(items[0].number(), 1.0);
  EXPECT_EQ(items[1].number(), 2.5);
  EXPECT_EQ(items[2].string(), "x");
  EXPECT_TRUE(items[3].boolean());
  EXPECT_TRUE(items[4].is_null());
  EXPECT_TRUE(items[4].exists());
  EXPECT_TRUE(root["n"].exists());
  EXPECT_FALSE(root.has("n"));
  EXPECT_FALSE(root["none"].exists());
  EXPECT_EQ(root["a"]["b"].text(), R"([1,2.5,"x",true,null])");
  EXPECT_EQ(root["a"]["b"].size(), 5u);
  EXPECT_EQ(root["empty"].size(), 0u);
  EXPECT_EQ(root.string_or("n", "else"), "else");
  EXPECT_EQ(root.integer_or("none", 7), 7);
  EXPECT_EQ(root.number_or("none", 0.5), 0.5);
  EXPECT_TRUE(root.boolean_or("none", true));
  std::string keys;
  for (const auto& [key, value] : root.fields()) keys += std::string(key) + " ";
  EXPECT_EQ(keys, "a n empty ");
}

TEST(JsonReader, ErrorsNameThePathAndWhatWasFound) {
  JsonReader reader;
  const JsonNode root = reader.parse(R"({"a":[{"b":1},{"b":"x"}],"long":")" + std::string(100, 'y') + "\"}");
  const std::vector<JsonNode> items = root["a"].array();
  EXPECT_EQ(error_of([&] { items[1]["b"].number(); }), "a[1].b: expected a number, found \"x\"");
  EXPECT_EQ(error_of([&] { items[0]["b"].view(); }), "a[0].b: expected a string, found 1");
  EXPECT_EQ(error_of([&] { items[0]["c"].integer(); }), "a[0].c: missing; expected an integer");
  EXPECT_EQ(error_of([&] { items[0].get("c"); }), "a[0].c: missing");
  EXPECT_EQ(error_of([&] { root["long"].boolean(); }), "long: expected true or false, found a string");
  EXPECT_EQ(error_of([&] { root.array(); }).substr(0, 24), "expected an array, found");
  EXPECT_EQ(error_of([&] { items[0]["b"]["c"].view(); }), "a[0].b: expected an object, found 1");
  EXPECT_EQ(error_of([&] { read_json("{\"a\":1", "f", [](const JsonNode&) { return 0; }); }).substr(0, 18),
            "f: not valid JSON:");
  EXPECT_EQ(error_of([] { read_json("[1]", "f", [](const JsonNode& node) { return node["a"].integer(); }); }),
            "f: expected an object, found [1]");
}

TEST(JsonReader, ReadsIntegersThatFitNoMachineWordAsNumbers) {
  JsonReader reader;
  EXPECT_EQ(reader.parse(R"({"a":1000000000000000019884624838656})")["a"].number(), 1e30);
  EXPECT_EQ(reader.parse(R"({"a":3})")["a"].integer(), 3);
}

TEST(JsonReader, VisitsTextsWithTheirPaths) {
  JsonReader reader;
  const JsonNode root = reader.parse(R"({"m":["a b",["c","d"],["e"]]})");
  std::vector<std::size_t> counts;
  root["m"].each_texts(
      [&](std::span<const std::string_view> texts, bool alone) { counts.push_back(alone ? 0 : texts.size()); });
  EXPECT_EQ(counts, (std::vector<std::size_t>{0, 2, 1}));
  const auto refuse = [](std::span<const std::string_view>, bool alone) {
    if (!alone) throw Error(ErrorCode::kBadData, "no pairs");
  };
  EXPECT_EQ(error_of([&] { root["m"].each_texts(refuse); }), "m[1]: no pairs");
}

}  // namespace
}  // namespace matinee
