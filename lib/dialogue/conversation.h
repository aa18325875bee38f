#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/mention_resolver.h"
#include "lib/dialogue/policy.h"
#include "lib/dialogue/simulated_user.h"
#include "lib/dialogue/skill_prompts.h"

namespace matinee {

/// One exchange: what the system did and said, what the user said and meant by it, what is known afterward.
struct Exchange {
  std::vector<SystemAct> acts;
  std::vector<std::string> texts;      ///< of each act
  PreferenceState known_before;        ///< when the acts were worded
  std::string user_text;               ///< empty after the closing
  std::vector<std::string> mentioned;  ///< TurnNames::mentioned of it
  PreferenceUpdate update;

  /// The texts joined, as the user reads them.
  std::string system_text() const;
};

struct Conversation {
  std::uint64_t index = 0;
  MovieId target = -1;
  Persona persona = Persona::kTerse;
  std::vector<Exchange> exchanges;
  bool accepted = false;  ///< the target was recommended and taken
};

/// Everything that conversations are made of; all by reference.
struct ConversationWorld {
  const MovieCatalog& catalog;
  const CandidateRanker& ranker;
  const MentionResolver& reader;
  const Phrasebook& phrasebook;
  const Policy& policy;
};

struct ConversationOptions {
  std::uint64_t seed = 1;
  int max_turns = 10;             ///< of the system, before the user leaves
  std::vector<Persona> personas;  ///< those to choose from; empty: all
};

/// Conversation number `index`, between the policy with phrases of the book and a simulated user: a pure function of
/// (seed, index). `target` must be one that the world's policy can reach.
Conversation converse(const ConversationWorld& world, const ConversationOptions& options, std::uint64_t index,
                      MovieId target);

/// One tuple that the model is trained on.
struct InstructionTuple {
  std::string kind;  ///< name of the system act that is worded; "u." and the user's act that is understood
  SkillPrompt prompt;
  std::string output;
};
std::vector<InstructionTuple> tuples_of(const Conversation& conversation, const MovieCatalog& catalog);

/// One line of JSON each (docs/formats.md).
std::string conversation_json(const Conversation& conversation, const MovieCatalog& catalog);
std::string messages_json(const Conversation& conversation, const MovieCatalog& catalog);
std::string tuple_json(const InstructionTuple& tuple);

}  // namespace matinee
