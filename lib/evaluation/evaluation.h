#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/chat/language_model.h"
#include "lib/dialogue/conversation.h"
#include "lib/evaluation/conversation_generator.h"

namespace matinee {

struct EvaluationOptions {
  std::int64_t held_out = 200;   ///< conversations whose tuples are prompted
  std::int64_t self_play = 100;  ///< conversations with simulated users
  std::int64_t training = 50;    ///< conversations of the training data, prompted again
  std::int64_t max_turns = 10;   ///< of the system, in self-play
  std::uint64_t training_seed = 1;
  std::string split = "train:0.9,valid:0.05,test:0.05", part = "test", training_part = "train";
  bool without_adapter = false;  ///< also the base as it is
  bool token_accuracy = false;   ///< also word by word, given the true words before

  void add(OptionSet& options);
};

/// a of b; share() is 0 of nothing.
struct Ratio {
  std::int64_t right = 0, all = 0;
  void add(bool is_right) {
    right += is_right ? 1 : 0;
    ++all;
  }
  void add(const Ratio& other) {
    right += other.right;
    all += other.all;
  }
  double share() const { return all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all); }
};

/// What one system (the tuned model, the base, the templates) reached.
struct Figures {
  // On held-out tuples. Index: Skill.
  std::array<Ratio, kSkills> exact;   ///< the very output of the data (or, where phrases are free, one the book lists)
  std::array<Ratio, kSkills> tokens;  ///< likeliest token is the true one
  Ratio asks_the_slot;                ///< the question is about the slot of the instruction
  Ratio slots_found, slots_claimed;   ///< true (slot, value) pairs found; written pairs that are true
  Ratio acts;                         ///< the user's act
  Ratio recommends_best,
      recommends_true;   ///< names the first candidate; names one and gives a reason that is true of it
  Ratio answers_right;   ///< holds the fact
  Ratio training_again;  ///< a training prompt gives its output, or a listed paraphrase
  // In self-play.
  Ratio success;                             ///< the target was recommended in time
  Ratio hit_1, hit_10, hit_50;               ///< rank of the target at the first recommendation
  double reciprocal_ranks = 0;               ///< sum
  std::int64_t turns = 0;                    ///< of the system, over all conversations
  std::int64_t replies = 0, ungrounded = 0;  ///< texts; names, years, numbers and claims that are no facts
  std::int64_t unfinished = 0;               ///< replies that a phrase of the book had to replace
  std::string misses;  ///< JSON lines: {"skill","prompt","expected","got"} of each output that is not as in the data

  double slot_f1() const;
  void add(const Figures& other);
};

/// The three systems side by side.
struct Evaluation {
  Figures model, base, templates;
  bool has_base = false;

  std::string table() const;
  std::string json() const;
};

/// Evaluates on `threads` threads that share one model, or on one where `device` is a GPU; the figures do not depend on
/// their number.
Evaluation evaluate(const MovieCatalog& catalog, const LanguageModelOptions& model, const EvaluationOptions& options,
                    std::uint64_t seed, int threads, Device device, const std::function<void(std::string_view)>& note);

}  // namespace matinee
