#include "lib/vectors/person_embedding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>

#include "lib/vectors/truncated_svd.h"
#include "lib/vectors/weighted_sum.h"

namespace matinee {
namespace {

constexpr int kIterations = 1;  // more change no recall
constexpr std::size_t kPeopleBlock = 256;

// The contexts of each movie: the parts side by side, without columns of too few rows, at most `limit` columns, those
// with the most rows.
SparseRows contexts_of(const MovieFeatures& features, std::int32_t limit, ThreadPool& pool) {
  struct Part {
    const SparseRows& rows;
    std::int32_t at_least;
  };
  const Part parts[] = {{features.cast, 2},  {features.crew, 2},  {features.genres, 1},
                        {features.years, 1}, {features.votes, 1}, {features.words, 3}};
  constexpr std::size_t kParts = std::size(parts);
  std::vector<std::int32_t> number[kParts];                               // by column, of the result; -1: left out
  std::vector<std::tuple<std::int32_t, std::size_t, std::int32_t>> kept;  // rows (negative), part, column
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::vector<std::int32_t> counts = column_counts(parts[part].rows);
    number[part].assign(counts.size(), -1);
    for (std::size_t column = 0; column < counts.size(); ++column) {
      if (counts[column] >= parts[part].at_least)
        kept.emplace_back(-counts[column], part, static_cast<std::int32_t>(column));
    }
  }
  if (kept.size() > static_cast<std::size_t>(limit)) {
    std::nth_element(kept.begin(), kept.begin() + limit, kept.end());
    kept.resize(static_cast<std::size_t>(limit));
  }
  for (const auto& [rows, part, column] : kept) number[part][static_cast<std::size_t>(column)] = 0;
  std::int32_t next = 0;
  for (std::vector<std::int32_t>& numbers : number) {
    for (std::int32_t& each : numbers) each = each < 0 ? -1 : next++;
  }
  return rows_by_blocks(features.genres.rows(), next, pool,
                        [&](std::int32_t begin, std::int32_t end, SparseRows& block) {
                          for (std::int32_t movie = begin; movie < end; ++movie) {
                            for (std::size_t part = 0; part < kParts; ++part) {
                              const SparseRows& rows = parts[part].rows;
                              for (std::int64_t i = rows.offsets[movie]; i < rows.offsets[movie + 1]; ++i) {
                                const std::int32_t column = number[part][static_cast<std::size_t>(rows.columns[i])];
                                if (column >= 0) block.add(column, rows.values[i]);
                              }
                            }
                            block.end_row();
                          }
                        });
}

// The rows of the `limit` people of the most movies, actors and makers in one matrix, so that they share their axes.
// The entries of a row are in the order of MutualInformation, which is enough for products.
SparseRows matrix_of(const MutualInformation& actors, const MutualInformation& makers, std::int32_t n_columns,
                     std::int32_t limit, ThreadPool& pool) {
  struct Source {
    std::int64_t movies;
    std::int32_t place;  // first the actors, then the makers
  };
  const std::int32_t n_actors = actors.rows();
  const auto movies = [&](std::int32_t place) {
    return place < n_actors ? actors.movies_of(place) : makers.movies_of(place - n_actors);
  };
  std::vector<std::int32_t> places(static_cast<std::size_t>(n_actors + makers.rows()));
  std::iota(places.begin(), places.end(), 0);
  if (places.size() > static_cast<std::size_t>(limit)) {
    std::nth_element(places.begin(), places.begin() + limit, places.end(), [&](std::int32_t a, std::int32_t b) {
      return std::pair(-movies(a), a) < std::pair(-movies(b), b);
    });
    places.resize(static_cast<std::size_t>(limit));
    std::sort(places.begin(), places.end());
  }
  return rows_by_blocks(static_cast<std::int32_t>(places.size()), n_columns, pool,
                        [&](std::int32_t begin, std::int32_t end, SparseRows& block) {
                          MutualInformation::Row row;
                          for (std::int32_t i = begin; i < end; ++i) {
                            const std::int32_t place = places[static_cast<std::size_t>(i)];
                            if (place < n_actors) {
                              actors.make(place, row);
                            } else {
                              makers.make(place - n_actors, row);
                            }
                            block.columns.insert(block.columns.end(), row.columns.begin(), row.columns.end());
                            block.values.insert(block.values.end(), row.values.begin(), row.values.end());
                            block.end_row();
                          }
                        });
}

}  // namespace

int PersonEmbedding::products() { return svd_products(kIterations); }

PersonEmbedding::PersonEmbedding(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed, ThreadPool& pool,
                                 const std::function<void()>& product_done, std::int32_t matrix_rows,
                                 std::int32_t contexts)
    : dim_(dim),
      people_count_(features.cast.n_columns),
      contexts_(contexts_of(features, contexts, pool)),
      actors_(features.cast, contexts_, 2, pool),
      makers_(features.crew, contexts_, 2, pool) {
  const TruncatedSvd svd = truncated_svd(matrix_of(actors_, makers_, contexts_.n_columns, matrix_rows, pool),
                                         static_cast<std::int32_t>(dim), seed, pool, kIterations, product_done);
  axes_.assign(static_cast<std::size_t>(contexts_.n_columns * dim), 0.0f);
  if (svd.rank == 0) return;
  for (std::int64_t context = 0; context < contexts_.n_columns; ++context) {
    for (std::int64_t j = 0; j < svd.rank; ++j) {
      axes_[static_cast<std::size_t>(context * dim + j)] =
          static_cast<float>(svd.v[static_cast<std::size_t>(context * svd.rank + j)] /
                             std::sqrt(svd.singular[static_cast<std::size_t>(j)]));
    }
  }
}

PersonVectors PersonEmbedding::vectors_of(const MutualInformation& people, ThreadPool& pool) const {
  PersonVectors result;
  result.dim = dim_;
  result.row_of.assign(static_cast<std::size_t>(people_count_), -1);
  for (std::int32_t row = 0; row < people.rows(); ++row)
    result.row_of[static_cast<std::size_t>(people.people()[static_cast<std::size_t>(row)])] = row;
  result.rows.assign(static_cast<std::size_t>(people.rows() * dim_), 0.0f);
  std::vector<MutualInformation::Row> rows(static_cast<std::size_t>(pool.threads()));
  pool.for_blocks(static_cast<std::size_t>(people.rows()), kPeopleBlock,
                  [&](std::size_t begin, std::size_t end, int worker) {
                    MutualInformation::Row& row = rows[static_cast<std::size_t>(worker)];
                    for (std::size_t i = begin; i < end; ++i) {
                      people.make(static_cast<std::int32_t>(i), row);
                      float* to = result.rows.data() + static_cast<std::int64_t>(i) * dim_;
                      add_weighted_sum({row.columns.data(), row.values.data(),
                                        static_cast<std::int64_t>(row.columns.size()), axes_.data(), dim_, to});
                      scale_to_unit({to, static_cast<std::size_t>(dim_)});
                    }
                  });
  return result;
}

}  // namespace matinee
