#include "lib/table/tsv_reader.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/io/text_reader.h"
#include "lib/table/table_reader.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

const std::string kRatings = "tconst\taverageRating\tnumVotes\n";

class TsvReaderTest : public ::testing::Test {
 protected:
  TsvReadReport read(const std::string& text, const TsvReadOptions& options = {}, int threads = 2) {
    write_file(folder.file("in.tsv"), text);
    ThreadPool pool(threads);
    return tsv_to_table(folder.file("in.tsv"), folder.file("out.bin"), options, pool);
  }
  std::string back() {
    OutputFile out(folder.file("back.tsv"));
    ThreadPool pool(2);
    write_table_tsv(folder.file("out.bin"), out, pool);
    out.commit();
    return read_text(folder.file("back.tsv"));
  }
  // The error for a bad text, without the folder.
  std::string complaint(const std::string& text, const TsvReadOptions& options = {}) {
    std::string message = error_of([&] { read(text, options); });
    for (std::size_t at; (at = message.find(folder.path() + "/")) != std::string::npos;)
      message.erase(at, folder.path().size() + 1);
    return message;
  }
  TemporaryFolder folder;
};

TEST_F(TsvReaderTest, RoundTripGivesBackTheBytes) {
  for (const std::string& text : {
           std::string("tconst\taverageRating\tnumVotes"),         // a header only, without a newline at the end
           kRatings,                                               // no rows
           kRatings + "tt1\t8.0\t007\ntt2\t8\t00\ntt3\t0.0\t012",  // odd numbers, no newline at the end
           std::string("tconst\taverageRating\tnumVotes\r\ntt1\t8.0\t1\r\n"),       // CRLF
           std::string("numVotes\ttconst\tnote\taverageRating\n1\t\t\"\\\t\\N\n"),  // other order, an unknown column
       }) {
    read(text);
    EXPECT_EQ(back(), text);
  }
}

// A row with too many fields beside one with too few, all of them texts, so that the sum is right.
TEST_F(TsvReaderTest, FieldsOfOneRowAreNotThoseOfTheNext) {
  const std::string header = "tconst\tordering\tnconst\tcategory\n";
  EXPECT_EQ(complaint(header + "tt1\t1\tnm1\tself\tx\ntt2\t1\tnm1\n"),
            "in.tsv:2: expected 4 tab-separated fields, found 5; --keep-going skips such rows");
  EXPECT_EQ(complaint(header + "tt1\t1\tnm1\ntt2\t1\tnm1\tself\tx\n"),
            "in.tsv:2: expected 4 tab-separated fields, found 3; --keep-going skips such rows");
}

TEST_F(TsvReaderTest, RoundTripOfRandomTables) {
  const std::uint64_t seed = 20;
  for (std::uint64_t round = 0; round < 40; ++round) {
    Random random(seed, "tables", round);
    const auto field = [&](bool number) {
      static const std::vector<std::string> kOdd{"\\N", "0", "00", "0000000001", "2147483647"};
      if (number) return random.chance(0.3) ? random.pick(kOdd) : std::to_string(random.below(3000));
      std::string text;
      static const std::vector<std::string> kPieces{"a", "é", "\"", "\\", "\\N", "東", " ", "\r", "0", "🎬"};
      for (auto n = random.below(6); n-- > 0;) text += random.pick(kPieces);
      return text;
    };
    std::string text = "tconst\tparentTconst\tseasonNumber\tepisodeNumber\n";
    for (auto rows = random.below(30); rows-- > 0;)
      text += "t" + field(false) + "\t" + field(false) + "\t" + field(true) + "\t" + field(true) + "\n";
    ASSERT_NO_THROW(read(text)) << "seed " << seed << " round " << round;
    EXPECT_EQ(back(), text) << "seed " << seed << " round " << round;
  }
}

TEST_F(TsvReaderTest, SameBytesAtAnyNumberOfThreads) {
  // Several blocks of a MiB.
  std::string text = kRatings;
  for (int row = 0; text.size() < 3'500'000; ++row)
    text += "tt" + std::to_string(row) + "\t" + std::to_string(row % 10) + ".5\t0" + std::to_string(row) + "\n";
  read(text, {}, 1);
  const std::string one = read_file(folder.file("out.bin"));
  EXPECT_EQ(back(), text);
  read(text, {}, 7);
  EXPECT_TRUE(one == read_file(folder.file("out.bin")));
}

TEST_F(TsvReaderTest, FirstBadRowIsReported) {
  std::string text = kRatings;
  std::size_t line = 1;
  for (int row = 0; text.size() < 2'500'000; ++row, ++line) text += "tt" + std::to_string(row) + "\t8.1\t1\n";
  const std::string bad = text + "tt\t8.1\tmany\n" + text.substr(kRatings.size()) + "tt\tx\t1\n";
  EXPECT_EQ(complaint(bad), "in.tsv:" + std::to_string(line + 1) +
                                ":3: numVotes: expected a whole number from 0 to 2147483647 or \\N, found \"many\"; "
                                "--keep-going skips such rows");
}

TEST_F(TsvReaderTest, NumbersThatDoNotRoundTripAreRefused) {
  for (const char* number : {"-2147483648", "-1", "-0", "2147483648", "1.5", "+1", "-", "", " 1", "1 ", "\\n"})
    EXPECT_NE(complaint(kRatings + "tt1\t8.0\t" + number + "\n"), "") << '"' << number << '"';
  for (const char* number : {"-0.5", "-1.0", ".5", "8.", "8.25", "8,1", "1000001.0", "10.1", "11", "nan"})
    EXPECT_NE(complaint(kRatings + "tt1\t" + number + "\t1\n"), "") << '"' << number << '"';
}

TEST_F(TsvReaderTest, BadRowsAreSkippedAndCountedWhenAsked) {
  const auto report = read(kRatings + "tt1\t8.0\t1\ntt2\t8.0\n\ntt3\t7.0\tx\ntt4\t7.0\t4\n",
                           {.keep_going = true, .most_skipped_share = 1});
  EXPECT_EQ(report.rows, 2);
  EXPECT_EQ(report.skipped, 2);
  EXPECT_EQ(report.blank_lines, 1);
  EXPECT_NE(report.first_skipped.find("in.tsv:3: expected 3 tab-separated fields, found 2"), std::string::npos);
  EXPECT_EQ(back(), kRatings + "tt1\t8.0\t1\n\ntt4\t7.0\t4\n");
}

TEST_F(TsvReaderTest, LinesHaveALimit) {
  const std::string longest(100, 'x');
  const TsvReadOptions options{.keep_going = false, .line_limit = 100, .most_skipped_share = 1};
  EXPECT_EQ(complaint(kRatings + longest + "y\t8.0\t1\n", options),
            "in.tsv:2: expected a line of at most 100 bytes, found 107; --keep-going skips such rows");
  // A header without an end must not be collected forever (/dev/zero).
  EXPECT_EQ(complaint(std::string(4'000'000, 'x'), options),
            "in.tsv:1: expected a line of at most 100 bytes, found more than 1064960");
}

TEST_F(TsvReaderTest, LongLineIsSkippedAtAnyLength) {
  const TsvReadOptions options{.keep_going = true, .line_limit = 100, .most_skipped_share = 1};
  const auto report = read(kRatings + "tt1\t8.0\t1\n" + std::string(5'000'000, 'x') + "\ntt2\t8.0\t2\n", options);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_TRUE(report.first_skipped.ends_with("in.tsv:3: expected a line of at most 100 bytes, found 5000000"));
  EXPECT_EQ(back(), kRatings + "tt1\t8.0\t1\ntt2\t8.0\t2\n");
}

TEST_F(TsvReaderTest, NumbersHaveBounds) {
  const std::string basics =
      "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n";
  EXPECT_EQ(complaint(basics + "tt1\tmovie\tA\tA\t0\t19950\t\\N\t90\tDrama\n"),
            "in.tsv:2:6: startYear: expected a whole number from 1800 to 2200 or \\N, found \"19950\"; --keep-going "
            "skips such rows");
  EXPECT_EQ(complaint(kRatings + "tt1\t10.1\t1\n"),
            "in.tsv:2:2: averageRating: expected a number with one decimal from 0.0 to 10.0 or \\N, found \"10.1\"; "
            "--keep-going skips such rows");
  EXPECT_EQ(complaint(kRatings + "tt1\t10.0\t1\n"), "");
}

TEST_F(TsvReaderTest, BytesThatAreNotUtf8AreRefused) {
  for (const char* text : {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xC3", "a\x80"})
    EXPECT_NE(complaint(kRatings + "tt" + text + "\t8.0\t1\n").find("expected UTF-8, found the byte 0x"),
              std::string::npos);
  EXPECT_NE(complaint("tconst\taverageRating\tnumVotes\t\xFF\n"), "");
}

TEST(RecognizeHeader, KnowsAllSevenTables) {
  EXPECT_EQ(imdb_tables().size(), 8u);
  for (const TableSchema& table : imdb_tables()) {
    std::string line;
    for (const ColumnSpec& column : table.columns) line += (line.empty() ? "" : "\t") + column.name;
    const RecognizedHeader header = recognize_header(line);
    EXPECT_STREQ(header.table->name, table.name);
    for (std::size_t i = 0; i < table.columns.size(); ++i) EXPECT_EQ(header.columns[i].type, table.columns[i].type);
    // A column that the table does not have is text; the names may be in any order.
    EXPECT_STREQ(recognize_header("extra\t" + line).table->name, table.name);
    EXPECT_EQ(recognize_header("extra\t" + line).columns.front().type, ColumnType::kText);
  }
}

TEST(RecognizeHeader, UnusedColumnsMayBeMissing) {
  EXPECT_STREQ(recognize_header("tconst\tordering\tnconst\tcategory").table->name, "title.principals");
  EXPECT_STREQ(recognize_header("nconst\tprimaryName\tbirthYear\tdeathYear").table->name, "name.basics");
  EXPECT_STREQ(recognize_header("titleId\ttitle\tregion").table->name, "title.akas");
  EXPECT_NE(error_of([] {
              recognize_header("tconst\tordering\tnconst\tjob");
            }).find("nearest is title.principals, which also has category"),
            std::string::npos);
}

TEST(RecognizeHeader, NamesTheNearestTable) {
  EXPECT_NE(
      error_of([] { recognize_header("tconst\tdirectors"); }).find("nearest is title.crew, which also has writers"),
      std::string::npos);
  EXPECT_EQ(error_of([] { recognize_header("tconst\tdirectors\twriters\ttconst"); }),
            "header: column \"tconst\" is there twice");
  EXPECT_EQ(error_of([] { recognize_header("tconst\tdirectors\twriters\t"); }), "header: column 4 has no name");
}

}  // namespace
}  // namespace matinee
