#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/policy.h"
#include "lib/simulation/simulated_user.h"
#include "lib/understanding/evidence_finder.h"
#include "lib/understanding/turn_reading.h"
#include "lib/wording/skill_prompts.h"

namespace matinee {

/// A turn of the system and the user's answer to it.
struct Exchange {
  std::vector<SystemAct> acts;
  std::vector<std::string> texts;  ///< of each act
  PreferenceState known_before;    ///< when the acts were worded
  std::string user_text;           ///< empty after the closing
  std::vector<Mark> marks;         ///< of it
  PreferenceUpdate update;
  TurnReading reading;  ///< of the update

  /// The texts of all acts, joined by spaces.
  std::string system_text() const;
};

struct Conversation {
  std::uint64_t index = 0;
  MovieId target = -1;
  Persona persona = Persona::kTerse;
  std::vector<Exchange> exchanges;
  bool accepted = false;  ///< a movie that meets all the user's wishes was taken
};

/// What generates conversations. All by reference.
struct ConversationWorld {
  const MovieCatalog& catalog;
  const FactSets& facts;
  const CandidateRanker& ranker;
  const MentionFinder& mentions;
  const EvidenceFinder& evidence;
  const Phrasebook& phrasebook;
  const Policy& policy;
};

struct ConversationOptions {
  std::uint64_t seed = 1;
  int max_turns = 10;             ///< of the system, before the user leaves
  std::vector<Persona> personas;  ///< those to choose from; empty: all
};

/// Generates conversation number `index` between the policy, worded by the phrasebook, and a simulated user who looks
/// for `target`. A pure function of (seed, index, target).
Conversation converse(const ConversationWorld& world, const ConversationOptions& options, std::uint64_t index,
                      MovieId target);

/// One training example.
struct InstructionTuple {
  std::string kind;  ///< name of the system act that is worded; "u." and the user's act that is understood
  SkillPrompt prompt;
  std::string output;
};
/// The example of a turn that answers `acts`.
InstructionTuple understand_tuple(std::span<const SystemAct> acts, std::string_view user_text,
                                  std::span<const Mark> marks, const TurnReading& reading);
std::vector<InstructionTuple> tuples_of(const Conversation& conversation, const MovieCatalog& catalog);

/// Each returns one line of JSON (docs/formats.md).
std::string conversation_json(const Conversation& conversation, const MovieCatalog& catalog);
std::string messages_json(const Conversation& conversation, const MovieCatalog& catalog);
std::string tuple_json(const InstructionTuple& tuple);

}  // namespace matinee
