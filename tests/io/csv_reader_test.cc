#include "lib/io/csv_reader.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using Records = std::vector<std::vector<std::string>>;

Records records_of(std::string_view text) {
  CsvReader reader(text, "x.csv");
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

TEST(CsvReader, ReadsFieldsAndRecords) {
  EXPECT_EQ(records_of("a,b,c\n1,,3\n"), (Records{{"a", "b", "c"}, {"1", "", "3"}}));
  EXPECT_EQ(records_of(""), Records{});
  EXPECT_EQ(records_of("a"), (Records{{"a"}}));
  EXPECT_EQ(records_of(","), (Records{{"", ""}}));
  EXPECT_EQ(records_of("a,\nb"), (Records{{"a", ""}, {"b"}}));
  EXPECT_EQ(records_of(" a , b "), (Records{{" a ", " b "}})) << "spaces belong to the field";
}

TEST(CsvReader, LinesEndAsTheyLike) {
  for (const char* text : {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\r\n1,2",
                           "\xEF\xBB\xBF"
                           "a,b\n\n\r\n1,2"})
    EXPECT_EQ(records_of(text), (Records{{"a", "b"}, {"1", "2"}})) << text;
}

TEST(CsvReader, QuotedFieldsHoldAnything) {
  EXPECT_EQ(records_of("\"Me, Myself & Irene\",2000\n"), (Records{{"Me, Myself & Irene", "2000"}}));
  EXPECT_EQ(records_of("\"a \"\"b\"\" c\",\"\",\"\"\"\"\r\n"), (Records{{"a \"b\" c", "", "\""}}));
  EXPECT_EQ(records_of("\"one\r\ntwo\n\nthree\",x\ny"), (Records{{"one\r\ntwo\n\nthree", "x"}, {"y"}}));
  EXPECT_EQ(records_of("\"\""), (Records{{""}}));
  EXPECT_EQ(records_of("\xEF\xBB\xBF\"a\",b"), (Records{{"a", "b"}}));
}

TEST(CsvReader, AQuoteWithinAPlainFieldStandsForItself) {
  EXPECT_EQ(records_of("The \"Best\" Man,1\n"), (Records{{"The \"Best\" Man", "1"}}));
}

TEST(CsvReader, CountsLinesWithinQuotedFields) {
  CsvReader reader("a\n\"b\nc\r\nd\re\"\n\nf\n", "x.csv");
  std::vector<std::string> fields;
  std::vector<std::uint64_t> lines;
  while (reader.next(fields)) lines.push_back(reader.line());
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{1, 2, 7}));
  EXPECT_EQ(reader.place(), "x.csv:7");
}

TEST(CsvReader, NamesWhatIsWrong) {
  EXPECT_EQ(error_of([] { records_of("a\nb,\"c\nd\n"); }),
            "x.csv:2: the quote that begins a field here is never closed");
  EXPECT_EQ(error_of([] { records_of("a\n\"b\nc\"d\n"); }),
            "x.csv:3: expected a comma or the line end after a quoted field, found \"d\"");
  EXPECT_EQ(error_of([] { records_of("\"b\"\xC3\xA9\n"); }),
            "x.csv:1: expected a comma or the line end after a quoted field, found \"\xC3\xA9\"");
  EXPECT_EQ(error_of([] {
              records_of(
                  std::string_view("\xFF\xFE"
                                   "a\0",
                                   4));
            }),
            "x.csv: expected UTF-8, found UTF-16; convert it: iconv -f UTF-16 -t UTF-8");
}

TEST(CsvHeader, FindsFieldsByName) {
  const CsvHeader header({"Date", " Name", "Year"});
  EXPECT_TRUE(header.has("Name"));
  EXPECT_FALSE(header.has("name"));
  EXPECT_EQ(header.field({"2020-01-01", " Heat ", "1995"}, "Name"), "Heat");
  EXPECT_EQ(header.field({"2020-01-01"}, "Year"), "");
  EXPECT_EQ(header.field({"2020-01-01", "Heat", "1995"}, "Rating"), "");
}

}  // namespace
}  // namespace matinee
