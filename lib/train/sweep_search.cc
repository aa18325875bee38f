#include "lib/train/sweep_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/base/words.h"

namespace matinee {
namespace {

constexpr std::size_t kMostRuns = 100'000;

// Four digits are plenty, and can be read and typed.
std::string rounded(double value, const SweepAxis& axis) {
  std::string text = fmt::format("{:.4g}", value);
  const double read = std::stod(text);
  if (read < axis.low) return fmt::format("{}", axis.low);
  return read > axis.high ? fmt::format("{}", axis.high) : text;
}

std::vector<std::string> draw(const SweepAxis& axis, std::uint64_t seed, std::size_t run) {
  Random random(seed, "sweep " + joined(axis.names, ","), run);
  switch (axis.range) {
    case SweepRange::kList: return random.pick(axis.values);
    case SweepRange::kUniform: return {rounded(axis.low + (axis.high - axis.low) * random.uniform(), axis)};
    case SweepRange::kLogUniform: return {rounded(axis.low * std::pow(axis.high / axis.low, random.uniform()), axis)};
    case SweepRange::kIntegers: {
      const auto low = static_cast<std::int64_t>(axis.low);
      const auto count = static_cast<std::uint64_t>(static_cast<std::int64_t>(axis.high) - low + 1);
      return {fmt::format("{}", low + static_cast<std::int64_t>(random.below(count)))};
    }
  }
  return {};
}

void append(OptionTexts& settings, const SweepAxis& axis, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < axis.names.size(); ++i) settings.emplace_back(axis.names[i], texts[i]);
}

}  // namespace

std::vector<OptionTexts> settings_of_runs(const SweepPlan& plan) {
  std::size_t count = static_cast<std::size_t>(plan.runs);
  if (plan.runs == 0) {
    count = 1;
    for (const SweepAxis& axis : plan.axes) {
      count *= axis.values.size();
      if (count > kMostRuns) throw bad_data("options: more than {} combinations", kMostRuns);
    }
  }
  std::vector<OptionTexts> runs(count);
  for (std::size_t run = 0; run < count; ++run) {
    std::size_t left = count, place = run;
    for (const SweepAxis& axis : plan.axes) {
      if (plan.runs > 0) {
        append(runs[run], axis, draw(axis, plan.seed, run));
        continue;
      }
      left /= axis.values.size();
      append(runs[run], axis, axis.values[place / left]);
      place %= left;
    }
  }
  return runs;
}

std::vector<SweepRung> rungs_of(const SweepPlan& plan, std::size_t runs) {
  if (plan.search != SweepSearch::kHalving) return {{runs, 1}};
  const auto eta = static_cast<std::size_t>(plan.eta);
  std::vector<SweepRung> rungs;
  for (std::size_t left = runs; left > 0; left /= eta) rungs.push_back({left, 1});
  if (plan.rungs > static_cast<std::int64_t>(rungs.size()))
    throw bad_data("rungs: expected at most {} for {} runs with eta {}, found {}", rungs.size(), runs, eta, plan.rungs);
  if (plan.rungs > 0) rungs.resize(static_cast<std::size_t>(plan.rungs));
  double share = 1;
  for (std::size_t rung = rungs.size(); rung-- > 0; share /= static_cast<double>(eta)) rungs[rung].share = share;
  return rungs;
}

std::int64_t pause_of(const SweepRung& rung, std::int64_t steps) {
  if (rung.share >= 1) return 0;
  const auto pause = static_cast<std::int64_t>(std::ceil(rung.share * static_cast<double>(steps)));
  return pause >= steps ? 0 : std::max<std::int64_t>(pause, 1);
}

std::vector<std::size_t> lowest_losses(const std::vector<std::optional<double>>& losses, std::size_t count) {
  std::vector<std::size_t> order;
  for (std::size_t run = 0; run < losses.size(); ++run) {
    if (losses[run]) order.push_back(run);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return *losses[a] < *losses[b]; });
  order.resize(std::min(order.size(), count));
  std::sort(order.begin(), order.end());
  return order;
}

SweepShard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  SweepShard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  const bool has_count = first == std::errc() && slash != end && *slash == '/';
  const auto [stop, second] = has_count ? std::from_chars(slash + 1, end, shard.count)
                                        : std::from_chars_result{end, std::errc::invalid_argument};
  if (second != std::errc() || stop != end || shard.index < 1 || shard.index > shard.count)
    throw usage_error("--shard: expected I/N with I from 1 to N, such as 2/8, found \"{}\"", text);
  --shard.index;
  return shard;
}

}  // namespace matinee
