#include "lib/dialogue/span_text.h"

#include <fmt/format.h>

#include <charconv>

namespace matinee {
namespace {

// What differs between years and minutes.
struct Kind {
  SpanWords words;
  std::int32_t first, last, around;
  bool decades;
};
constexpr Kind kYears{kYearWords, kFirstYear, kLastYear, kAroundYears, true};
constexpr Kind kMinutes{kRuntimeWords, 0, kLongest, kAroundMinutes, false};

std::string text_of(Span span, const Kind& kind) {
  if (span.low == span.high) return fmt::format("{}", span.low);
  if (kind.decades && span.low % 10 == 0 && span.high == span.low + 9) return fmt::format("{}s", span.low);
  if (span.high == kind.last) return fmt::format("{}{}", kind.words.since, span.low);
  if (span.low == kind.first) return fmt::format("{}{}", kind.words.until, span.high);
  const std::int32_t middle = span.low + kind.around;
  if (span.high == middle + kind.around && middle % 5 == 0) return fmt::format("{}{}", kind.words.around, middle);
  return fmt::format("{}{}{}", span.low, kSpanTo, span.high);
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<std::int32_t> take_number(std::string_view& text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0 || value > 100'000) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<Span> span_of(std::string_view text, const Kind& kind) {
  const bool since = take(text, kind.words.since), until = !since && take(text, kind.words.until),
             around = !since && !until && take(text, kind.words.around), plain = !since && !until && !around;
  const auto number = take_number(text);
  if (!number) return {};
  Span span{*number, *number};
  if (since) span.high = std::max(kind.last, *number);
  if (until) span.low = std::min(kind.first, *number);
  if (around) span = {std::max(0, *number - kind.around), *number + kind.around};
  if (plain && kind.decades && *number % 10 == 0 && take(text, "s")) {
    span.high += 9;
  } else if (plain && (take(text, kSpanTo) || take(text, "-"))) {
    const auto high = take_number(text);
    if (!high || *high < *number) return {};
    span.high = *high;
  }
  if (!text.empty()) return {};
  return span;
}

}  // namespace

std::string years_text(Span years) { return text_of(years, kYears); }
std::string runtime_text(Span minutes) { return text_of(minutes, kMinutes); }
std::optional<Span> years_of_text(std::string_view text) { return span_of(text, kYears); }
std::optional<Span> runtime_of_text(std::string_view text) { return span_of(text, kMinutes); }

}  // namespace matinee
