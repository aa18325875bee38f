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

/// What the preferences say of the movie.
Verdict verdict_in(const PreferenceState& preferences, MovieId movie);

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
  /// Reads what was added to the file since it was read last, by other programs too; all of it where it is shorter than
  /// it was. Returns whether there was something. `note` and errors: as above.
  bool refresh(const std::function<void(std::string_view)>& note);
  /// The entry that counts for this tconst; null if there is none.
  const ViewingEntry* find(std::string_view tconst) const;
  /// The movies of the catalog with a verdict other than kNone, as liked, disliked or seen, in order of the file.
  PreferenceState preferences() const;

  /// Adds the entries to the file, all or none. Throws like append_lines().
  void add(std::span<const ViewingEntry> entries);
  /// What a turn changed: movies whose verdict in `after` is not that in `before`, nor the one that is known. A verdict
  /// that is missing in `after` is taken back only if the turn was `undone`; otherwise the user has merely begun anew.
  std::vector<ViewingEntry> changes(const PreferenceState& before, const PreferenceState& after,
                                    bool undone = false) const;
  /// Adds what a turn changed. Throws like add().
  void record(const PreferenceState& before, const PreferenceState& after, bool undone = false) {
    add(changes(before, after, undone));
  }

 private:
  void keep(ViewingEntry entry);

  std::string path_;
  const MovieCatalog& catalog_;
  std::size_t read_ = SIZE_MAX;        // bytes of the file; more than it can have: it was not read yet
  std::uint64_t lines_ = 0;            // in them
  std::vector<ViewingEntry> entries_;  // one per tconst, in order of first mention
  std::unordered_map<std::string, std::size_t> places_;  // tconst: index in entries_
};

}  // namespace matinee
