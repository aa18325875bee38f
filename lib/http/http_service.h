#pragma once

#include <optional>
#include <string_view>

#include "lib/http/http_message.h"

namespace matinee {

/// The connection of a request, for its handler.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  /// Whether the client has left or the server ends. Cheap; never waits.
  virtual bool gone() = 0;
  /// Begins a response whose body follows piece by piece; the response that answer() returns is then not sent.
  virtual bool begin_stream(const HttpResponse& head) = 0;
  /// Sends a piece of the body. False: the client is gone or reads too slowly.
  virtual bool send(std::string_view piece) = 0;
};

/// What a server answers. Any thread may call any function, and none of them throws.
class HttpService {
 public:
  virtual ~HttpService() = default;

  /// The answer to a request that is refused by its head alone, before its body is read.
  virtual std::optional<HttpResponse> refusal(const HttpRequest& request) = 0;
  virtual HttpResponse answer(const HttpRequest& request, HttpExchange& exchange) = 0;
  /// The answer to what cannot be read as a request: `request` holds what could be read.
  virtual HttpResponse failure(const HttpRequest& request, int status, std::string_view message) = 0;
  /// Called after each response.
  virtual void answered(const HttpRequest& request, int status, double seconds) = 0;
};

}  // namespace matinee
