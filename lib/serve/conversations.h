#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/chat/skills.h"
#include "lib/serve/chat_request.h"
#include "lib/serve/request_error.h"

namespace matinee {

/// How an answer ended.
enum class Finish : std::uint8_t {
  kStop,    ///< complete, or at a stop text
  kLength,  ///< at max_tokens
  kGone,    ///< the client left; the conversation stays as before the turn
};

struct Answer {
  std::string text;
  Finish finish = Finish::kStop;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  std::string matinee;  ///< the object beside the message: update, acts, preferences, films, finished
};

/// The chat behind the HTTP layer: answers requests, each of which holds its whole conversation, and tells what the
/// page shows. Any thread may call any function. The texts with JSON are whole bodies (docs/formats.md, "HTTP").
/// ChatConversations implements it.
class Conversations {
 public:
  virtual ~Conversations() = default;

  /// The next turn. `on_text` gets the text piece by piece, whole characters only, and may be empty; where it returns
  /// false, the client is gone. `gone` (may be empty, cheap) is asked before each step. Throws RequestError for a
  /// request that has no answer, before the first text.
  virtual Answer answer(const ChatRequest& request, const OnText& on_text, const std::function<bool()>& gone) = 0;

  virtual std::string start_json() = 0;
  /// A film with `like`; nothing if the catalog lacks it.
  virtual std::optional<std::string> movie_json(std::string_view tconst) = 0;
  virtual std::string search_json(std::string_view query) = 0;
  virtual std::string genres_json() = 0;
  virtual std::string people_json(std::string_view query) = 0;
  /// Nothing if the catalog has no map.
  virtual std::optional<std::string> map_json() = 0;

  /// The lines of the viewing history. Throws RequestError(404) without a memory.
  virtual std::string memory_lines() = 0;
  /// Adds a line to it and returns {"verdict":…}. `body`: {"tconst":…,"verdict":…}. Throws RequestError(400) for
  /// another body and (404) without a memory or for a movie that the catalog lacks.
  virtual std::string set_verdict(std::string_view body) = 0;
};

}  // namespace matinee
