#include "lib/http/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFinishTime{1000}, kFinishTimeAtEnd{100};
constexpr std::size_t kFinishBytes = 4 << 20;

}  // namespace

SocketStream::SocketStream(int descriptor, const HttpTimes& times, const std::atomic<bool>& ending)
    : descriptor_(descriptor), times_(times), ending_(ending) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

SocketStream::~SocketStream() { ::close(descriptor_); }

void SocketStream::begin(Phase phase) {
  const auto time = phase == Phase::kIdle ? times_.idle : phase == Phase::kHead ? times_.head : times_.body;
  deadline_ = Clock::now() + time;
  late_ = false;
  idle_ = phase == Phase::kIdle;
}

bool SocketStream::wait(short events, Clock::time_point until) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{descriptor_, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::size_t SocketStream::read(char* to, std::size_t size) {
  while (true) {
    const ssize_t got = ::recv(descriptor_, to, size, MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
    if (ending_) return 0;
    if (!wait(POLLIN, deadline_)) {
      late_ = true;
      return 0;
    }
  }
}

void SocketStream::begin_response() { write_left_ = times_.write; }

bool SocketStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    const auto start = Clock::now();
    const bool ready = wait(POLLOUT, start + write_left_);
    write_left_ -= Clock::now() - start;
    if (!ready) return false;
  }
  return true;
}

bool SocketStream::gone() {
  if (ending_) return true;
  pollfd entry{descriptor_, POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void SocketStream::finish() {
  ::shutdown(descriptor_, SHUT_WR);
  const auto until = Clock::now() + (ending_ ? kFinishTimeAtEnd : kFinishTime);
  char buffer[16384];
  for (std::size_t total = 0; total < kFinishBytes && wait(POLLIN, until);) {
    const ssize_t got = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return;
    total += static_cast<std::size_t>(got);
  }
}

bool SocketStream::end_if_idle() {
  const bool idle = idle_.exchange(false);
  if (idle) end();
  return idle;
}

void SocketStream::end() { ::shutdown(descriptor_, SHUT_RD); }

}  // namespace matinee
