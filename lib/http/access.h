#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/http/http_message.h"

namespace matinee {

struct AccessOptions {
  bool remote = false;               ///< other machines may connect
  std::string key;                   ///< that requests must carry; "": none
  std::vector<std::string> origins;  ///< of pages that may use the server, besides those of this machine and its own
};

/// Reads a key for AccessOptions from a file. Throws Error(kUsage) for a short one or one with other characters than
/// bearer tokens have, Error(kMissing) if there is no such file.
std::string read_api_key(const std::string& path);

/// Decides who may use the server. Pages of other sites can neither call it nor reach it under a name of their own
/// (DNS rebinding).
class Access {
 public:
  struct Fault {
    int status;
    std::string message, code;
  };

  /// Throws Error(kUsage) for an origin that is none.
  explicit Access(AccessOptions options);

  /// Why the request is refused, if it is. `needs_key`: whether it must carry the key, where there is one.
  std::optional<Fault> fault(const HttpRequest& request, bool needs_key) const;
  /// Adds what lets a page of the request's origin read the response, if it may.
  void add_cors(const HttpRequest& request, HttpResponse& response) const;
  /// Answers a preflight request of an origin that may use the server.
  HttpResponse preflight(const HttpRequest& request) const;

 private:
  bool host_allowed(std::string_view host) const;
  bool origin_allowed(const HttpRequest& request) const;
  bool key_given(const HttpRequest& request) const;

  AccessOptions options_;
  std::vector<std::string> hosts_;  // names of this machine
};

}  // namespace matinee
