#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/options.h"
#include "lib/base/parallel.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"
#include "lib/evaluation/figure_items.h"
#include "lib/evaluation/figures.h"
#include "lib/evaluation/scored_turn.h"

namespace matinee {

struct EvaluationOptions {
  std::int64_t held_out = 200;   ///< conversations whose tuples are prompted
  std::int64_t self_play = 100;  ///< conversations with simulated users
  std::int64_t training = 50;    ///< conversations of the training data, prompted again
  std::int64_t max_turns = 10;   ///< of the system, in self-play
  std::uint64_t training_seed = 1;
  std::string split = "train:0.9,valid:0.05,test:0.05", part = "test", training_part = "train";
  bool without_adapter = false;              ///< also the base alone
  bool token_accuracy = false;               ///< also token by token, given the true tokens before
  bool with_rule = false;                    ///< also templates that a rule without a model understands for
  BeginProgress progress = silent_progress;  ///< shows the conversations of each system

  void add(OptionSet& options);
  /// Whether any conversation is asked for.
  bool any() const { return held_out + self_play + training > 0; }
};

/// How long a part of the run took.
struct EvaluationPhase {
  std::string name;
  double seconds = 0;
  std::int64_t tokens = 0;  ///< of the model's replies; 0: without a model
};

/// How labelled turns were understood.
struct TurnScores {
  TurnScore model, rule;
};

/// The systems side by side.
struct Evaluation {
  Figures model, base, templates, rule;
  bool has_model = true, has_base = false, has_rule = false;
  FigureItems items;                ///< of the model, a conversation each
  std::optional<TurnScores> turns;  ///< of files of labelled turns
  std::vector<EvaluationPhase> phases;

  std::string table() const;
  std::string json() const;
};

/// Evaluates on `threads` threads that share one model, or on one where `device` is a GPU; the figures do not depend on
/// their number. `note` receives a line before each system. Throws Error(kUsage) for an unknown part.
Evaluation evaluate(const ChatSystem& system, const LanguageModelOptions& model, const EvaluationOptions& options,
                    std::uint64_t seed, int threads, Device device, const std::function<void(std::string_view)>& note);

/// The templates alone: the upper bound that perfect understanding and grounded wording would reach with this policy.
Figures evaluate_templates(const ChatSystem& system, const EvaluationOptions& options, std::uint64_t seed,
                           ThreadPool& pool);

/// The labelled turns as items, of the figures act, slots_f1 and exact.
FigureItems items_of_turns(const TurnScore& score);

}  // namespace matinee
