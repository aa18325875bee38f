#include "lib/table/skip_options.h"

#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {

void SkipOptions::add(OptionSet& options) {
  options.flag("keep-going", &keep_going, "skip bad rows and report their number");
  options.text("max-skipped", &most_skipped, "N|P%",
               "with --keep-going: fail where more rows of a table are bad, a number or a share of its rows");
}

TsvReadOptions SkipOptions::read_options() const {
  TsvReadOptions options;
  options.keep_going = keep_going;
  const bool share = most_skipped.ends_with('%');
  const std::string number = most_skipped.substr(0, most_skipped.size() - (share ? 1 : 0));
  const auto fits = [&](auto& value) {
    const auto [stop, code] = std::from_chars(number.data(), number.data() + number.size(), value);
    return code == std::errc{} && stop == number.data() + number.size() && value >= 0;
  };
  double percent = 0;
  std::uint64_t rows = 0;
  if (share ? !fits(percent) || percent > 100 : !fits(rows)) {
    throw usage_error("--max-skipped: expected a number of rows or a share such as 5%, found \"{}\"", most_skipped);
  }
  if (share) {
    options.most_skipped_share = percent / 100;
  } else {
    options.most_skipped = rows;
  }
  return options;
}

}  // namespace matinee
