#include "lib/serve/serve_model.h"

#include "lib/chat/shared_decoder.h"
#include "lib/serve/chat_conversations.h"

namespace matinee {

void serve_model(ChatServer& server, const ServedModel& served, bool log, const std::function<bool()>& stop) {
  SharedDecoder decoder(served.context, served.model, {.slots = server.slots(), .sampler = served.sampler});
  ChatConversationOptions options;
  options.model = served.model.name();
  options.seed = served.seed;
  options.memory = served.memory;
  options.note = server.note();
  ChatConversations conversations(served.system, served.model.tokenizer(), model_skills(decoder, served.system),
                                  options);
  server.run(conversations, log, stop);
}

}  // namespace matinee
