#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lib/chat/chat_session.h"

namespace matinee {

struct ChatLoopOptions {
  bool terminal = false;  ///< line editing, streaming, a prompt; else one line in, one line out
  bool json = false;      ///< a line of JSON for each turn instead of its text
  bool color = false;
};

/// Talks until the input ends or the user leaves. `write` gets what goes to stdout and is followed by `flush`.
/// Commands: /why /facts /more /undo /restart /save FILE /help /quit. Ctrl-C stops a reply; twice, it leaves.
/// Returns the tool's exit status.
int run_chat_loop(ChatSession& session, const MovieCatalog& catalog, const ChatLoopOptions& options,
                  const std::function<void(std::string_view)>& write, const std::function<void()>& flush);

}  // namespace matinee
