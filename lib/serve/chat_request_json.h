#pragma once

#include <string_view>

#include "lib/serve/chat_request.h"

namespace matinee {

/// Reads the body of a request for a turn (docs/formats.md, "HTTP"). Fields of OpenAI's API that mean nothing here are
/// accepted. Throws RequestError(400) with the place of what is wrong.
ChatRequest parse_chat_request(std::string_view body);

}  // namespace matinee
