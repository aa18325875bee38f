#include "lib/vectors/movie_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/file.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/title_vectors.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleCatalog;

double cosine(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

TEST(MovieVectors, AreOfUnitLengthOrZero) {
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieVectorView view(*sample.catalog);
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    std::int64_t zeros = 0;
    for (MovieId movie = 0; movie < view.size(); ++movie) {
      const auto row = view.row(static_cast<VectorKind>(kind), movie);
      const double squares = cosine(row, row);
      if (squares == 0) {
        ++zeros;
      } else {
        ASSERT_NEAR(squares, 1, 1e-5) << name_of(static_cast<VectorKind>(kind)) << " of " << movie;
      }
    }
    EXPECT_LT(zeros, view.size() / 4) << name_of(static_cast<VectorKind>(kind));
  }
}

TEST(MovieVectors, AreZeroWhereNothingIsKnown) {
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieVectorView view(*sample.catalog);
  std::int64_t without = 0;
  for (MovieId movie = 0; movie < view.size(); ++movie) {
    if (!sample.catalog->directors(movie).empty() || !sample.catalog->writers(movie).empty()) continue;
    ++without;
    for (const float value : view.row(VectorKind::kCrew, movie)) ASSERT_EQ(value, 0.0f);
  }
  EXPECT_GT(without, 0);
}

TEST(MovieVectors, AreCentered) {
  testing::TemporaryFolder folder;
  ThreadPool pool(2);
  CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {.top = 700}, pool).save(folder.file("bare.bin"));
  const MovieCatalog catalog(folder.file("bare.bin"));
  const MovieVectors vectors = make_movie_vectors(catalog, {.co_likes = "none"}, pool);
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    std::vector<double> mean(static_cast<std::size_t>(vectors.dim), 0.0);
    for (std::size_t i = 0; i < vectors.rows[kind].size(); ++i)
      mean[i % mean.size()] += vectors.rows[kind][i] / static_cast<double>(catalog.size());
    double squares = 0;
    for (const double value : mean) squares += value * value;
    // Not exactly zero, because rows are scaled to unit length after the mean is subtracted.
    EXPECT_LT(std::sqrt(squares), 0.15) << name_of(static_cast<VectorKind>(kind));
  }
}

TEST(MovieVectors, MoviesLikedTogetherComeNearer) {
  const SampleCatalog& sample = SampleCatalog::shared();
  testing::TemporaryFolder folder;
  write_file(folder.file("likes.txt"), "Heat (1995)\t9\t1:5\nToy Story (1995)\t9\t\n");
  ThreadPool pool(2);
  const VectorOptions alone{.method = "projection", .co_likes = "none"},
      liked{.method = "projection", .co_likes = folder.file("likes.txt")};
  const MovieVectors before = make_movie_vectors(*sample.catalog, alone, pool);
  const MovieVectors after = make_movie_vectors(*sample.catalog, liked, pool);
  const MovieVectorView was(before, alone.weights), is(after, liked.weights);
  const MovieId heat = sample.movie("Heat (1995)"), toys = sample.movie("Toy Story (1995)");
  for (const VectorKind kind : {VectorKind::kTitle, VectorKind::kCast, VectorKind::kCrew}) {
    EXPECT_GT(cosine(is.row(kind, heat), is.row(kind, toys)), cosine(was.row(kind, heat), was.row(kind, toys)) + 0.2);
  }
  const MovieId other = sample.movie("Titanic (1997)");
  EXPECT_TRUE(std::ranges::equal(is.row(VectorKind::kTitle, other), was.row(VectorKind::kTitle, other)));
  EXPECT_TRUE(before.likes.empty());
  EXPECT_EQ(after.likes[static_cast<std::size_t>(heat)], 9);
  EXPECT_EQ(after.likes[static_cast<std::size_t>(other)], 0);
}

TEST(MovieVectors, BytesDependOnTheSeedButNotOnTheNumberOfThreads) {
  testing::TemporaryFolder folder;
  ThreadPool one(1), two(2);
  CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {.top = 700}, two).save(folder.file("bare.bin"));
  const MovieCatalog catalog(folder.file("bare.bin"));
  for (const char* method : {"cooccurrence", "projection"}) {
    VectorOptions options{.method = method};
    const MovieVectors a = make_movie_vectors(catalog, options, one), b = make_movie_vectors(catalog, options, two);
    options.seed = 2;
    const MovieVectors c = make_movie_vectors(catalog, options, two);
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      EXPECT_EQ(a.rows[kind], b.rows[kind]) << method;
      EXPECT_NE(a.rows[kind], c.rows[kind]) << method;
    }
  }
}

TEST(MovieVectors, ProjectionKeepsCosinesOfPeople) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const MovieVectors vectors =
      make_movie_vectors(*sample.catalog, {.dim = 256, .method = "projection", .co_likes = "none"}, pool);
  SparseRows exact = weighted_by_rarity(movie_features(*sample.catalog, pool).cast, 2, pool);
  scale_rows_to_unit(exact, pool);
  double squared_error = 0;
  for (MovieId movie = 0; movie + 1 < 2000; ++movie) {
    double wanted = 0;
    const auto columns = exact.columns_of(movie), others = exact.columns_of(movie + 1);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto at = std::find(others.begin(), others.end(), columns[i]);
      if (at != others.end()) wanted += exact.values_of(movie)[i] * exact.values_of(movie + 1)[at - others.begin()];
    }
    const auto row = [&](MovieId m) {
      return std::span(vectors.rows[1]).subspan(static_cast<std::size_t>(m * 256), 256);
    };
    const double error = cosine(row(movie), row(movie + 1)) - wanted;
    squared_error += error * error;
  }
  // Johnson-Lindenstrauss: the error of an inner product has variance of about 1 / dim.
  EXPECT_LT(std::sqrt(squared_error / 2000), 2 / std::sqrt(256.0));
}

TEST(MovieFeatures, BumpsFallWithDistance) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const MovieFeatures features = movie_features(*sample.catalog, pool);
  const auto inner = [&](const std::string& a, const std::string& b) {
    const MovieId x = sample.movie(a), y = sample.movie(b);
    double sum = 0;
    for (std::size_t i = 0; i < features.years.columns_of(x).size(); ++i) {
      for (std::size_t j = 0; j < features.years.columns_of(y).size(); ++j) {
        if (features.years.columns_of(x)[i] == features.years.columns_of(y)[j]) {
          sum += features.years.values_of(x)[i] * features.years.values_of(y)[j];
        }
      }
    }
    return sum;
  };
  EXPECT_NEAR(inner("Heat (1995)", "Toy Story (1995)"), 1, 1e-5);
  EXPECT_GT(inner("Heat (1995)", "Titanic (1997)"), inner("Heat (1995)", "The Matrix (1999)") + 0.05);
  EXPECT_LT(inner("Heat (1995)", "Casablanca (1942)"), 0.001);
}

TEST(MovieVectors, AnyDimensionGivesUnitVectorsAtAnyNumberOfThreads) {
  testing::TemporaryFolder folder;
  ThreadPool one(1), three(3);
  CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {.top = 300}, one).save(folder.file("bare.bin"));
  const MovieCatalog catalog(folder.file("bare.bin"));
  // Fewer dimensions than a title has features, about as many, and more than the people have ranks.
  for (const std::int64_t dim : {16, 17, 90, 100, 115, 130, 1024}) {
    const VectorOptions options{.dim = dim};
    const MovieVectors a = make_movie_vectors(catalog, options, one), b = make_movie_vectors(catalog, options, three);
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      ASSERT_EQ(a.rows[kind].size(), static_cast<std::size_t>(catalog.size() * dim));
      EXPECT_EQ(a.rows[kind], b.rows[kind]) << dim;
      std::int64_t known = 0;
      for (MovieId movie = 0; movie < catalog.size(); ++movie) {
        const auto row =
            std::span(a.rows[kind]).subspan(static_cast<std::size_t>(movie * dim), static_cast<std::size_t>(dim));
        const double squares = cosine(row, row);
        if (squares != 0) {
          ASSERT_NEAR(squares, 1, 1e-5) << dim;
          ++known;
        }
      }
      EXPECT_GT(known, catalog.size() / 2) << dim;
    }
  }
}

TEST(TitleVectors, FewDimensionsKeepMostOfTheCosines) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const MovieFeatures features = movie_features(*sample.catalog, pool);
  const std::vector<float> all = title_vectors(features, 256, 1, pool), few = title_vectors(features, 24, 1, pool);
  const auto row = [](const std::vector<float>& from, MovieId movie, std::size_t dim) {
    return std::span(from).subspan(static_cast<std::size_t>(movie) * dim, dim);
  };
  double error = 0;
  constexpr MovieId kPairs = 2000;
  for (MovieId movie = 0; movie < kPairs; ++movie)
    error += std::abs(cosine(row(all, movie, 256), row(all, movie + 1, 256)) -
                      cosine(row(few, movie, 24), row(few, movie + 1, 24)));
  EXPECT_LT(error / kPairs, 0.1);
}

TEST(MovieVectorView, ReportsMissingVectors) {
  testing::TemporaryFolder folder;
  const std::string path = folder.file("bare.bin");
  ThreadPool pool(1);
  CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {.top = 10}, pool).save(path);
  const MovieCatalog catalog(path);
  EXPECT_EQ(error_of([&] { const MovieVectorView view(catalog); }),
            path + ": the catalog has no tensor \"vectors.title\"; make it with embed");
}

TEST(MovieVectorView, HasTheWeightsOfTheFile) {
  const MovieCatalog& catalog = *SampleCatalog::shared().catalog;
  const MovieVectorView view(catalog);
  EXPECT_EQ(view.weights(), VectorOptions().weights);
  EXPECT_EQ(catalog.file().metadata().at("matinee.vectors.method"), "cooccurrence");
  EXPECT_EQ(view.dim(), 128);
}

TEST(WeightsFromWords, ErrorsNameTheFault) {
  const std::vector<std::string> two{"1", "2"}, bad{"1", "x", "2"}, negative{"1", "-1", "2"}, good{"1", "0", ".5"};
  EXPECT_EQ(error_of([&] { (void)weights_from_words(two); }), "--weights: expected three numbers, found 2");
  EXPECT_EQ(error_of([&] { (void)weights_from_words(bad); }),
            "--weights: expected a number of at least 0, found \"x\"");
  EXPECT_EQ(error_of([&] { (void)weights_from_words(negative); }),
            "--weights: expected a number of at least 0, found \"-1\"");
  EXPECT_EQ(weights_from_words(good), (std::array<float, 3>{1, 0, 0.5f}));
}

}  // namespace
}  // namespace matinee
