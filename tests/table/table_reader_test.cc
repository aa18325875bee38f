#include "lib/table/table_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

const std::string kCrew =
    "tconst\tdirectors\twriters\n"
    "tt0000417\tnm0000005\t\\N\n"
    "tt12345678\tnm0000005,nm12345678\tnm1,x,nm0000002\n"
    "tt5\tnm0000005\tno id\n";
const std::string kRatings = "tconst\taverageRating\tnumVotes\ntt1\t8.3\t007\ntt2\t\\N\t\\N\ntt3\t8\t12\n";

// A table in each of its forms, by the name of the form.
class TableReaderTest : public ::testing::Test {
 protected:
  std::vector<std::string> forms(const std::string& text) {
    write_file(folder.file("t.tsv"), text);
    ThreadPool pool(2);
    tsv_to_table(folder.file("t.tsv"), folder.file("t.bin"), {}, pool);
    return {folder.file("t.tsv"), folder.file("t.bin")};
  }
  // The only block of a small table.
  void with_block(const std::string& path, const std::function<void(const TableReader&, const TableBlock&)>& use) {
    TableReader reader(path);
    ThreadPool pool(2);
    int blocks = 0;
    reader.for_each_block(pool, [&](std::size_t index, const TableBlock& block) {
      EXPECT_EQ(index, 0u);
      ++blocks;
      use(reader, block);
    });
    EXPECT_EQ(blocks, 1);
  }
  TemporaryFolder folder;
};

using Texts = std::vector<std::string_view>;
using Ids = std::vector<std::uint32_t>;

TEST_F(TableReaderTest, ReadsNumbersAndTheirTexts) {
  for (const std::string& path : forms(kRatings)) {
    with_block(path, [](const TableReader& reader, const TableBlock& block) {
      EXPECT_EQ(reader.name(), "title.ratings");
      EXPECT_EQ(reader.columns()[1].type, ColumnType::kTenths);
      EXPECT_EQ(block.rows(), 3u);
      std::vector<std::int32_t> numbers;
      block.numbers(reader.column("averageRating"), numbers);
      EXPECT_EQ(numbers, (std::vector<std::int32_t>{83, kMissingValue, 80}));
      block.numbers(reader.column("numVotes"), numbers);
      EXPECT_EQ(numbers, (std::vector<std::int32_t>{7, kMissingValue, 12}));
      Texts texts;
      block.texts(reader.column("averageRating"), texts);
      EXPECT_EQ(texts, (Texts{"8.3", "\\N", "8"}));
      block.texts(reader.column("numVotes"), texts);
      EXPECT_EQ(texts, (Texts{"007", "\\N", "12"}));
    });
  }
}

TEST_F(TableReaderTest, ReadsIdsListsAndCategories) {
  for (const std::string& path : forms(kCrew)) {
    with_block(path, [](const TableReader& reader, const TableBlock& block) {
      Ids ids, offsets, codes;
      block.ids(reader.column("tconst"), ids);
      EXPECT_EQ(ids, (Ids{417, 12345678, 5}));
      block.ids(reader.column("writers"), ids);
      EXPECT_EQ(ids, (Ids{kNoId, kNoId, kNoId}));
      block.id_lists(reader.column("directors"), offsets, ids);
      EXPECT_EQ(offsets, (Ids{0, 1, 3, 4}));
      EXPECT_EQ(ids, (Ids{5, 5, 12345678, 5}));
      block.id_lists(reader.column("writers"), offsets, ids);
      EXPECT_EQ(offsets, (Ids{0, 0, 2, 2}));
      EXPECT_EQ(ids, (Ids{1, 2}));
      Texts names;
      block.categories(reader.column("directors"), names, codes);
      EXPECT_EQ(names, (Texts{"nm0000005", "nm0000005,nm12345678"}));
      EXPECT_EQ(codes, (Ids{0, 1, 0}));
    });
  }
}

TEST_F(TableReaderTest, BlocksAreInOrderOfTheirIndex) {
  std::string text = "tconst\taverageRating\tnumVotes\n";
  for (int row = 0; row < 300'000; ++row) text += "tt" + std::to_string(row + 1) + "\t8.0\t1\n";
  for (const std::string& path : forms(text)) {
    TableReader reader(path);
    std::map<std::size_t, Ids> blocks;
    std::mutex lock;
    ThreadPool pool(3);
    reader.for_each_block(pool, [&](std::size_t index, const TableBlock& block) {
      Ids ids;
      block.ids(0, ids);
      EXPECT_EQ(ids.size(), block.rows());
      const std::lock_guard guard(lock);
      EXPECT_TRUE(blocks.emplace(index, ids).second);
    });
    EXPECT_GT(blocks.size(), 1u);
    EXPECT_EQ(blocks.rbegin()->first, blocks.size() - 1);
    std::uint32_t next = 1;
    for (const auto& [index, ids] : blocks)
      for (const std::uint32_t id : ids) ASSERT_EQ(id, next++);
    EXPECT_EQ(next, 300'001u);
  }
}

TEST_F(TableReaderTest, ReportsSkippedRowsOfTsv) {
  write_file(folder.file("t.tsv"), kRatings + "tt4\t7.0\tmany\n");
  TableReader reader(folder.file("t.tsv"), {.keep_going = true, .most_skipped_share = 1});
  ThreadPool pool(1);
  reader.for_each_block(pool, [](std::size_t, const TableBlock& block) { EXPECT_EQ(block.rows(), 3u); });
  EXPECT_EQ(reader.report().rows, 3);
  EXPECT_EQ(reader.report().skipped, 1);
}

TEST_F(TableReaderTest, MissingColumnIsNamed) {
  const std::string path = forms(kRatings).back();
  EXPECT_EQ(error_of([&] { TableReader(path).column("region"); }), path + ": column \"region\" is missing");
}

TEST(IdNumber, TakesLettersAndDigitsOnly) {
  EXPECT_EQ(id_number("tt0000417"), 417u);
  EXPECT_EQ(id_number("nm4294967294"), 4294967294u);
  for (const char* text :
       {"", "tt", "\\N", "t1", "TT1", "tt1x", "tt-1", "tt+1", "tt 1", "4294967296", "tt4294967295", "tt4294967296"})
    EXPECT_EQ(id_number(text), kNoId) << text;
}

}  // namespace
}  // namespace matinee
