// The head of a request: checked and limited before cpp-httplib reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace matinee {

inline constexpr std::size_t kMaxTarget = 4096;     ///< bytes of the path and query as they are sent
inline constexpr std::size_t kMaxHead = 16384;      ///< bytes
inline constexpr std::size_t kMaxHeaders = 100;     ///< lines
inline constexpr std::uint64_t kMaxBody = 1 << 20;  ///< bytes

struct HttpHead {
  int status = 0;       ///< 0: the head is valid; else the status of the refusal
  std::string message;  ///< why it was refused
  std::string method, target, version;
  std::map<std::string, std::string, std::less<>> headers;  ///< by their names in lower case
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool close = false;  ///< the connection ends after this request

  bool has_body() const { return chunked || content_length > 0; }
};

/// Reads a head, which ends with an empty line. What servers and proxies read differently is refused: two values of
/// Host, Content-Length or Authorization, a length beside chunks, folded lines, bare line feeds, control characters.
/// Bodies that are compressed, and those that are longer than kMaxBody, are refused, too.
HttpHead parse_head(std::string_view bytes);

/// The same head for cpp-httplib 0.11, with the headers that it needs to read the body and nothing else: it decodes
/// %XX in values, runs regular expressions over Range, and decompresses without limit.
std::string minimal_head(const HttpHead& head);

}  // namespace matinee
