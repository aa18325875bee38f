#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lib/chat/chat_system.h"
#include "lib/simulation/conversation.h"

namespace matinee {

/// Makes tuples of the labelled turns in a file (docs/formats.md), each in `copies` variations; `turn` is a hash of the
/// turn's id. A turn whose reading its grammar does not allow is left out. Throws Error(kBadData) with the line.
void labelled_tuples(const ChatSystem& system, const std::string& path, std::int64_t copies, std::uint64_t seed,
                     const std::function<void(const InstructionTuple&, std::uint64_t turn)>& use);

}  // namespace matinee
