#include "lib/serve/shared_history.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/append_file.h"
#include "lib/base/error.h"
#include "lib/base/list_members.h"

namespace matinee {

SharedHistory::SharedHistory(const std::string& path, const MovieCatalog& catalog,
                             std::function<void(std::string_view)> note)
    : catalog_(catalog), note_(std::move(note)), history_(path, catalog, note_) {}

// Takes what other processes have added.
void SharedHistory::refresh() {
  if (history_.refresh(note_)) preferences_ = nullptr;
  if (preferences_ == nullptr) preferences_ = std::make_shared<const PreferenceState>(history_.preferences());
}

Verdict SharedHistory::known(MovieId movie) const {
  const ViewingEntry* found = history_.find(catalog_.tconst(movie));
  return found == nullptr ? Verdict::kNone : found->verdict;
}

ViewingEntry SharedHistory::entry(MovieId movie, Verdict verdict) const {
  return {std::string(catalog_.tconst(movie)), std::string(catalog_.title(movie)), catalog_.year(movie), verdict,
          today()};
}

// The entries that take back what turns besides these have changed, the latest first.
std::vector<ViewingEntry> SharedHistory::undone(const Turns& recorded, std::span<const ConversationKey> turns) const {
  std::vector<ViewingEntry> entries;
  std::unordered_map<MovieId, Verdict> verdicts;  // after the entries
  for (auto turn = recorded.rbegin(); turn != recorded.rend(); ++turn) {
    if (holds(turns, turn->turn)) continue;
    for (const Change& change : turn->changes) {
      const auto [verdict, fresh] = verdicts.try_emplace(change.movie, known(change.movie));
      if (verdict->second != change.after) continue;  // another verdict came meanwhile
      verdict->second = change.before;
      entries.push_back(entry(change.movie, change.before));
    }
  }
  return entries;
}

SharedHistory::Turns& SharedHistory::turns_of(const std::string& conversation) {
  const auto [place, fresh] = conversations_.try_emplace(conversation);
  if (fresh) {
    order_.push_back(conversation);
    if (order_.size() > kConversations) {
      conversations_.erase(order_.front());
      order_.pop_front();
    }
  }
  return place->second;
}

std::shared_ptr<const PreferenceState> SharedHistory::before_turn(const std::string& conversation,
                                                                  std::span<const ConversationKey> turns) {
  const std::lock_guard lock(mutex_);
  refresh();
  const auto recorded = conversations_.find(conversation);
  if (recorded == conversations_.end()) return preferences_;
  const std::vector<ViewingEntry> entries = undone(recorded->second, turns);
  if (entries.empty()) return preferences_;
  PreferenceState state = *preferences_;
  for (const ViewingEntry& each : entries) {
    const MovieId movie = catalog_.find_tconst(each.tconst).value();
    for (auto* list : {&state.seen, &state.liked, &state.disliked}) std::erase(*list, movie);
    if (each.verdict == Verdict::kSeen) state.seen.push_back(movie);
    if (each.verdict == Verdict::kLiked) state.liked.push_back(movie);
    if (each.verdict == Verdict::kDisliked) state.disliked.push_back(movie);
  }
  return std::make_shared<const PreferenceState>(std::move(state));
}

void SharedHistory::after_turn(const std::string& conversation, std::span<const ConversationKey> turns,
                               const PreferenceState& before, const PreferenceState& after) {
  const std::lock_guard lock(mutex_);
  try {
    refresh();
    if (!conversation.empty()) {
      Turns& recorded = turns_of(conversation);
      history_.add(undone(recorded, turns));
      std::erase_if(recorded, [&](const RecordedTurn& turn) { return !holds(turns, turn.turn); });
      const auto same = [&](const RecordedTurn& turn) { return turn.turn == turns.back(); };
      if (std::any_of(recorded.begin(), recorded.end(), same)) {
        preferences_ = nullptr;
        return;
      }
    }
    RecordedTurn turn{turns.back(), {}};
    const std::vector<ViewingEntry> entries = history_.changes(before, after);
    for (const ViewingEntry& each : entries) {
      const MovieId movie = catalog_.find_tconst(each.tconst).value();
      turn.changes.push_back({movie, known(movie), each.verdict});
    }
    history_.add(entries);
    if (!conversation.empty()) turns_of(conversation).push_back(std::move(turn));
  } catch (const Error& error) {
    note_(std::string(error.what()) + "; what was said of movies is not kept");
  }
  preferences_ = nullptr;
}

void SharedHistory::keep_latest(PreferenceState& preferences) {
  const std::lock_guard lock(mutex_);
  const auto outdated = [&](MovieId movie) {
    const ViewingEntry* found = history_.find(catalog_.tconst(movie));
    return found != nullptr && found->verdict != verdict_in(preferences, movie);
  };
  std::vector<MovieId> movies;
  for (const auto* list : {&preferences.seen, &preferences.liked, &preferences.disliked})
    std::copy_if(list->begin(), list->end(), std::back_inserter(movies), outdated);
  for (auto* list : {&preferences.seen, &preferences.liked, &preferences.disliked})
    std::erase_if(*list, [&](MovieId movie) { return holds(movies, movie); });
}

void SharedHistory::set(MovieId movie, Verdict verdict) {
  const std::lock_guard lock(mutex_);
  refresh();
  if (known(movie) == verdict) return;
  history_.add(std::vector{entry(movie, verdict)});
  preferences_ = nullptr;
}

Verdict SharedHistory::verdict(MovieId movie) {
  const std::lock_guard lock(mutex_);
  return known(movie);
}

std::string SharedHistory::lines() const { return read_appended(history_.path()); }

}  // namespace matinee
