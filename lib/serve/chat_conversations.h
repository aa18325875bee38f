#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/serve/conversation_cache.h"
#include "lib/serve/conversation_reader.h"
#include "lib/serve/conversations.h"
#include "lib/serve/name_search.h"
#include "lib/serve/shared_history.h"
#include "lib/serve/turn_skills.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

struct ChatConversationOptions {
  std::string model{};                  ///< its description, for the page
  std::uint64_t seed = 1;               ///< of requests without one
  std::string memory{};                 ///< file of the viewing history; "": nothing is kept
  std::size_t cache_bytes = 32u << 20;  ///< of states of conversations
  /// Turns of a conversation that are understood again, at most, where the cache does not hold it.
  std::size_t longest_replay = 60;
  std::function<void(std::string_view)> note = [](std::string_view) {};  ///< thread-safe; of the memory's file
};

/// Conversations with skills of any kind, over the movies of one catalog. The same messages and seed give the same
/// answer, whether the cache holds the conversation or not, as long as nothing was added to the memory meanwhile.
class ChatConversations final : public Conversations {
 public:
  /// `system` and `tokenizer`, which counts the tokens of texts, must outlive this. Throws as ViewingHistory.
  ChatConversations(const ChatSystem& system, const Tokenizer& tokenizer, SkillSource skills,
                    ChatConversationOptions options);
  ~ChatConversations() override;

  Answer answer(const ChatRequest& request, const OnText& on_text, const std::function<bool()>& gone) override;
  std::string start_json() override;
  std::optional<std::string> movie_json(std::string_view tconst) override;
  std::string search_json(std::string_view query) override;
  std::string genres_json() override;
  std::string people_json(std::string_view query) override;
  std::optional<std::string> map_json() override;
  std::string memory_lines() override;
  std::string set_verdict(std::string_view body) override;

 private:
  friend class TurnAnswer;

  std::string opening(std::uint64_t seed) const;
  Verdict verdict(MovieId movie, const PreferenceState& preferences);

  const ChatSystem& system_;
  const Tokenizer& tokenizer_;
  SkillSource skills_;
  ChatConversationOptions options_;
  ConversationReader reader_;
  ConversationCache cache_;
  NameSearch names_;
  std::vector<std::string> suggestions_;
  std::optional<std::string> map_;
  std::unique_ptr<SharedHistory> history_;  // null without a memory
  std::atomic<std::uint64_t> openings_{0};
};

}  // namespace matinee
