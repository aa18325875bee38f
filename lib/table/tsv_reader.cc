#include "lib/table/tsv_reader.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/base/ordered_pass.h"
#include "lib/table/table_writer.h"

namespace matinee {
namespace {

constexpr const char* kRemedy = "--keep-going skips such rows";

// Counts what the blocks of a file hold, in order.
class Account {
 public:
  Account(const TsvSource& source, const TsvReadOptions& options) : source_(source), options_(options) {}

  void add(const TsvItem& item) {
    const ParsedBlock& block = item.parsed;
    if (block.fault) bad_row(block.fault->error(source_.name(), lines_));
    lines_ += block.lines;
    report_.rows += block.rows;
    report_.skipped += static_cast<std::int64_t>(block.skipped);
    report_.blank_lines += static_cast<std::int64_t>(block.blank_lines);
    report_.other_ends += static_cast<std::int64_t>(block.other_ends);
    report_.last_row_ends = block.last_ends;
    report_.bytes += item.raw.bytes;
  }

  TsvReadReport finish() {
    check_skipped();
    if (const auto& broken = source_.broken()) {
      const Error error = bad_data("{}:{}:{}: {}", source_.name(), lines_ + 1, broken->tabs + 1, broken->message);
      if (!options_.keep_going) throw Error(error);
      if (report_.first_skipped.empty()) report_.first_skipped = error.what();
      ++report_.skipped;
    }
    if (report_.skipped > 0 && report_.rows == 0) {
      throw bad_data("{}: no row is good; the first: {}", source_.name(), without_name(report_.first_skipped));
    }
    return std::move(report_);
  }

 private:
  void bad_row(Error error) {
    if (!options_.keep_going) throw Error(error.add_remedy(kRemedy));
    if (report_.first_skipped.empty()) report_.first_skipped = error.what();
  }

  void check_skipped() const {
    const auto skipped = static_cast<std::uint64_t>(report_.skipped);
    const auto all = static_cast<std::uint64_t>(report_.skipped + report_.rows);
    const bool too_many = options_.most_skipped
                              ? skipped > *options_.most_skipped
                              : static_cast<double>(skipped) > options_.most_skipped_share * static_cast<double>(all);
    if (!too_many || report_.rows == 0) return;
    const std::string most = options_.most_skipped ? fmt::format("{}", *options_.most_skipped)
                                                   : fmt::format("{:g} %", options_.most_skipped_share * 100);
    throw bad_data("{}: {} of {} rows are bad, more than {}; the first: {}", source_.name(), skipped, all, most,
                   without_name(report_.first_skipped))
        .add_remedy("--max-skipped allows more");
  }

  std::string without_name(const std::string& message) const {
    const std::string name = source_.name() + ":";
    return message.starts_with(name) ? message.substr(name.size()) : message;
  }

  const TsvSource& source_;
  const TsvReadOptions& options_;
  std::uint64_t lines_ = 1;
  TsvReadReport report_;
};

}  // namespace

TsvReadReport read_tsv(TsvSource& source, const TsvReadOptions& options, ThreadPool& pool, const TsvSteps& steps) {
  Account account(source, options);
  const auto call = [](const std::function<void(TsvItem&)>& step, TsvItem& item) {
    if (step) step(item);
  };
  OrderedSteps<TsvItem> all;
  std::size_t next = 0;
  all.take = [&](TsvItem& item) {
    item.index = next++;
    return source.next(item.raw);
  };
  all.work = [&](TsvItem& item) {
    source.load(item.raw);
    if (!item.parser) item.parser.emplace(source.header(), options.line_limit, options.keep_going);
    item.parser->parse(item.raw, item.parsed);
    if (options.keep_going || !item.parsed.fault) call(steps.work, item);
  };
  all.in_order = [&](TsvItem& item) {
    account.add(item);
    call(steps.in_order, item);
    if (steps.progress) steps.progress(item.raw.place, source.size());
  };
  all.after = [&](TsvItem& item) { call(steps.after, item); };
  try {
    OrderedPass<TsvItem>::run(pool, all);
  } catch (const Error& error) {
    // A bad row of a damaged file says nothing.
    if (error.code() == ErrorCode::kBadData) source.check_rest();
    throw;
  }
  TsvReadReport report = account.finish();
  report.limit = source.speed_limit();
  return report;
}

TsvReadReport tsv_to_table(const std::string& input, const std::string& output, const TsvReadOptions& options,
                           ThreadPool& pool, const ReadProgress& progress) {
  TsvSource source(input, options.line_limit, options.keep_going);
  TableWriter writer(output, source.header());
  TsvSteps steps;
  // Where a long row reaches beyond whole blocks, these are empty or not there, as the input is read.
  steps.in_order = [&](TsvItem& item) {
    if (!item.parsed.empty) item.offset = writer.add(item.parsed.rows, item.parsed.bytes.size());
  };
  steps.after = [&](TsvItem& item) {
    if (!item.parsed.empty) writer.write(item.offset, item.parsed.bytes.bytes());
  };
  steps.progress = progress;
  TsvReadReport report = read_tsv(source, options, pool, steps);
  writer.commit();
  return report;
}

}  // namespace matinee
