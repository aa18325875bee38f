#include "lib/serve/conversation_state.h"

namespace matinee {
namespace {

constexpr std::size_t kTreeNode = 48;

template <class T>
std::size_t bytes_of(const std::vector<T>& list) {
  return list.capacity() * sizeof(T);
}

std::size_t bytes_of(const Candidate& candidate) { return bytes_of(candidate.reasons) + bytes_of(candidate.broken); }

std::size_t bytes_of(const PreferenceState& state) {
  return bytes_of(state.genres) + bytes_of(state.not_genres) + bytes_of(state.people) + bytes_of(state.not_people) +
         bytes_of(state.liked) + bytes_of(state.disliked) + bytes_of(state.seen) + 2 * bytes_of(state.keywords);
}

}  // namespace

std::size_t ConversationState::bytes() const {
  std::size_t sum = sizeof *this + bytes_of(dialogue.preferences) + bytes_of(dialogue.recommended) +
                    bytes_of(dialogue.last_list) + bytes_of(dialogue.last_recommendation) + said.bytes();
  sum += kTreeNode *
         (dialogue.asked.size() + dialogue.any.size() + dialogue.beyond_told.size() + dialogue.unknown_told.size());
  for (const std::string& title : dialogue.not_found) sum += kTreeNode + sizeof(std::string) + title.capacity();
  for (const SystemAct& act : acts) {
    sum += sizeof act + bytes_of(act.candidates) + bytes_of(act.movies) + bytes_of(act.unknown);
    for (const Candidate& candidate : act.candidates) sum += bytes_of(candidate);
  }
  return sum;
}

}  // namespace matinee
