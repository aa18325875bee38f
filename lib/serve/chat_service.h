#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "lib/http/access.h"
#include "lib/http/http_service.h"
#include "lib/serve/conversations.h"

namespace matinee {

struct ChatServiceOptions {
  AccessOptions access;
  int max_turns = 256;  ///< that are answered or wait at once; more get status 503
  /// Whether the server ends, to tell unanswered clients from those that left.
  std::function<bool()> ending = [] { return false; };
  /// Receives a line for each request; may be empty.
  std::function<void(std::string_view)> log;
  /// Receives a line for each failure that is not the client's fault.
  std::function<void(std::string_view)> note = [](std::string_view) {};
};

/// The paths of `chat --serve` (docs/formats.md, "HTTP"): OpenAI's API, that of the page, and the page.
class ChatService : public HttpService {
 public:
  /// `conversations` must outlive this. Throws Error(kUsage) for options that cannot be.
  ChatService(Conversations& conversations, ChatServiceOptions options);

  std::optional<HttpResponse> refusal(const HttpRequest& request) override;
  HttpResponse answer(const HttpRequest& request, HttpExchange& exchange) override;
  HttpResponse failure(const HttpRequest& request, int status, std::string_view message) override;
  void answered(const HttpRequest& request, int status, double seconds) override;

 private:
  struct Route;
  class Turn;
  static const Route* find_route(std::string_view path);

  HttpResponse routed(const HttpRequest& request, HttpExchange& exchange);
  HttpResponse complete(const HttpRequest& request, HttpExchange& exchange);
  HttpResponse stream(const HttpRequest& request, const ChatRequest& chat, HttpExchange& exchange);
  RequestError unanswered() const;
  HttpResponse page_file(const HttpRequest& request);
  HttpResponse error(const HttpRequest& request, int status, std::string_view message, std::string_view param = "",
                     std::string_view code = "");
  HttpResponse finished(const HttpRequest& request, HttpResponse response);

  Conversations& conversations_;
  ChatServiceOptions options_;
  Access access_;
  std::int64_t start_;
  std::atomic<int> turns_ = 0;
};

}  // namespace matinee
