#include "lib/evaluation/tuple_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/evaluation/tuple_form.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (int act = 0; act < kUserActs; ++act) names.push_back(std::string("u.") + name_of(static_cast<UserAct>(act)));
  for (int kind = 0; kind < kSystemActKinds; ++kind) names.emplace_back(name_of(static_cast<SystemActKind>(kind)));
  return names;
}

// The share to keep of each kind of tuple; 1 for kinds that `texts` does not name.
std::map<std::string, double, std::less<>> kept_shares(const std::vector<std::string>& texts) {
  std::map<std::string, double, std::less<>> shares;
  for (const std::string& name : kind_names()) shares[name] = 1;
  std::set<std::string> given;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    double share = -1;
    const char* end = text.data() + text.size();
    if (colon != std::string::npos && std::from_chars(text.data() + colon + 1, end, share).ptr != end) share = -1;
    const auto kind = shares.find(text.substr(0, colon));
    if (kind == shares.end() || !(share >= 0 && share <= 1)) {
      std::string kinds;
      for (const auto& [name, all] : shares) kinds += (kinds.empty() ? "" : ", ") + name;
      throw usage_error("--keep: expected KIND:SHARE with a kind of {} and a share of 0 to 1, found \"{}\"", kinds,
                        text);
    }
    if (!given.insert(kind->first).second) throw usage_error("--keep: the kind \"{}\" is there twice", kind->first);
    kind->second = share;
  }
  return shares;
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void TupleSelectionOptions::add(OptionSet& options) {
  options.list("keep", &keep, "KIND:SHARE",
               "with alpaca: keep a random share of one kind of line. Kinds are the system's acts (greet, ask, "
               "recommend, list, propose, compare, relax, not_found, beyond, explain, answer, confirm, wait, help, "
               "restart, english, close) and, for understanding, u. and the user's act "
               "(u.accept); easy kinds need fewer examples");
  std::vector<std::string> kinds = kind_names();
  for (std::string& kind : kinds) kind += ':';
  options.offer_words(kinds);
  options.flag("distinct", &distinct,
               "with alpaca: write each line once; takes about 20 MB of memory per million lines. A shard knows only "
               "its own lines. A labelled turn stays as often as people said it: only its own variations are counted "
               "once");
  options.list("exclude", &exclude, "FILES", "with alpaca: leave out lines that these files hold");
  options.offer_suffixes({".jsonl"});
}

std::string TupleStatistics::table(bool distinct) const {
  std::string text =
      fmt::format("{} lines, {} repeated lines {} ({:.1f} %)", written_, repeated_,
                  distinct ? "left out" : "among them", percent(repeated_, written_ + (distinct ? repeated_ : 0)));
  if (excluded_ > 0) text += fmt::format(", {} left out because --exclude holds them", excluded_);
  text += fmt::format("\n{:<34} {:>10} {:>10} {:>10}\n", "", "lines", "share", "repeated");
  for (std::size_t skill = 0; skill < kSkills; ++skill) {
    text += fmt::format("{:<34} {:>10} {:>8.1f} % {:>8.1f} %\n", name_of(static_cast<Skill>(skill)), skills_[skill],
                        percent(skills_[skill], written_),
                        percent(repeated_skills_[skill], skills_[skill] + (distinct ? repeated_skills_[skill] : 0)));
  }
  for (const auto& [kind, count] : kinds_)
    text += fmt::format("  {:<32} {:>10} {:>8.1f} %\n", kind, count, percent(count, written_));
  return text;
}

TupleSelection::TupleSelection(const TupleSelectionOptions& options, PartSplit::Part forms)
    : shares_(kept_shares(options.keep)),
      forms_(forms),
      distinct_(options.distinct),
      counts_(options.distinct || options.count_repeats) {
  for (const std::string& path : options.exclude) {
    LineReader lines(path);
    std::string_view line;
    while (lines.next(line)) excluded_.insert(hash64(line));
  }
}

TupleLine TupleSelection::line(const InstructionTuple& tuple) const {
  TupleLine line{tuple_json(tuple), tuple.kind, tuple.prompt.skill, 0};
  if (counts_ || excluded_.size() > 0) line.hash = hash64(line.text);
  line.text += '\n';
  return line;
}

TupleLine TupleSelection::line(const InstructionTuple& tuple, Random& keeping) const {
  if (!keeping.chance(shares_.find(tuple.kind)->second)) return {};
  if (!forms_.is_all() && !forms_.has(form_hash(tuple))) return {};
  return line(tuple);
}

bool TupleSelection::take(const TupleLine& line, std::uint64_t source) {
  if (line.text.empty()) return false;
  if (excluded_.size() > 0 && excluded_.contains(line.hash)) {
    ++statistics_.excluded_;
    return false;
  }
  const auto skill = static_cast<std::size_t>(line.skill);
  if (counts_ && !seen_.insert(distinct_ ? line.hash ^ source : line.hash)) {
    ++statistics_.repeated_;
    ++statistics_.repeated_skills_[skill];
    if (distinct_) return false;
  }
  ++statistics_.written_;
  ++statistics_.skills_[skill];
  ++statistics_.kinds_[line.kind];
  return true;
}

}  // namespace matinee
