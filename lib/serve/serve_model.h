#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/context.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"
#include "lib/serve/chat_server.h"

namespace matinee {

/// What a server answers with. All parts must outlive it.
struct ServedModel {
  const ChatSystem& system;
  Context& context;  ///< nothing else may use it
  const LanguageModel& model;
  const SamplerOptions& sampler;
  std::uint64_t seed;         ///< of requests without one
  const std::string& memory;  ///< file of the viewing history; "": nothing is kept
};

/// Serves conversations with a language model until `stop` returns true. `log`: a note for each request.
void serve_model(ChatServer& server, const ServedModel& served, bool log, const std::function<bool()>& stop);

}  // namespace matinee
