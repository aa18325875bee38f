#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace matinee {

/// The bytes of one connection.
class ByteStream {
 public:
  /// What is read next. Each phase has a total time, however often bytes arrive.
  enum class Phase : std::uint8_t {
    kIdle,  ///< the first byte of a request
    kHead,  ///< the rest of its head
    kBody,  ///< its body
  };

  virtual ~ByteStream() = default;

  /// Begins a phase and its time.
  virtual void begin(Phase phase) = 0;
  /// Reads at most `size` bytes. 0: the peer sends nothing more, or the time of the phase is over (late()).
  virtual std::size_t read(char* to, std::size_t size) = 0;
  virtual bool late() const = 0;
  /// Begins a response, and its time for writes that wait for the peer.
  virtual void begin_response() = 0;
  /// Writes everything. False: the peer is gone or reads too slowly; nothing can be written any more.
  virtual bool write(std::string_view bytes) = 0;
  /// Whether the peer has closed its side or the server ends. Cheap; never waits.
  virtual bool gone() = 0;
};

}  // namespace matinee
