#pragma once

#include <fmt/format.h>

#include <string_view>

#include "lib/http/http_service.h"

namespace matinee {

/// Server-sent events, each with one line of data. The response begins with the first of them, so that an error before
/// it can have a status of its own.
class EventStream {
 public:
  EventStream(HttpExchange& exchange, HttpResponse head) : exchange_(exchange), head_(std::move(head)) {}

  bool begun() const { return begun_; }
  /// False: the client is gone.
  bool send(std::string_view data) {
    if (!begun_) exchange_.begin_stream(head_);
    begun_ = true;
    return exchange_.send(fmt::format("data: {}\n\n", data));
  }

 private:
  HttpExchange& exchange_;
  HttpResponse head_;
  bool begun_ = false;
};

}  // namespace matinee
