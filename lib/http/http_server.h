#pragma once

#include <functional>

#include "lib/http/http_service.h"
#include "lib/http/listen_address.h"
#include "lib/http/socket_stream.h"

namespace matinee {

struct HttpServerOptions {
  int max_connections = 512;  ///< at once; more are answered with status 503 and closed
  HttpTimes times;
};

/// Answers connections until `stop` returns true, which is asked ten times a second; then ends the idle ones, lets the
/// others finish (their exchanges are gone()) and returns. Each connection has a thread of its own, so that a slow
/// client does not hold up others. Throws Error(kResource).
void run_http_server(const Listener& listener, HttpService& service, const HttpServerOptions& options,
                     const std::function<bool()>& stop);

}  // namespace matinee
