#include "lib/http/listen_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535) return {};
  return port;
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24) == 127;
  }
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (code != 0) throw missing("{}: no address of this machine: {}", address.host, ::gai_strerror(code));
  return {found, &::freeaddrinfo};
}

int listening_socket(const addrinfo& address) {
  const int descriptor = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 && ::listen(descriptor, SOMAXCONN) == 0) {
    return descriptor;
  }
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return -1;
}

Error listen_error(const ListenAddress& address, int reason) {
  Error error = resource_error("cannot listen on {}:{}: {}", address.host, address.port, std::strerror(reason));
  if (reason == EADDRINUSE) error.add_remedy("choose another port, or 0 for any free one");
  if (reason == EACCES) error.add_remedy("choose a port from 1024 on");
  if (reason == EADDRNOTAVAIL) error.add_remedy("give an address of this machine");
  return error;
}

int port_of(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
  ListenAddress address;
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) throw usage_error("expected [IPV6]:PORT, found \"{}\"", text);
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') throw usage_error("expected [IPV6]:PORT, found \"{}\"", text);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      throw usage_error("expected HOST:PORT, found \"{}\"; write an IPv6 address as [::1]:8137", text);
    }
    host = text.substr(0, colon);
    port = text.substr(colon);
  } else if (parse_port(text)) {
    host = "";
    port = text;
  }
  if (port.starts_with(':')) port.remove_prefix(1);
  if (!port.empty()) {
    const std::optional<int> number = parse_port(port);
    if (!number) throw usage_error("expected HOST:PORT with a port from 0 to 65535, found \"{}\"", text);
    address.port = *number;
  } else if (text.ends_with(':')) {
    throw usage_error("expected HOST:PORT, found \"{}\"", text);
  }
  if (!host.empty()) address.host = host;
  return address;
}

Listener::Listener(const ListenAddress& address, bool allow_remote) : host_(address.host) {
  const AddressList list = resolve(address);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* entry = list.get(); entry != nullptr && descriptor_ < 0; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    loopback_ = is_loopback(entry->ai_addr);
    if (!loopback_ && !allow_remote) {
      throw usage_error(
          "{} can be reached from other machines; to allow that give --allow-remote and --api-key-file FILE",
          address.host);
    }
    descriptor_ = listening_socket(*entry);
    if (descriptor_ < 0) reason = errno;
  }
  if (descriptor_ < 0) throw listen_error(address, reason);
  port_ = port_of(descriptor_);
}

Listener::~Listener() { ::close(descriptor_); }

std::string Listener::url() const {
  const bool bare = host_.find(':') == std::string::npos;
  return fmt::format("http://{}:{}", bare ? host_ : "[" + host_ + "]", port_);
}

}  // namespace matinee
