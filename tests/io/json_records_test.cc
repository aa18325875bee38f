#include "lib/io/json_records.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;  // place after the file's name, text

class JsonRecords : public ::testing::Test {
 protected:
  Records read(const std::string& bytes, std::size_t limit = 1 << 20) {
    write_file(folder.file("x.json"), bytes);
    JsonRecordReader reader(folder.file("x.json"), limit);
    Records records;
    std::string_view record;
    while (reader.next(record))
      records.emplace_back(reader.place(reader.position()).substr(folder.file("x.json").size()), record);
    return records;
  }
  std::string refusal(const std::string& bytes, std::size_t limit = 1 << 20) {
    return testing::error_of([&] { read(bytes, limit); }).substr(folder.file("x.json").size());
  }
  testing::TemporaryFolder folder;
};

TEST_F(JsonRecords, LinesStayLines) {
  EXPECT_EQ(read("\xEF\xBB\xBF{\"a\":1}\r\n\n[2,\n3"),
            (Records{{":1", "{\"a\":1}"}, {":2", ""}, {":3", "[2,"}, {":4", "3"}}));
  EXPECT_EQ(read(""), Records{});
  EXPECT_EQ(read("{"), (Records{{":1", "{"}}));
}

TEST_F(JsonRecords, AnArrayGivesItsElements) {
  EXPECT_EQ(read(" [ {\"a\":\"]}\\\"\"},\n\n {\"b\":[1,{}]} , 3,\"x,\" ,null]\n"),
            (Records{{":1: [0]", "{\"a\":\"]}\\\"\"}"},
                     {":3: [1]", "{\"b\":[1,{}]}"},
                     {":3: [2]", "3"},
                     {":3: [3]", "\"x,\""},
                     {":3: [4]", "null"}}));
  EXPECT_EQ(read("[]"), Records{});
  EXPECT_EQ(read("[1]\n[2,3]"), (Records{{":1: [0]", "1"}, {":2: [0]", "2"}, {":2: [1]", "3"}}));
  EXPECT_EQ(read("[[1,2],[]]"), (Records{{":1: [0]", "[1,2]"}, {":1: [1]", "[]"}}));
}

TEST_F(JsonRecords, ObjectsOverSeveralLines) {
  EXPECT_EQ(read("{\n\"a\":1\n}\n{\n\"b\":\"{\"}\n7\n"),
            (Records{{":1", "{\n\"a\":1\n}"}, {":4", "{\n\"b\":\"{\"}"}, {":6", "7"}}));
}

TEST_F(JsonRecords, AnEndThatIsMissingIsNamed) {
  EXPECT_EQ(refusal("[1,\n2"), ":2: the array has no end; is the file cut off?");
  EXPECT_EQ(refusal("[1,\n{\"a\":\"b"), ":2: [1]: the value has no end; is the file cut off?");
  EXPECT_EQ(refusal("[1,\n{\"a\":\"b\\"), ":2: [1]: the value has no end; is the file cut off?");
  EXPECT_EQ(refusal("[\"" + std::string(100, 'x') + "\"]", 50).substr(0, 30), ":1: [0]: longer than 50 bytes");
  EXPECT_EQ(read("[1] ]"), (Records{{":1: [0]", "1"}, {":1", "]"}})) << "for the parser to refuse";
}

// Values larger than what is read at once, whose quotation marks and backslashes fall on any boundary.
TEST_F(JsonRecords, ElementsMayCrossTheBuffer) {
  Random random(5, "records");
  std::string array = "[";
  std::vector<std::string> elements;
  for (int i = 0; i < 60; ++i) {
    std::string element = "{\"a\":\"";
    const std::size_t size = random.below(i % 10 == 0 ? 400000 : 9000);
    constexpr const char* kParts[] = {"\\\\", "\\\"", "}]", ",{[", "\n"};
    while (element.size() < size) element += kParts[random.below(5)];
    element += "\"}";
    array += (i > 0 ? "," : "") + element;
    elements.push_back(element);
  }
  const Records records = read(array + "]");
  ASSERT_EQ(records.size(), elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) EXPECT_TRUE(records[i].second == elements[i]) << i;
}

}  // namespace
}  // namespace matinee
