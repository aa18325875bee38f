#pragma once

#include <string>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/chat/skills.h"
#include "lib/io/json_writer.h"

namespace matinee {

/// What the system did in one turn.
struct ChatTurn {
  std::string user_text;           ///< the user's line; empty for the opening
  std::string command;             ///< the command that the line is, "/more"; else empty
  PreferenceUpdate update;         ///< what was understood of it
  bool has_update = false;         ///< false for the opening
  std::vector<SystemAct> acts;     ///< the answer
  std::vector<std::string> texts;  ///< one per act; fewer where the user stopped the reply
  std::vector<ReplyEnd> ends;      ///< of the texts; kStopped only for the last
  std::string text;                ///< the texts as the user reads them
  int unfinished = 0;              ///< replies of the model without an end, in understanding and in wording
  bool finished = false;           ///< the conversation is over
};

/// Puts the acts of the turn into words, one after another, and sets texts, ends and text. `on_text` may be empty; it
/// also gets the spaces between two texts, and first an empty piece: the turn may have been stopped before its first
/// act is worded.
void speak(ChatTurn& turn, const PreferenceState& preferences, Wording& wording, SaidSentences& said,
           const OnText& on_text);

/// The value of `update` in a turn's JSON (docs/formats.md).
std::string update_json(const ChatTurn& turn, const MovieCatalog& catalog);
/// Appends the value of `acts`.
void append_acts(JsonWriter& json, const std::vector<SystemAct>& acts, const MovieCatalog& catalog);

}  // namespace matinee
