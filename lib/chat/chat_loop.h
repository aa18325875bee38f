#pragma once

#include <functional>
#include <string_view>

#include "lib/chat/chat_session.h"
#include "lib/chat/line_source.h"
#include "lib/chat/viewing_history.h"

namespace matinee {

struct ChatLoopOptions {
  bool terminal = false;  ///< for a person: replies appear word by word; else one line out for each line in
  bool json = false;      ///< answer each line with a line of JSON instead of its text
  bool color = false;
  bool allow_save = false;  ///< /save in a pipe, whose lines may come from strangers; a terminal always has it
  ViewingHistory* history = nullptr;  ///< what the user has seen in all sessions; read at the start, grows with turns
  std::function<int()> columns = [] { return 0; };                       ///< of the terminal; 0: lines are not broken
  std::function<void(std::string_view)> note = [](std::string_view) {};  ///< a history that cannot be written
};

/// Talks until the input ends or the user leaves. `write` receives what goes to stdout; `flush` follows each reply.
/// A pipe gets the opening and one line for each line: a blank line for a blank one. Commands: /why /facts /more /undo
/// /restart /save FILE /help /quit. /save never replaces a file unless the user of a terminal says so. On a terminal
/// Ctrl-C (counted by count_interrupts()) stops a reply; pressed twice at the prompt, it leaves. Errors other than
/// those of /save pass through.
void run_chat_loop(ChatSession& session, LineSource& lines, const ChatLoopOptions& options,
                   const std::function<void(std::string_view)>& write, const std::function<void()>& flush);

}  // namespace matinee
