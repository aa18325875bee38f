#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matinee {

struct ListenAddress {
  std::string host = "127.0.0.1";
  int port = 8137;  ///< 0: any free one
};

/// Reads HOST:PORT, where either part may be missing: "0.0.0.0:8137", "[::1]:8137", "localhost", ":9000", "9000", "".
/// Throws Error(kUsage).
ListenAddress parse_listen_address(std::string_view text);

/// A socket that listens.
class Listener {
 public:
  /// Throws Error(kResource) or Error(kMissing) that says why it cannot be listened to; Error(kUsage) if others than
  /// this machine could connect and `allow_remote` is false.
  Listener(const ListenAddress& address, bool allow_remote);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int descriptor() const { return descriptor_; }
  int port() const { return port_; }
  /// Whether only this machine can connect.
  bool loopback() const { return loopback_; }
  /// "http://127.0.0.1:8137".
  std::string url() const;

 private:
  std::string host_;
  int descriptor_ = -1, port_ = 0;
  bool loopback_ = false;
};

}  // namespace matinee
