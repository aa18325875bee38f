#include "lib/http/access.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kShortestKey = 16;

// The host of "name", "name:80" or "[::1]:80", in lower case; "" if it is none.
std::string host_of(std::string_view authority) {
  std::string_view host = authority, port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return "";
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && port[0] != ':') return "";
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && !std::all_of(port.begin() + 1, port.end(), is_digit)) return "";
  return to_lower(host);
}

// "http://name:80" in two parts; the second is "" if this is no origin.
std::pair<std::string, std::string> origin_parts(std::string_view origin) {
  const std::size_t end = origin.find("://");
  if (end == std::string_view::npos || end == 0) return {};
  const std::string_view authority = origin.substr(end + 3);
  if (authority.find_first_of("/?#@ ") != std::string_view::npos || host_of(authority).empty()) return {};
  return {to_lower(origin.substr(0, end)), to_lower(authority)};
}

bool is_address(const std::string& host) {
  in6_addr bytes{};
  return ::inet_pton(AF_INET, host.c_str(), &bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

bool is_loopback_host(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  if (::inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  return host == "localhost";
}

bool is_key_character(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

// Takes the same time for any text of one length.
bool same_key(std::string_view given, std::string_view key) {
  unsigned difference = given.size() == key.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(key[i % key.size()]);
  }
  // The compiler must not leave the loop early.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

// The names of headers that a preflight request asks for, if they are names.
bool is_header_list(std::string_view list) {
  return !list.empty() && list.size() < 2000 && std::all_of(list.begin(), list.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("-_, ").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string read_api_key(const std::string& path) {
  std::string key = read_file(path);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ')) key.pop_back();
  if (key.size() < kShortestKey) {
    throw usage_error(
        "{}: expected a key of {} characters or more, found {}; head -c 24 /dev/urandom | base64 makes one", path,
        kShortestKey, key.size());
  }
  if (!std::all_of(key.begin(), key.end(), is_key_character)) {
    throw usage_error("{}: expected a key of letters, digits and -._~+/= in one line", path);
  }
  return key;
}

Access::Access(AccessOptions options) : options_(std::move(options)) {
  for (std::string& origin : options_.origins) {
    const auto [scheme, authority] = origin_parts(origin);
    if (authority.empty()) throw usage_error("expected an origin such as https://example.org, found \"{}\"", origin);
    origin = fmt::format("{}://{}", scheme, authority);
    // A proxy with that name may stand before the server.
    if (options_.remote) hosts_.push_back(host_of(authority));
  }
  char name[256] = "";
  if (options_.remote && ::gethostname(name, sizeof name - 1) == 0) hosts_.push_back(to_lower(std::string_view(name)));
}

bool Access::host_allowed(std::string_view host) const {
  const std::string name = host_of(host);
  if (is_loopback_host(name)) return true;
  // DNS rebinding needs a name; an address cannot be made to mean another machine.
  return options_.remote && (is_address(name) || std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end());
}

bool Access::origin_allowed(const HttpRequest& request) const {
  const auto [scheme, authority] = origin_parts(request.header("origin"));
  if (authority.empty()) return false;
  const bool web = scheme == "http" || scheme == "https";
  if (web && is_loopback_host(host_of(authority))) return true;
  const std::string host = to_lower(request.header("host"));
  if (web && authority == host && host_allowed(host)) return true;
  const std::string origin = fmt::format("{}://{}", scheme, authority);
  return std::find(options_.origins.begin(), options_.origins.end(), origin) != options_.origins.end();
}

bool Access::key_given(const HttpRequest& request) const {
  const std::string& header = request.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (to_lower(std::string_view(header).substr(0, kScheme.size())) != kScheme) return false;
  return same_key(std::string_view(header).substr(kScheme.size()), options_.key);
}

std::optional<Access::Fault> Access::fault(const HttpRequest& request, bool needs_key) const {
  // Clients of HTTP/1.0 need not name the host; browsers always do.
  if (const std::string& host = request.header("host");
      !(host.empty() && request.version == "HTTP/1.0") && !host_allowed(host)) {
    return Fault{403, fmt::format("the host \"{}\" is not this machine; use its address or localhost", host), ""};
  }
  if (request.headers.count("origin") != 0 && !origin_allowed(request)) {
    return Fault{403,
                 fmt::format("pages of \"{}\" may not use this server; chat --serve --allow-origin permits it",
                             request.header("origin")),
                 ""};
  }
  if (needs_key && !options_.key.empty() && !key_given(request)) {
    return Fault{401, "expected the key of this server: Authorization: Bearer KEY", "invalid_api_key"};
  }
  return std::nullopt;
}

void Access::add_cors(const HttpRequest& request, HttpResponse& response) const {
  response.set("Vary", "Origin");
  if (request.headers.count("origin") == 0 || !origin_allowed(request)) return;
  response.set("Access-Control-Allow-Origin", request.header("origin"));
  response.set("Access-Control-Expose-Headers", "Retry-After");
}

HttpResponse Access::preflight(const HttpRequest& request) const {
  HttpResponse response;
  response.status = 204;
  response.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  const std::string& wanted = request.header("access-control-request-headers");
  response.set("Access-Control-Allow-Headers", is_header_list(wanted) ? wanted : "authorization, content-type");
  response.set("Access-Control-Max-Age", "600");
  if (request.header("access-control-request-private-network") == "true") {
    response.set("Access-Control-Allow-Private-Network", "true");
  }
  return response;
}

}  // namespace matinee
