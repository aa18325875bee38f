// Tables of random fields, in every way of reading them, come back byte for byte.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/table/table_reader.h"
#include "lib/table/table_writer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

// Fields of every kind that an encoding was made for, and some that no encoding expects.
class RandomFields {
 public:
  RandomFields(std::uint64_t seed, std::uint64_t round) : random_(seed, "fields", round) {}

  std::string field(const ColumnSpec& column) {
    if (random_.chance(0.1)) return "\\N";
    if (column.type == ColumnType::kTenths) return random_.chance(odd_) ? "7" : number(10) + "." + number(10);
    if (column.type == ColumnType::kInteger) {
      const std::string value = std::to_string(column.low + static_cast<int>(random_.below(2)));
      if (!random_.chance(odd_)) return value;
      return random_.chance(0.5) ? "0" + value : value + ".0";
    }
    switch (kind_of(column.name)) {
      case 0: return id("tt");
      case 1: {
        std::string list = id("nm");
        for (auto n = random_.below(4); n-- > 0;) list += "," + id("nm");
        return list;
      }
      case 2: return "word" + number(30);
      default: return text();
    }
  }
  bool chance(double p) { return random_.chance(p); }
  std::string line_end() { return random_.chance(odd_) ? (random_.chance(0.5) ? "\r\n" : "\n\r\n\n") : "\n"; }
  void set_odd(double share) { odd_ = share; }

 private:
  std::string number(std::uint64_t below) { return std::to_string(random_.below(below)); }
  std::string id(const char* prefix) {
    static const std::vector<std::string> kOdd{"tt1",        "tt00000001",   "nm0000001x",    "",        ",",
                                               "nm0000001,", "tt4294967295", "tt99999999999", "\\N,\\N", "TT0000001"};
    if (random_.chance(odd_)) return random_.pick(kOdd);
    std::string digits = number(random_.chance(0.5) ? 20000 : 90000000);
    return prefix + std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
  }
  std::string text() {
    static const std::vector<std::string> kPieces{"a", "é", "\"", "\\", "\\N", "東", " ", "\r", "0", "🎬", "The "};
    std::string text;
    const auto most = random_.chance(0.02) ? 400 : 8;
    for (auto n = random_.below(static_cast<std::uint64_t>(most)); n-- > 0;) text += random_.pick(kPieces);
    while (text.ends_with('\r')) text.pop_back();  // would be a part of the line end
    return text;
  }
  static std::size_t kind_of(const std::string& name) {
    return name.ends_with("onst") ? 0 : name == "writers" || name == "directors" ? 1 : name.size() % 2 == 0 ? 2 : 3;
  }

  Random random_;
  double odd_ = 0;
};

class RoundTripTest : public ::testing::Test {
 protected:
  std::string file(const char* name) const { return folder.file(name); }

  // The table of `input` with this number of threads.
  std::string table_of(const std::string& input, int threads) {
    ThreadPool pool(threads);
    tsv_to_table(input, file("out.bin"), {}, pool);
    return read_file(file("out.bin"));
  }
  std::string back() {
    OutputFile out(file("back.tsv"));
    ThreadPool pool(3);
    write_table_tsv(file("out.bin"), out, pool);
    out.commit();
    return read_file(file("back.tsv"));
  }
  void expect_round_trip(const std::string& text, const std::string& what) {
    write_file(file("in.tsv"), text);
    const std::string table = table_of(file("in.tsv"), 1);
    EXPECT_TRUE(back() == text) << what;
    EXPECT_TRUE(table_of(file("in.tsv"), 5) == table) << what << ", 5 threads";
    ::mkfifo(file("pipe").c_str(), 0600);
    std::thread writer([&] { write_file(file("pipe"), text); });
    EXPECT_TRUE(table_of(file("pipe"), 2) == table) << what << ", from a pipe";
    writer.join();
    ASSERT_EQ(std::system(("gzip -1 -c " + file("in.tsv") + " >" + file("in.gz")).c_str()), 0);
    for (const int threads : {1, 3})
      EXPECT_TRUE(table_of(file("in.gz"), threads) == table) << what << ", gzip, " << threads << " threads";
  }
  TemporaryFolder folder;
};

TEST_F(RoundTripTest, RandomTablesOfEveryKind) {
  for (std::uint64_t round = 0; round < 40; ++round) {
    const TableSchema& schema = imdb_tables()[round % imdb_tables().size()];
    RandomFields fields(7, round);
    fields.set_odd(round % 3 == 0 ? 0.0 : round % 3 == 1 ? 0.02 : 0.5);
    std::string text = round % 5 == 0 ? "\xEF\xBB\xBF" : "";
    for (const ColumnSpec& column : schema.columns) text += (text.size() > 3 ? "\t" : "") + column.name;
    text += "\n";
    const int rows = round % 4 == 0 ? 3 : 700;
    for (int row = 0; row < rows; ++row) {
      for (std::size_t c = 0; c < schema.columns.size(); ++c)
        text += (c > 0 ? "\t" : "") + fields.field(schema.columns[c]);
      text += fields.line_end();
    }
    if (round % 7 == 0) text.pop_back();
    expect_round_trip(text, std::string(schema.name) + ", round " + std::to_string(round));
  }
}

TEST_F(RoundTripTest, AscendingIdsTakeAByte) {
  const auto table_with = [](std::uint32_t largest_step, const std::string& at_the_end) {
    std::string text = "tconst\taverageRating\tnumVotes\n";
    std::uint32_t number = 9999000;
    for (std::uint32_t row = 0; row < 5000; ++row) {
      text += fmt::format("tt{:07}\t7.1\t5\n", number);
      number += row % 7 == 0 ? 0 : row % (largest_step + 1);
    }
    return text + at_the_end;
  };
  const auto size_of_table = [&](const std::string& text, const char* what) {
    expect_round_trip(text, what);
    return read_file(file("out.bin")).size();
  };
  const std::size_t usual = size_of_table(table_with(255, ""), "steps of a byte");
  EXPECT_LT(usual, 4096u + 5000 + 1000);
  ThreadPool pool(1);
  std::vector<std::uint32_t> ids;
  TableReader(file("out.bin")).for_each_block(pool, [&](std::size_t, const TableBlock& block) { block.ids(0, ids); });
  ASSERT_EQ(ids.size(), 5000u);
  EXPECT_EQ(ids[0], 9999000u);
  EXPECT_EQ(ids[4] - ids[3], 3u);
  for (const char* end : {"tt0000001\t7.1\t5\n", "\\N\t7.1\t5\n", "tt9\t7.1\t5\n", "tt99999999\t7.1\t5\n"})
    EXPECT_GT(size_of_table(table_with(255, end), end), usual + 5000);
  EXPECT_GT(size_of_table(table_with(256, ""), "a larger step"), usual + 5000);
}

TEST_F(RoundTripTest, TablesOfSeveralBlocks) {
  RandomFields fields(8, 0);
  const TableSchema& schema = imdb_tables()[0];
  std::string text, header;
  for (const ColumnSpec& column : schema.columns) header += (header.empty() ? "" : "\t") + column.name;
  text = header + "\n";
  while (text.size() < 3 * kTextOfBlock + 1000) {
    fields.set_odd(text.size() > 2 * kTextOfBlock ? 0.01 : 0.0);
    for (std::size_t c = 0; c < schema.columns.size(); ++c)
      text += (c > 0 ? "\t" : "") + fields.field(schema.columns[c]);
    text += fields.line_end();
  }
  expect_round_trip(text, "several blocks");
}

TEST_F(RoundTripTest, LinesThatEndNearTheEndOfABlock) {
  // A line feed right before, at and behind a multiple of the block's text, and lines that reach beyond whole blocks.
  const std::string header = "tconst\taverageRating\tnumVotes\tnote\n";
  for (const std::size_t length : {kTextOfBlock - 1, kTextOfBlock, kTextOfBlock + 1, 2 * kTextOfBlock + 5}) {
    std::string text = header + "tt0000001\t8.0\t1\t";
    text.append(length - 1 - text.size(), 'x');
    text += "\ntt0000002\t8.0\t2\ty\n\ntt0000003\t8.0\t3\tz\n";
    write_file(file("in.tsv"), text);
    ThreadPool pool(2);
    const TsvReadOptions options{.line_limit = 4 * kTextOfBlock};
    const auto table = [&](const std::string& from) {
      tsv_to_table(from, file("out.bin"), options, pool);
      return read_file(file("out.bin"));
    };
    const std::string from_file = table(file("in.tsv"));
    EXPECT_TRUE(back() == text) << length;
    ASSERT_EQ(std::system(("gzip -1 -c " + file("in.tsv") + " >" + file("in.gz")).c_str()), 0);
    EXPECT_TRUE(table(file("in.gz")) == from_file) << length;
  }
}

TEST_F(RoundTripTest, ColumnsMeanTheSameInEveryForm) {
  // The plain meaning of a field is the reference for all encodings.
  for (std::uint64_t round = 0; round < 24; ++round) {
    const TableSchema& schema = imdb_tables()[round % imdb_tables().size()];
    RandomFields fields(9, round);
    fields.set_odd(round % 3 == 0 ? 0.0 : round % 3 == 1 ? 0.05 : 0.5);
    std::string text;
    for (const ColumnSpec& column : schema.columns) text += (text.empty() ? "" : "\t") + column.name;
    text += "\n";
    std::vector<std::vector<std::string>> written(schema.columns.size());
    for (int row = 0; row < 300; ++row) {
      for (std::size_t c = 0; c < schema.columns.size(); ++c) {
        written[c].push_back(fields.field(schema.columns[c]));
        text += (c > 0 ? "\t" : "") + written[c].back();
      }
      text += "\n";
    }
    write_file(file("in.tsv"), text);
    table_of(file("in.tsv"), 1);
    for (const char* form : {"in.tsv", "out.bin"}) {
      TableReader reader(file(form));
      ThreadPool pool(1);
      reader.for_each_block(pool, [&](std::size_t, const TableBlock& block) {
        for (std::size_t c = 0; c < schema.columns.size(); ++c) {
          std::vector<std::string_view> texts, names;
          std::vector<std::uint32_t> ids, offsets, codes;
          block.texts(c, texts);
          ASSERT_TRUE(std::equal(texts.begin(), texts.end(), written[c].begin(), written[c].end()));
          if (schema.columns[c].type != ColumnType::kText) {
            std::vector<std::int32_t> numbers;
            block.numbers(c, numbers);
            for (std::size_t r = 0; r < texts.size(); ++r) {
              const bool tenths = schema.columns[c].type == ColumnType::kTenths;
              const int value = texts[r] == "\\N"
                                    ? kMissingValue
                                    : static_cast<int>(std::stod(written[c][r]) * (tenths ? 10 : 1) + 0.5);
              ASSERT_EQ(numbers[r], value) << texts[r];
            }
            continue;
          }
          block.ids(c, ids);
          for (std::size_t r = 0; r < texts.size(); ++r) ASSERT_EQ(ids[r], id_number(texts[r])) << texts[r];
          block.categories(c, names, codes);
          for (std::size_t r = 0; r < texts.size(); ++r) ASSERT_EQ(names[codes[r]], texts[r]);
          block.id_lists(c, offsets, ids);
          for (std::size_t r = 0; r < texts.size(); ++r) {
            std::vector<std::uint32_t> expected;
            for (std::size_t begin = 0; begin <= texts[r].size();) {
              const std::size_t end = std::min(texts[r].find(',', begin), texts[r].size());
              const std::uint32_t id = id_number(texts[r].substr(begin, end - begin));
              if (id != kNoId) expected.push_back(id);
              begin = end + 1;
            }
            ASSERT_TRUE(
                std::equal(ids.begin() + offsets[r], ids.begin() + offsets[r + 1], expected.begin(), expected.end()))
                << texts[r];
          }
        }
      });
    }
  }
}

TEST_F(RoundTripTest, VersionOneIsRead) {
  const std::string table = "tests/table/data/version1.bin";
  OutputFile out(file("back.tsv"));
  ThreadPool pool(2);
  write_table_tsv(table, out, pool);
  out.commit();
  EXPECT_EQ(read_file(file("back.tsv")), read_file("tests/table/data/version1.tsv"));
  TableReader reader(table);
  reader.for_each_block(pool, [&](std::size_t, const TableBlock& block) {
    std::vector<std::int32_t> numbers;
    block.numbers(reader.column("numVotes"), numbers);
    EXPECT_EQ(numbers, (std::vector<std::int32_t>{7, kMissingValue, 12}));
    std::vector<std::uint32_t> ids;
    block.ids(0, ids);
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2, 3}));
  });
}

TEST_F(RoundTripTest, MoreRowsThan31Bits) {
  // Blocks whose rows are all alike are small, so a table of 2.5 billion rows is.
  TsvHeader header;
  header.line = "tconst\tcertificate";
  header.line_end = "\n";
  RecognizedHeader recognized = recognize_header(header.line);
  header.table = recognized.table;
  header.columns = recognized.columns;
  std::vector<std::byte> block(sizeof(BlockHeader) + 2 * sizeof(ColumnHeader));
  const BlockHeader rows{kMostRowsOfBlock, 0, 0, 0};
  const ColumnHeader column{static_cast<std::uint32_t>(block.size()), Encoding::kId, 0, {'t', 't'}, 5, 1, 0, 0};
  std::memcpy(block.data(), &rows, sizeof rows);
  std::memcpy(block.data() + sizeof rows, &column, sizeof column);
  std::memcpy(block.data() + sizeof rows + sizeof column, &column, sizeof column);
  const std::size_t blocks = 600;
  TableWriter writer(file("large.bin"), header);
  for (std::size_t i = 0; i < blocks; ++i) writer.write(writer.add(kMostRowsOfBlock, block.size()), block);
  writer.commit();
  TableReader reader(file("large.bin"));
  ThreadPool pool(1);
  std::int64_t seen = 0;
  reader.for_each_block(pool, [&](std::size_t index, const TableBlock& read) {
    seen += read.rows();
    if (index + 1 < blocks) return;
    std::vector<std::uint32_t> ids;
    read.ids(0, ids);
    EXPECT_EQ(ids.back(), 5u);
  });
  EXPECT_EQ(seen, std::int64_t{600} << 22);
  // The index must agree with the blocks.
  std::string bytes = read_file(file("large.bin"));
  bytes[bytes.size() - 6] = 1;
  write_file(file("large.bin"), bytes);
  EXPECT_EQ(error_of([&] { TableReader again(file("large.bin")); }),
            file("large.bin") + ": block_rows and matinee.rows do not agree; make the table again with tsv2bin");
}

TEST_F(RoundTripTest, CorruptBlocksAreNamed) {
  std::string text = "tconst\tdirectors\twriters\n";
  for (int row = 1; row < 50; ++row)
    text += "tt" + std::to_string(1000000 + row) + "\tnm0000001,nm0000002\t" + (row % 2 == 0 ? "x" : "odd text") + "\n";
  write_file(file("in.tsv"), text);
  const std::string good = table_of(file("in.tsv"), 1);
  const std::size_t first = good.find("tt", 4096);  // the prefix in the header of the column tconst
  ASSERT_NE(first, std::string::npos);
  std::string bad = good;
  bad.replace(first - 6, 4, "\xFF\xFF\xFF\x7F");
  write_file(file("out.bin"), bad);
  EXPECT_EQ(error_of([&] { back(); }),
            file("out.bin") +
                ": block 0: column \"tconst\" begins outside of its block; make the table again "
                "with tsv2bin");
  // Any other damage gives the same table, another table or an error, and never ends the process.
  Random random(3, "damage");
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    bad = good;
    for (auto n = 1 + random.below(3); n-- > 0;)
      bad[4096 + random.below(bad.size() - 4096)] = static_cast<char>(random.below(256));
    write_file(file("out.bin"), bad);
    refused += error_of([&] { back(); }).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace matinee
