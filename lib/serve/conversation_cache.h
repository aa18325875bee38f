#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "lib/serve/conversation_state.h"
#include "lib/serve/message_turns.h"

namespace matinee {

/// States of conversations by the hash of their messages; those that were not used for the longest time go first.
/// Thread-safe. A state in it never changes.
class ConversationCache {
 public:
  /// Holds at most about `bytes`; 0: nothing.
  explicit ConversationCache(std::size_t bytes) : limit_(bytes) {}

  /// Null if it is not there (any more).
  std::shared_ptr<const ConversationState> find(const ConversationKey& key);
  void insert(const ConversationKey& key, std::shared_ptr<const ConversationState> state);
  std::size_t bytes() const;

 private:
  struct Entry {
    ConversationKey key;
    std::shared_ptr<const ConversationState> state;
    std::size_t bytes;
  };
  struct KeyHash {
    std::size_t operator()(const ConversationKey& key) const { return key.first; }
  };

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the last used one first
  std::unordered_map<ConversationKey, std::list<Entry>::iterator, KeyHash> places_;
  std::size_t bytes_ = 0;
};

}  // namespace matinee
