#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/options.h"
#include "lib/base/random.h"
#include "lib/evaluation/hash_set.h"
#include "lib/evaluation/part_split.h"
#include "lib/simulation/conversation.h"

namespace matinee {

struct TupleSelectionOptions {
  std::vector<std::string> keep;     ///< KIND:SHARE, by InstructionTuple::kind; other kinds are kept whole
  bool distinct = false;             ///< write each line once, but a turn as often as people said it
  std::vector<std::string> exclude;  ///< files whose lines are left out
  bool count_repeats = false;        ///< count repeated lines that are written, too; takes a HashSet of all lines

  void add(OptionSet& options);
};

/// A line of a file of tuples.
struct TupleLine {
  std::string text;  ///< with its line end
  std::string kind;  ///< InstructionTuple::kind
  Skill skill = Skill::kAsk;
  std::uint64_t hash = 0;  ///< of the text, where lines are compared
};

/// How many lines there are of each skill and kind, and how many repeat another one.
class TupleStatistics {
 public:
  std::int64_t written() const { return written_; }
  std::int64_t repeated() const { return repeated_; }
  std::int64_t excluded() const { return excluded_; }
  /// A table: lines, and shares of skills and kinds.
  std::string table(bool distinct) const;

 private:
  friend class TupleSelection;
  std::int64_t written_ = 0, repeated_ = 0, excluded_ = 0;
  std::array<std::int64_t, kSkills> skills_{}, repeated_skills_{};
  std::map<std::string, std::int64_t, std::less<>> kinds_;
};

/// Which tuples are written. The forms of tuples (tuple_form.h) are divided into parts as the movies are, so that the
/// wordings of one part are in no other.
class TupleSelection {
 public:
  /// Reads the files of `exclude`. Throws Error(kUsage) for wrong shares and Error(kMissing) for a missing file.
  TupleSelection(const TupleSelectionOptions& options, PartSplit::Part forms);

  /// The line of a tuple; without text if it is of another part or `keeping` leaves it out. Thread-safe.
  TupleLine line(const InstructionTuple& tuple, Random& keeping) const;
  /// The line of a tuple that belongs to this part, whatever its form.
  TupleLine line(const InstructionTuple& tuple) const;
  /// Whether the line shall be written; counts it. Lines come in the order of the output. `source`: with distinct, a
  /// line counts once per source.
  bool take(const TupleLine& line, std::uint64_t source = 0);

  const TupleStatistics& statistics() const { return statistics_; }

 private:
  std::map<std::string, double, std::less<>> shares_;
  PartSplit::Part forms_;
  bool distinct_, counts_;
  HashSet excluded_, seen_;
  TupleStatistics statistics_;
};

}  // namespace matinee
