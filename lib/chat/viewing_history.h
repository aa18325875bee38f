#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What a user thinks of a movie that they have seen; kNone: an earlier verdict was taken back.
enum class Verdict : std::uint8_t { kNone, kSeen, kLiked, kDisliked };
const char* name_of(Verdict verdict);  ///< "none", "seen", "liked", "disliked"
std::optional<Verdict> verdict_from_name(std::string_view name);

/// A line of a viewing history (docs/formats.md).
struct ViewingEntry {
  std::string tconst;
  std::string title;
  std::int32_t year = kUnknown;
  Verdict verdict = Verdict::kSeen;
  std::string date;  ///< of the verdict, YYYY-MM-DD; may be empty
};

/// Today as YYYY-MM-DD, local time.
std::string today();

/// The movies that a user has seen, liked or disliked, across sessions: a file of JSON lines that only grows, so that
/// several chats may write it at once. The last line of a tconst counts. Lines of movies that the catalog lacks, and
/// keys that are unknown, stay as they are.
class ViewingHistory {
 public:
  /// Reads the file; one that does not exist is empty. `note` receives a line "FILE:LINE: ..." for each damaged line,
  /// which is left out. `catalog` must outlive this. Throws Error(kResource) or Error(kBadData) with the path if the
  /// file cannot be read or is no regular file.
  ViewingHistory(std::string path, const MovieCatalog& catalog, const std::function<void(std::string_view)>& note);

  const std::string& path() const { return path_; }
  /// The entry that counts for this tconst; null if there is none.
  const ViewingEntry* find(std::string_view tconst) const;
  /// The movies of the catalog with a verdict other than kNone, as liked, disliked or seen, in order of the file.
  PreferenceState preferences() const;

  /// Adds the entries to the file, all or none. Throws like append_lines().
  void add(std::span<const ViewingEntry> entries);
  /// Adds what a turn changed: movies whose verdict in `after` is not that in `before`. A verdict that is missing in
  /// `after` is taken back only if the turn was `undone`; otherwise the user has merely begun anew. Throws like add().
  void record(const PreferenceState& before, const PreferenceState& after, bool undone = false);

 private:
  void keep(ViewingEntry entry);

  std::string path_;
  const MovieCatalog& catalog_;
  std::vector<ViewingEntry> entries_;                    // one per tconst, in order of first mention
  std::unordered_map<std::string, std::size_t> places_;  // tconst: index in entries_
};

}  // namespace matinee
