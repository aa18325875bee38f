// The texts of the answers of OpenAI's API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/serve/conversations.h"

namespace matinee {

/// What all chunks of a completion share.
struct CompletionHead {
  std::string id;              ///< "chatcmpl-…"
  std::int64_t created = 0;    ///< seconds since 1970
  bool include_usage = false;  ///< chunks have `usage`, which is null but in the last
};

/// A new id, and the present time.
CompletionHead new_completion(bool include_usage);

std::string completion_json(const CompletionHead& head, const Answer& answer);

/// The first chunk, which has the role.
std::string role_chunk(const CompletionHead& head);
std::string text_chunk(const CompletionHead& head, std::string_view text);
/// With finish_reason and `matinee`; its delta is empty.
std::string last_chunk(const CompletionHead& head, const Answer& answer);
/// Without choices.
std::string usage_chunk(const CompletionHead& head, const Answer& answer);

/// `created`: when the server began, in seconds since 1970.
std::string models_json(std::int64_t created);
std::string model_json(std::int64_t created);

/// `param` and `code` may be empty. `type` follows from the status.
std::string error_json(int status, std::string_view message, std::string_view param, std::string_view code);

}  // namespace matinee
