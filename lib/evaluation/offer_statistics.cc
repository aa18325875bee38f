#include "lib/evaluation/offer_statistics.h"

#include <algorithm>
#include <vector>

namespace matinee {

OfferStatistics offer_statistics(const std::map<MovieId, std::int64_t>& offered, std::int32_t catalog_size) {
  OfferStatistics statistics;
  std::vector<double> times;
  for (const auto& [movie, count] : offered) {
    statistics.offers += count;
    times.push_back(static_cast<double>(count));
  }
  if (times.empty()) return statistics;
  const auto all = static_cast<double>(statistics.offers), size = static_cast<double>(times.size());
  statistics.different = static_cast<std::int64_t>(times.size());
  statistics.coverage = size / static_cast<double>(std::max(catalog_size, 1));
  std::sort(times.begin(), times.end());
  double weighted = 0;
  for (std::size_t i = 0; i < times.size(); ++i) weighted += (2 * static_cast<double>(i + 1) - size - 1) * times[i];
  statistics.gini = weighted / (size * all);
  for (std::size_t i = 0; i < std::min<std::size_t>(times.size(), 10); ++i)
    statistics.top_share += times[times.size() - 1 - i] / all;
  for (const auto& [movie, count] : offered) {
    std::size_t part = 0;
    while (part + 1 < kPopularityEnds.size() &&
           static_cast<double>(movie) >= kPopularityEnds[part] * static_cast<double>(catalog_size))
      ++part;
    statistics.by_popularity[part] += static_cast<double>(count) / all;
  }
  return statistics;
}

}  // namespace matinee
