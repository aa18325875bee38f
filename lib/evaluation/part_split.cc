#include "lib/evaluation/part_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr double kSumTolerance = 1e-3;  // three thirds may be written as 0.333

}  // namespace

PartSplit::PartSplit(std::string_view text) {
  const std::string whole(text);
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size()), colon = text.find(':');
    double share = 0;
    const bool good = colon != std::string_view::npos && colon > 0 && colon < comma &&
                      std::from_chars(text.data() + colon + 1, text.data() + comma, share).ptr == text.data() + comma &&
                      share > 0 && share <= 1e6;
    if (!good) throw usage_error("--split: expected NAME:SHARE,NAME:SHARE..., found \"{}\"", whole);
    const std::string name(text.substr(0, colon));
    if (name == "all")
      throw usage_error("--split: \"all\" means every part, so no part can have this name, in \"{}\"", whole);
    if (std::any_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part.first == name; }))
      throw usage_error("--split: the part \"{}\" is there twice in \"{}\"", name, whole);
    parts_.emplace_back(name, share);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (parts_.empty()) throw usage_error("--split: expected NAME:SHARE,NAME:SHARE..., found nothing");
  double sum = 0;
  for (const auto& [name, share] : parts_) sum += share;
  if (std::abs(sum - 1) > kSumTolerance) {
    std::string proportions;
    for (const auto& [name, share] : parts_)
      proportions += fmt::format("{}{}:{:.4g}", proportions.empty() ? "" : ",", name, share / sum);
    throw usage_error("--split: the shares of \"{}\" sum to {:.4g}, expected 1; with these proportions: --split {}",
                      whole, sum, proportions);
  }
}

bool PartSplit::Part::has(std::uint64_t hash) const {
  const double place = static_cast<double>(hash >> 11) * 0x1.0p-53;
  return place >= low_ && place < high_;
}

PartSplit::Part PartSplit::part(std::string_view name) const {
  Part found;
  if (name == "all") return found;
  double end = 0;
  std::string names;
  for (const auto& [other, share] : parts_) {
    found.low_ = end;
    end += share;
    found.high_ = other == parts_.back().first ? 1 : end;
    if (other == name) return found;
    names += other + ", ";
  }
  throw usage_error("--part: --split names no part \"{}\", but {}or all", name, names);
}

std::vector<MovieId> PartSplit::targets(const MovieCatalog& catalog, std::string_view part_name) const {
  const Part wanted = part(part_name);
  std::vector<MovieId> movies;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.genres_of(movie).empty() || (catalog.cast(movie).empty() && catalog.directors(movie).empty())) continue;
    if (wanted.has(hash64(catalog.tconst(movie), hash64("split")))) movies.push_back(movie);
  }
  if (movies.empty()) throw bad_data("{}: no movie with genre and people in part \"{}\"", catalog.path(), part_name);
  return movies;
}

}  // namespace matinee
