#include "lib/recommend/movie_prior.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace matinee {
namespace {

// Values minus their mean, divided by their standard deviation; unknown ones become the given standardized value, or
// the lowest one that is known.
std::vector<float> standardized(const std::vector<std::optional<double>>& values, std::optional<float> unknown) {
  double sum = 0, squares = 0, lowest = 0, count = 0;
  for (const auto& value : values) {
    if (!value) continue;
    lowest = count == 0 ? *value : std::min(lowest, *value);
    sum += *value;
    squares += *value * *value;
    ++count;
  }
  const double mean = count > 0 ? sum / count : 0;
  const double deviation = count > 0 ? std::sqrt(std::max(squares / count - mean * mean, 0.0)) : 0;
  const auto scaled = [&](double value) {
    return deviation > 1e-9 ? static_cast<float>((value - mean) / deviation) : 0.0f;
  };
  const float rest = unknown.value_or(scaled(lowest));
  std::vector<float> result;
  result.reserve(values.size());
  for (const auto& value : values) result.push_back(value ? scaled(*value) : rest);
  return result;
}

}  // namespace

std::vector<float> movie_prior(const MovieCatalog& catalog, std::span<const std::int32_t> likes,
                               const PriorWeights& weights) {
  std::vector<std::optional<double>> log_votes, ratings;
  std::vector<double> known_votes;
  double rating_sum = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const bool voted = catalog.votes(movie) > 0, rated = voted && catalog.rating_tenths(movie) > 0;
    log_votes.push_back(voted ? std::optional(std::log10(static_cast<double>(catalog.votes(movie)))) : std::nullopt);
    ratings.push_back(rated ? std::optional(catalog.rating_tenths(movie) / 10.0) : std::nullopt);
    if (!rated) continue;
    known_votes.push_back(catalog.votes(movie));
    rating_sum += catalog.rating_tenths(movie) / 10.0;
  }
  if (!known_votes.empty()) {
    const auto middle = known_votes.begin() + static_cast<std::ptrdiff_t>(known_votes.size() / 2);
    std::nth_element(known_votes.begin(), middle, known_votes.end());
    const double median = *middle, mean = rating_sum / static_cast<double>(known_votes.size());
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      auto& rating = ratings[static_cast<std::size_t>(movie)];
      const double votes = catalog.votes(movie);
      if (rating) rating = (*rating * votes + mean * median) / (votes + median);
    }
  }
  const std::vector<float> fame = standardized(log_votes, std::nullopt), quality = standardized(ratings, 0.0f);
  std::vector<float> prior;
  prior.reserve(fame.size());
  for (std::size_t movie = 0; movie < fame.size(); ++movie) {
    const float liked = likes.empty() ? 0.0f : std::log1p(static_cast<float>(likes[movie]));
    prior.push_back(weights.votes * fame[movie] + weights.likes * liked + weights.rating * quality[movie]);
  }
  return prior;
}

}  // namespace matinee
