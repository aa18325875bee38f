#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lib/chat/chat_session.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"
#include "lib/chat/text_generator.h"
#include "lib/evaluation/figures.h"

namespace matinee {

/// What is measured.
struct Examinee {
  std::unique_ptr<Wording> wording;
  std::unique_ptr<Understanding> understanding;  ///< null: the user's true meaning is given
  TextGenerator* accuracy_of = nullptr;          ///< for Figures::tokens; null: not measured
};

/// Measures one examinee in one conversation.
class Judge {
 public:
  /// `system` must outlive this.
  Judge(const ChatSystem& system, Examinee examinee);
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  /// Prompts every tuple of a held-out conversation.
  void prompt_again(const Conversation& conversation);
  /// Prompts every tuple of a conversation of the training data; only training_again counts.
  void prompt_training(const Conversation& conversation);
  /// Talks with a simulated user until the user accepts a movie that meets all wishes, leaves, or `max_turns` are over.
  /// `of`: what the record of the conversation says of the user.
  struct UserOfRecord {
    std::uint64_t index = 0;
    Persona persona = Persona::kTerse;
  };
  void play(SimulatedUser& user, std::int64_t max_turns, UserOfRecord of = {0, Persona::kTerse});
  /// The same against a policy that does not listen: it offers random movies. Only random_success counts.
  void play_with_random_movies(SimulatedUser& user, std::int64_t max_turns, Random random);

  const Figures& figures() const { return figures_; }
  /// Moves them out; the judge has none afterward.
  Figures take_figures() { return std::exchange(figures_, {}); }

 private:
  /// Understands every turn as what the simulated user meant.
  struct TrueMeaning final : Understanding {
    UnderstoodTurn understand(std::span<const SystemAct>, std::string_view) override { return {meant}; }
    PreferenceUpdate meant;
  };

  std::string realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said);
  PreferenceUpdate understand(const Exchange& exchange);
  void judge_wording(const SystemAct& act, const PreferenceState& preferences, const std::string& text);
  void judge_understanding(std::uint64_t conversation, const Exchange& exchange, const PreferenceUpdate& found);
  void measure_tokens(const SkillPrompt& prompt, std::string_view output);
  std::vector<SystemAct> judge_turn(const ChatTurn& turn, const PreferenceState& preferences);
  void note_answer(PlayedTurn& record, std::span<const SystemAct> acts, const UserTurn& said,
                   const PreferenceUpdate& found, std::vector<Slot> broken);
  void judge_offers(const ChatTurn& turn, const PreferenceState& preferences);
  void rank_target(const PreferenceState& preferences, MovieId target);
  void note_miss(const SkillPrompt& prompt, std::string_view expected, std::string_view got);
  bool is_listed(const SystemAct& act, const PreferenceState& preferences, const std::string& text) const;

  const ChatSystem& system_;
  Examinee examinee_;
  TrueMeaning true_meaning_;
  Understanding& understanding_;
  Figures figures_;
};

/// The candidate of the act whose name the text holds, the longest name where several do; -1 if none.
MovieId named_candidate(std::string_view text, const SystemAct& act, const MovieCatalog& catalog);

}  // namespace matinee
