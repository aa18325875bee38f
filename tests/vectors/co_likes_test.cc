#include "lib/vectors/co_likes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleCatalog;

TEST(CoLikes, FilmsAreFoundByTitleAndYear) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  // Without article, one year off, and absent.
  const CoLikes likes =
      read_co_likes("# comment\nHeat (1995)\t4\t1:3 2\nMatrix (2000)\t2\t2\nNo Such Film (1995)\t7\t\n", "likes.txt",
                    *sample.catalog, pool);
  const MovieId heat = sample.movie("Heat (1995)"), matrix = sample.movie("The Matrix (1999)");
  EXPECT_EQ(likes.likes[static_cast<std::size_t>(heat)], 4);
  EXPECT_EQ(likes.likes[static_cast<std::size_t>(matrix)], 2);
  EXPECT_EQ(std::count(likes.likes.begin(), likes.likes.end(), 0), sample.catalog->size() - 2);
  ASSERT_EQ(likes.together.rows(), sample.catalog->size());
  ASSERT_EQ(likes.together.columns_of(heat).size(), 1u);
  EXPECT_EQ(likes.together.columns_of(heat)[0], matrix);
  EXPECT_EQ(likes.together.values_of(heat)[0], 3.0f);
  EXPECT_EQ(likes.together.columns_of(matrix)[0], heat);
}

TEST(CoLikes, TheShippedCountsAreSymmetricAndFindMostOfTheSample) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const CoLikes likes = read_co_likes(shipped_co_likes(), "co_likes.txt", *sample.catalog, pool);
  EXPECT_GT(std::count_if(likes.likes.begin(), likes.likes.end(), [](auto n) { return n > 0; }), 1000);
  const SparseRows back = transposed(likes.together, pool);
  EXPECT_EQ(back.columns, likes.together.columns);
  EXPECT_EQ(back.values, likes.together.values);
}

TEST(CoLikes, ErrorsNameTheLine) {
  const MovieCatalog& catalog = *SampleCatalog::shared().catalog;
  ThreadPool pool(2);
  const auto error = [&](const char* text) {
    return error_of([&] { (void)read_co_likes(text, "likes.txt", catalog, pool); });
  };
  EXPECT_EQ(error("# a\nHeat 1995\t1\t\n"), "likes.txt:2: expected a film as \"TITLE (YEAR)\", found \"Heat 1995\"");
  EXPECT_EQ(error("Heat (1995)\tmany\t\n"), "likes.txt:1: expected the number of likes, found \"many\"");
  EXPECT_EQ(error("Heat (1995)\t1\t1:x\n"),
            "likes.txt:1: expected the number of a film and a count as \"8\" or \"8:2\", found \"1:x\"");
  EXPECT_EQ(error("Heat (1995)\t1\t7\n"), "likes.txt: expected numbers of films below 1, found 7");
}

}  // namespace
}  // namespace matinee
