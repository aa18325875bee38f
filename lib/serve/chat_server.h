#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/options.h"
#include "lib/http/access.h"
#include "lib/http/listen_address.h"
#include "lib/serve/conversations.h"

namespace matinee {

struct ChatServerOptions {
  std::string address;  ///< HOST:PORT; "": do not serve
  bool allow_remote = false;
  std::string api_key_file;
  std::vector<std::string> allow_origin;
  int slots = 32;   ///< turns that are decoded at once
  int queue = 256;  ///< turns that wait for a slot

  void add(OptionSet& options);
};

/// `chat --serve`: listens from its construction on, so that a wrong address is reported before a model is loaded;
/// answers while run() runs.
class ChatServer {
 public:
  /// `note` receives lines for people. Throws Error(kUsage) for options that cannot be, and what Listener throws.
  ChatServer(const ChatServerOptions& options, std::function<void(std::string_view)> note);

  int slots() const { return slots_; }
  /// Receives lines for people.
  const std::function<void(std::string_view)>& note() const { return note_; }
  /// Serves until `stop` returns true. `log`: a note for each request.
  void run(Conversations& conversations, bool log, const std::function<bool()>& stop);

 private:
  std::function<void(std::string_view)> note_;
  int slots_, max_turns_;
  AccessOptions access_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace matinee
