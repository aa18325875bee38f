#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/options.h"
#include "lib/base/parallel.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"
#include "lib/evaluation/figures.h"

namespace matinee {

struct EvaluationOptions {
  std::int64_t held_out = 200;   ///< conversations whose tuples are prompted
  std::int64_t self_play = 100;  ///< conversations with simulated users
  std::int64_t training = 50;    ///< conversations of the training data, prompted again
  std::int64_t max_turns = 10;   ///< of the system, in self-play
  std::uint64_t training_seed = 1;
  std::string split = "train:0.9,valid:0.05,test:0.05", part = "test", training_part = "train";
  bool without_adapter = false;  ///< also the base alone
  bool token_accuracy = false;   ///< also token by token, given the true tokens before

  void add(OptionSet& options);
};

/// The three systems side by side.
struct Evaluation {
  Figures model, base, templates;
  bool has_base = false;

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

}  // namespace matinee
