// libFuzzer target: any bytes of a connection, in two pieces, give responses of HTTP or none; only requests with the
// key reach a conversation, and only those of pages that may use the server.
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/http/http_session.h"
#include "lib/serve/chat_service.h"
#include "tests/http/memory_stream.h"
#include "tests/serve/fake_conversations.h"

namespace {

constexpr std::string_view kKey = "0123456789abcdef";

matinee::ChatServiceOptions options() {
  matinee::ChatServiceOptions made;
  made.access.key = kKey;
  made.log = [](std::string_view) {};
  return made;
}

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Reads the responses one after another; a stream's chunks, too.
void check_responses(std::string_view output) {
  while (!output.empty()) {
    require(output.starts_with("HTTP/1.1 "));
    const std::size_t end = output.find("\r\n\r\n");
    require(end != std::string_view::npos);
    const std::string_view head = output.substr(0, end + 2);
    output.remove_prefix(end + 4);
    if (head.starts_with("HTTP/1.1 100") || head.starts_with("HTTP/1.1 304")) continue;
    if (head.find("\r\nX-Content-Type-Options: nosniff\r\n") == std::string_view::npos) __builtin_trap();
    if (head.find("evil.example") != std::string_view::npos) __builtin_trap();
    // Answers to HEAD have a length and no body, so that the next response follows at once.
    if (output.empty() || output.starts_with("HTTP/1.1 ")) continue;
    if (head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string_view::npos) {
      const std::size_t last = output.find("\r\n0\r\n\r\n");  // JSON has no line ends
      require(last != std::string_view::npos);
      output.remove_prefix(last + 7);
      continue;
    }
    const std::size_t field = head.find("\r\nContent-Length: ");
    if (field == std::string_view::npos) return;  // a stream for HTTP/1.0
    const std::size_t size = std::stoul(std::string(head.substr(field + 18, 10)));
    require(size <= output.size());
    output.remove_prefix(size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static matinee::testing::FakeConversations conversations;
  static matinee::ChatService service(conversations, options());
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  matinee::testing::MemoryStream stream({text.substr(0, cut), text.substr(cut)});
  stream.late_at_end = size % 2 == 1;
  const int calls = conversations.calls;
  matinee::serve_connection(stream, service);
  check_responses(stream.output);
  if (conversations.calls != calls) {
    require(text.find(kKey) != std::string::npos && text.find("/chat/completions") != std::string::npos);
  }
  return 0;
}
