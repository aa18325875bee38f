#pragma once

#include <atomic>
#include <chrono>

#include "lib/http/byte_stream.h"

namespace matinee {

/// The longest times of a connection. Totals, so that a client that sends or takes a byte now and then ends, too.
struct HttpTimes {
  std::chrono::milliseconds idle{60'000};   ///< between two requests
  std::chrono::milliseconds head{10'000};   ///< from its first byte to its end
  std::chrono::milliseconds body{30'000};   ///< after the head
  std::chrono::milliseconds write{15'000};  ///< that a response may wait for the peer to read, all its writes together
};

/// A connected socket.
class SocketStream : public ByteStream {
 public:
  /// Takes the descriptor over. `ending` becomes true when the server ends; it must outlive this.
  SocketStream(int descriptor, const HttpTimes& times, const std::atomic<bool>& ending);
  ~SocketStream() override;
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  void begin(Phase phase) override;
  std::size_t read(char* to, std::size_t size) override;
  bool late() const override { return late_; }
  void begin_response() override;
  bool write(std::string_view bytes) override;
  bool gone() override;

  /// Says that nothing follows, and reads for a short time what the peer still sends: closing at once could take the
  /// response away from it.
  void finish();
  /// Ends a wait for the next request; false if there is none. Any thread may call these two.
  bool end_if_idle();
  /// Reads nothing more.
  void end();

 private:
  // False: the time is over or the socket failed.
  bool wait(short events, std::chrono::steady_clock::time_point until) const;

  const int descriptor_;
  const HttpTimes& times_;
  const std::atomic<bool>& ending_;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::nanoseconds write_left_{0};
  bool late_ = false;
  std::atomic<bool> idle_ = false;
};

}  // namespace matinee
