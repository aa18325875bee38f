#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// Where the parts of a trained chat lie; `make train` leaves them as chat.json: {"base":…, "adapter":…, "movies":…}.
struct ChatSetup {
  std::string base, adapter, movies;
};

/// Reads a chat.json; relative paths are relative to its folder. Throws Error(kBadData).
ChatSetup read_chat_setup(const std::string& path);
/// The chat.json that `make train` made: beside the program (train/chat.json), else in ~/.local/share/matinee; "" if
/// none.
std::string find_chat_setup();

}  // namespace matinee
