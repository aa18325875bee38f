#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/chat/viewing_history.h"
#include "lib/serve/message_turns.h"

namespace matinee {

/// The viewing history behind all conversations of a server. Thread-safe; other processes may add to the file.
///
/// A turn's verdicts are recorded when it is answered, once for each turn. Where the client names its conversations, a
/// turn that a later request of the same conversation does not have any more (it was edited away, or taken back) loses
/// its verdicts: a line restores what was known before it, unless another verdict came meanwhile. The last
/// kConversations conversations of this process are remembered for that.
class SharedHistory {
 public:
  static constexpr std::size_t kConversations = 1000;

  /// `note` gets a line for each damaged line of the file, and where it cannot be written. `catalog` must outlive this.
  SharedHistory(const std::string& path, const MovieCatalog& catalog, std::function<void(std::string_view)> note);

  /// What earlier conversations tell, for a turn of this conversation: without what `turns` (all turns of the request,
  /// the new one too) do not say any more.
  std::shared_ptr<const PreferenceState> before_turn(const std::string& conversation,
                                                     std::span<const ConversationKey> turns);
  /// Records a turn, the last one of `turns`, that changed the user's verdicts on movies from `before` to `after`, and
  /// takes back what the other turns do not say any more. A file that cannot be written is noted.
  void after_turn(const std::string& conversation, std::span<const ConversationKey> turns,
                  const PreferenceState& before, const PreferenceState& after);

  /// Takes out of a conversation's preferences the movies of which another verdict is known: it is the later one.
  void keep_latest(PreferenceState& preferences);

  /// Adds one verdict. Throws as ViewingHistory::add().
  void set(MovieId movie, Verdict verdict);
  /// kNone where nothing is known.
  Verdict verdict(MovieId movie);
  /// The text of the file.
  std::string lines() const;

 private:
  struct Change {
    MovieId movie;
    Verdict before, after;
  };
  struct RecordedTurn {
    ConversationKey turn;
    std::vector<Change> changes;
  };
  using Turns = std::vector<RecordedTurn>;

  void refresh();
  Verdict known(MovieId movie) const;
  ViewingEntry entry(MovieId movie, Verdict verdict) const;
  std::vector<ViewingEntry> undone(const Turns& recorded, std::span<const ConversationKey> turns) const;
  Turns& turns_of(const std::string& conversation);

  const MovieCatalog& catalog_;
  std::function<void(std::string_view)> note_;
  std::mutex mutex_;
  ViewingHistory history_;
  std::shared_ptr<const PreferenceState> preferences_;  // of history_; null: to be made
  std::unordered_map<std::string, Turns> conversations_;
  std::deque<std::string> order_;  // of conversations_, the oldest first
};

}  // namespace matinee
