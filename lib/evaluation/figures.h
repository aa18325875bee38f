#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/evaluation/played_conversation.h"
#include "lib/wording/skill_prompts.h"

namespace matinee {

/// How many of all were right; share() is 0 for none at all.
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

/// What one system (the tuned model, the base or the templates) reached.
struct Figures {
  // On held-out tuples. Index: Skill.
  std::array<Ratio, kSkills> exact;   ///< the output of the data, or another phrase that the phrasebook lists
  std::array<Ratio, kSkills> tokens;  ///< the most probable token is the true one
  Ratio asks_the_slot;                ///< the question is about the slot of the instruction
  Ratio slots_found;                  ///< true (slot, value) pairs that were understood: recall
  Ratio slots_claimed;                ///< understood pairs that are true: precision
  Ratio acts;                         ///< the user's act was understood
  Ratio recommends_best;              ///< names the first candidate
  Ratio recommends_true;              ///< names a candidate, with a reason that is true of it
  Ratio answers_right;                ///< has the fact
  Ratio training_again;               ///< a training prompt gives its output, or a listed phrase
  // In self-play.
  Ratio success;                            ///< the user took a movie that meets all wishes, in time
  Ratio random_success;                     ///< the same users with a policy that offers random movies
  Ratio offers_broken;                      ///< recommended movies that break a stored wish, and nothing says so
  std::map<MovieId, std::int64_t> offered;  ///< recommended movies, and how often
  std::set<std::string> sentences;          ///< texts of the system
  std::int64_t turns_to_offer = 0;          ///< of the user before the first recommendation, over all conversations
  Ratio hit_1, hit_10, hit_50;              ///< rank of the target at the first recommendation
  double reciprocal_ranks = 0;              ///< sum
  std::int64_t turns = 0;                   ///< of the system, over all conversations
  // In both.
  std::int64_t replies = 0;     ///< texts
  std::int64_t ungrounded = 0;  ///< texts with a name, year, number or claim that is no fact
  std::int64_t unfinished = 0;  ///< replies of the model without an end
  /// JSON lines {"skill","instruction","input","expected","got"}: outputs that differ from the data or the meaning.
  std::string misses;
  std::vector<ComparedTurn> compared;      ///< the turns of held-out conversations
  std::vector<PlayedConversation> played;  ///< the conversations of self-play

  double slot_f1() const;
  void add(const Figures& other);
};

}  // namespace matinee
