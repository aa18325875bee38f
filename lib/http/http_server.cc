#include "lib/http/http_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/http/http_session.h"

namespace matinee {
namespace {

// Hundreds of connections share the address space with a model.
constexpr std::size_t kStackBytes = 2 << 20;
constexpr int kPollMilliseconds = 100;

// The threads of connections. There are as many as there were connections at once; each takes the next one when its own
// has ended.
class Connections {
 public:
  Connections(HttpService& service, const HttpServerOptions& options) : service_(service), options_(options) {}
  ~Connections() { end(); }

  // Takes the descriptor over, if there is room for it. An idle connection makes room.
  bool take(int descriptor) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < free_threads_) {
      waiting_.push_back(descriptor);
      changed_.notify_one();
      return true;
    }
    if (threads_.size() < static_cast<std::size_t>(options_.max_connections) && start_thread()) {
      waiting_.push_back(descriptor);
      return true;
    }
    // The thread of an idle connection takes the new one when it has ended its own.
    const bool ended = std::any_of(streams_.begin(), streams_.end(), [](SocketStream* s) { return s->end_if_idle(); });
    if (ended) waiting_.push_back(descriptor);
    return ended;
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      for (SocketStream* stream : streams_) stream->end();
    }
    changed_.notify_all();
    for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
    threads_.clear();
  }

 private:
  bool start_thread() {
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_t thread{};
    const auto body = [](void* self) -> void* {
      static_cast<Connections*>(self)->serve();
      return nullptr;
    };
    const int code = ::pthread_create(&thread, &attributes, body, this);
    ::pthread_attr_destroy(&attributes);
    if (code != 0) return false;
    threads_.push_back(thread);
    ++free_threads_;
    return true;
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) return;
      const int descriptor = waiting_.front();
      waiting_.pop_front();
      --free_threads_;
      SocketStream stream(descriptor, options_.times, ending_);
      streams_.insert(&stream);
      lock.unlock();
      serve_connection(stream, service_);
      stream.finish();
      lock.lock();
      streams_.erase(&stream);
      ++free_threads_;
    }
  }

  HttpService& service_;
  const HttpServerOptions& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<pthread_t> threads_;
  std::size_t free_threads_ = 0;  // that wait, or have just been started
  std::deque<int> waiting_;       // descriptors, each with a thread that is free or about to be
  std::set<SocketStream*> streams_;
  std::atomic<bool> ending_ = false;
};

// A short answer to a connection for which there is no thread.
void refuse(int descriptor, HttpService& service) {
  HttpResponse response = service.failure({}, 503, "too many connections; try again");
  std::string text = "HTTP/1.1 503 Refused\r\n";
  for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
  text += fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n{}", response.body.size(), response.body);
  // A new socket has room for it. What the client has sent is read, since closing would else take the answer away.
  if (::send(descriptor, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    ::shutdown(descriptor, SHUT_WR);
    char buffer[16384];
    while (::recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
  }
  ::close(descriptor);
}

// Whether accept() failed for reasons that pass: a client that left, or no more descriptors for now.
bool passes(int reason) {
  switch (reason) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EPROTO:
    case EPERM: return true;
    default: return false;
  }
}

}  // namespace

void run_http_server(const Listener& listener, HttpService& service, const HttpServerOptions& options,
                     const std::function<bool()>& stop) {
  Connections connections(service, options);
  while (!stop()) {
    pollfd entry{listener.descriptor(), POLLIN, 0};
    if (::poll(&entry, 1, kPollMilliseconds) <= 0) continue;
    const int descriptor = ::accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (!passes(errno)) throw resource_error("cannot accept connections: {}", std::strerror(errno));
      // Without descriptors poll() would return at once, again and again.
      if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    if (!connections.take(descriptor)) refuse(descriptor, service);
  }
  connections.end();
}

}  // namespace matinee
