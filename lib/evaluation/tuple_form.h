#pragma once

#include <cstdint>
#include <string>

#include "lib/simulation/conversation.h"

namespace matinee {

/// The wording of a tuple without what differs from movie to movie, so that "Try Heat (1995)." and "Try Alien (1979)."
/// are the same form. Of a turn of a user: its letters in lower case and the kinds of its names. Of a reply: its text
/// with "_" for everything that the prompt's input names, and for articles.
std::string form_of(const InstructionTuple& tuple);
/// A hash of skill and form.
std::uint64_t form_hash(const InstructionTuple& tuple);

}  // namespace matinee
