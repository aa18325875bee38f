#include "lib/serve/conversation_cache.h"

#include <utility>

namespace matinee {

namespace {

constexpr std::size_t kOverhead = 160;  // of an entry in the list and the map

}  // namespace

std::shared_ptr<const ConversationState> ConversationCache::find(const ConversationKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->state;
}

void ConversationCache::insert(const ConversationKey& key, std::shared_ptr<const ConversationState> state) {
  const std::size_t bytes = state->bytes() + kOverhead;
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(key);
  // What was read in full is worth more than what was not.
  if (found != places_.end() && found->second->state->forgotten <= state->forgotten) return;
  if (found != places_.end()) {
    bytes_ -= found->second->bytes;
    entries_.erase(found->second);
    places_.erase(found);
  }
  if (bytes > limit_) return;
  entries_.push_front({key, std::move(state), bytes});
  places_[key] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > limit_) {
    bytes_ -= entries_.back().bytes;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::size_t ConversationCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace matinee
