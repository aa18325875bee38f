// Sets and orders of ids and texts, and the names that a catalog looks up in them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>

#include "lib/base/parallel_sort.h"
#include "lib/catalog/id_set.h"
#include "lib/catalog/lazy_texts.h"
#include "lib/catalog/text_order.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::SampleMovies;
using testing::SmallTables;

TEST(IdSet, RanksAreThePlacesAmongTheSortedIds) {
  std::mt19937 random(7);
  std::set<std::uint32_t> expected{0, 63, 64, 65535, 65536, 0xFFFF'FFFEu};
  for (int i = 0; i < 5000; ++i) expected.insert(random() % 300'000);
  std::vector<std::uint32_t> shuffled(expected.begin(), expected.end());
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  IdSet ids, even;
  for (const std::uint32_t id : shuffled) EXPECT_TRUE(ids.insert(id));
  for (const std::uint32_t id : shuffled) EXPECT_FALSE(ids.insert(id));
  ids.seal();
  EXPECT_EQ(ids.size(), expected.size());
  std::int32_t rank = 0;
  std::int64_t odd = 0;
  for (const std::uint32_t id : expected) {
    EXPECT_EQ(ids.rank(id), rank++);
    if (id % 2 == 0) even.insert(id);
    odd += id % 2;
  }
  for (std::uint32_t id = 0; id < 300'000; id += 7) EXPECT_EQ(ids.contains(id), expected.contains(id));
  EXPECT_EQ(ids.rank(0xFFFF'FFFDu), -1);
  EXPECT_EQ(ids.count_missing_in(even), odd);
  EXPECT_EQ(even.count_missing_in(ids), 0);
}

TEST(IdSet, KeysOrderIdsAsTheirTexts) {
  std::mt19937 random(8);
  std::vector<std::uint32_t> ids{0,           1,           9'999'999,     10'000'000,   99'999'999,
                                 100'000'000, 999'999'999, 1'000'000'000, 0xFFFF'FFFEu, 1'000'000,
                                 1'000'001};
  for (int i = 0; i < 300; ++i) ids.push_back(static_cast<std::uint32_t>(random()) >> (random() % 20));
  for (const std::uint32_t a : ids) {
    for (const std::uint32_t b : ids)
      EXPECT_EQ(text_order_key(a) < text_order_key(b), fmt::format("tt{:07}", a) < fmt::format("tt{:07}", b)) << a << b;
  }
}

TEST(ParallelSort, SortsAnyNumberOfValues) {
  std::mt19937 random(9);
  ThreadPool pool(3);
  for (const std::size_t count : {0u, 1u, 1000u, 16384u, 16385u, 100'000u, 700'001u}) {
    std::vector<std::pair<std::uint32_t, std::size_t>> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = {static_cast<std::uint32_t>(random() % 1000), i};
    auto expected = values;
    std::sort(expected.begin(), expected.end());
    parallel_sort(pool, values, std::less<>());
    EXPECT_TRUE(values == expected) << count;
  }
}

TEST(TextOrder, FindsTheRowsOfATextAndANumber) {
  std::mt19937 random(10);
  StringColumnBuilder column;
  std::vector<std::string> texts;
  std::vector<std::int32_t> numbers;
  const std::string long_text = "the same sixteen letters and more ";
  for (int row = 0; row < 40'000; ++row) {
    texts.push_back((random() % 2 == 0 ? long_text : "") + std::string(random() % 3, 'a') +
                    std::to_string(random() % 50) + (random() % 9 == 0 ? std::string(1, '\0') : ""));
    numbers.push_back(static_cast<std::int32_t>(random() % 4) - 1);
    column.add(texts.back());
  }
  ThreadPool pool(3);
  const StringColumn view(column.offsets, column.bytes);
  const auto order = order_of_texts(view, numbers, pool);
  const TextOrder index(view, numbers, order);
  std::vector<std::int32_t> expected(texts.size());
  for (std::size_t row = 0; row < texts.size(); ++row) expected[row] = static_cast<std::int32_t>(row);
  const auto key = [&](std::int32_t row) {
    const auto at = static_cast<std::size_t>(row);
    return std::tuple(std::string_view(texts[at]), numbers[at], row);
  };
  std::sort(expected.begin(), expected.end(), [&](std::int32_t a, std::int32_t b) { return key(a) < key(b); });
  EXPECT_TRUE(order == expected);
  for (std::size_t probe = 0; probe < texts.size(); probe += 997) {
    std::set<std::int32_t> same;
    for (std::size_t row = 0; row < texts.size(); ++row) {
      if (texts[row] == texts[probe] && numbers[row] == numbers[probe]) same.insert(static_cast<std::int32_t>(row));
    }
    const auto found = index.rows(texts[probe], numbers[probe]);
    EXPECT_TRUE(std::equal(found.begin(), found.end(), same.begin(), same.end()));
  }
  EXPECT_TRUE(index.rows("no such text").empty());
  EXPECT_TRUE(index.rows(texts[0], 99).empty());
}

TEST(LazyTexts, EachTextIsMadeOnceAndStays) {
  const LazyTexts texts(1000);
  std::atomic<int> wrong{0};
  ThreadPool pool(4);
  std::vector<std::string_view> first(1000);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (i % 3 == 0) first[i] = texts.get(i, [&] { return fmt::format("text {}", i); });
  }
  pool.for_blocks(4000, 10, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t row = i * 7 % 1000;
      const std::string_view text = texts.get(row, [&] { return fmt::format("text {}", row); });
      if (text != fmt::format("text {}", row) || (row % 3 == 0 && text.data() != first[row].data())) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

// ---- Names in a catalog ---------------------------------------------------------------------------------------------

TEST(CatalogNames, ATitleThatEndsInAYearIsNotTakenForAnother) {
  SmallTables tables;
  tables.basics +=
      "tt20\tmovie\tHeat (1995)\tHeat (1995)\t0\t\\N\t\\N\t80\tDrama\n"
      "tt21\tmovie\tMovie [tt1]\tMovie [tt1]\t0\t\\N\t\\N\t80\tDrama\n"
      "tt22\tmovie\tBirth (1)\tBirth (1)\t0\t2000\t\\N\t80\tDrama\n";
  const MovieCatalog catalog = tables.catalog();
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt1")), "Heat (1995) [tt1]");
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt20")), "Heat (1995) [tt20]");
  for (MovieId movie = 0; movie < catalog.size(); ++movie)
    EXPECT_EQ(catalog.find_display_name(catalog.display_name(movie)), movie) << catalog.display_name(movie);
  EXPECT_FALSE(catalog.find_display_name("Heat (1995)"));
}

// Catalogs of the first versions have no orders in them.
TEST(CatalogNames, AFileWithoutOrdersGivesTheSameNames) {
  const MovieCatalog& with = SampleMovies::get();
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("old.bin");
  SafetensorsWriter writer(path, kCatalogKind);
  const auto is_order = [](const TensorInfo& tensor) { return tensor.name.ends_with(".order"); };
  int orders = 0;
  for (const TensorInfo& tensor : with.file().tensors()) {
    orders += is_order(tensor) ? 1 : 0;
    if (!is_order(tensor)) writer.declare(tensor.name, tensor.dtype, tensor.shape);
  }
  EXPECT_EQ(orders, 4);
  for (const TensorInfo& tensor : with.file().tensors()) {
    if (!is_order(tensor)) writer.write(tensor.name, with.file().data(tensor));
  }
  writer.commit();
  const MovieCatalog without(path);
  for (MovieId movie = 0; movie < with.size(); ++movie) {
    EXPECT_EQ(without.display_name(movie), with.display_name(movie));
    EXPECT_EQ(without.find_tconst(with.tconst(movie)), movie);
    EXPECT_EQ(without.find_display_name(with.display_name(movie)), movie);
  }
  for (PersonId person = 0; person < with.people_count(); ++person) {
    EXPECT_EQ(without.person_display_name(person), with.person_display_name(person));
    EXPECT_EQ(without.find_nconst(with.nconst(person)), person);
    EXPECT_EQ(without.find_person_display_name(with.person_display_name(person)), person);
  }
}

}  // namespace
}  // namespace matinee
