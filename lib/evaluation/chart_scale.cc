#include "lib/evaluation/chart_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace matinee {

double ChartScale::at(double value) const {
  const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

std::vector<double> ChartScale::ticks(int count) const {
  std::vector<double> found;
  if (log) {
    static const std::vector<std::vector<double>> kDigits{{1, 2, 5}, {1, 3}, {1}};
    for (const std::vector<double>& digits : kDigits) {
      found.clear();
      for (double power = std::floor(std::log10(low)); power <= std::log10(high); ++power) {
        for (const double digit : digits) {
          const double value = digit * std::pow(10, power);
          if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push_back(value);
        }
      }
      if (static_cast<int>(found.size()) <= count + 1) break;
    }
    if (found.size() >= 2) return found;
    found.clear();
  }
  const double rough = (high - low) / std::max(count, 1), power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) found.push_back(i * step);
  return found;
}

ChartScale scale_for(std::vector<double> values, bool log, bool from_zero) {
  ChartScale scale;
  scale.log = log;
  if (values.empty()) return scale;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  scale.low = *least;
  scale.high = *most;
  if (log) {
    const double room = scale.high > scale.low ? std::pow(scale.high / scale.low, 0.04) : 1.5;
    scale.low /= room;
    scale.high *= room;
    return scale;
  }
  if (from_zero) scale.low = std::min(scale.low, 0.0);
  const double room =
      scale.high > scale.low ? 0.04 * (scale.high - scale.low) : std::max(std::abs(scale.high), 1.0) / 2;
  scale.high += room;
  if (!from_zero || scale.low < 0) scale.low -= room;
  return scale;
}

std::string tick_text(double value) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size >= 10'000 && std::fmod(size, 1000) == 0) return fmt::format("{:g}k", value / 1000);
  if (size < 0.001) return fmt::format("{:.0e}", value);
  return fmt::format("{:.4g}", value);
}

}  // namespace matinee
