#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lib/chat/chat_system.h"

namespace matinee {

/// Writes training lines (Alpaca) of the labelled turns in a file (docs/formats.md), each in `copies` variations, and
/// returns their number. A turn whose reading its grammar does not allow is left out. Throws Error(kBadData) with the
/// line.
std::int64_t write_labelled_tuples(const ChatSystem& system, const std::string& path, std::int64_t copies,
                                   std::uint64_t seed, const std::function<void(std::string_view)>& write);

}  // namespace matinee
