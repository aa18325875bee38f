#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/system_act.h"
#include "lib/understanding/mark.h"

namespace matinee {

/// What the language model writes about a turn: the user's act, one role for each mark, and what applies to the whole
/// turn. As text: "seen/director 0 liked 1 want 2 not any:genre drop:years". The number 0 is the movie that stands; it
/// has a role only where a movie stands.
struct TurnReading {
  UserAct act = UserAct::kInform;
  std::optional<Fact> asks;
  Role standing = Role::kNone;
  std::vector<Role> roles;  ///< of each mark
  std::vector<Slot> any, drop;

  friend bool operator==(const TurnReading&, const TurnReading&) = default;
};

/// What a turn answers: the system's last turn, and the movie that stands after it ("it"), or -1.
struct TurnContext {
  explicit TurnContext(std::span<const SystemAct> last);

  std::span<const SystemAct> acts;
  MovieId standing = -1;
};

/// The roles of the standing movie: none, liked, disliked, seen.
std::span<const Role> standing_roles();

std::string to_text(const TurnReading& reading, bool movie_stands);
/// The inverse for a turn with `marks` marks. Throws Error(kBadData).
TurnReading parse_turn_reading(std::string_view text, std::size_t marks);

/// The update that a reading of these marks says. Relative wishes ("newer", "same director") are made absolute by the
/// facts of the movie that they refer to: the movie liked in the same turn, else the standing one.
PreferenceUpdate update_of(const TurnReading& reading, std::span<const Mark> marks, const TurnContext& context,
                           const MovieCatalog& catalog);

/// The reading whose update is `update`, or the nearest one: what no mark can say is lost.
TurnReading reading_of(const PreferenceUpdate& update, std::span<const Mark> marks, const TurnContext& context,
                       const MovieCatalog& catalog);

}  // namespace matinee
