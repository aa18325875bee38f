// The only file that uses cpp-httplib.
#include "lib/http/http_session.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "lib/http/http_head.h"

namespace matinee {
namespace {

// Many requests in one connection; the number only bounds it.
constexpr int kMaxRequests = 10000;

// For the responses that are not written by httplib. Clients read the number only.
std::string status_line(int status) {
  return fmt::format("HTTP/1.1 {} {}\r\n", status, status < 400 ? "OK" : "Refused");
}

std::string header_lines(const HttpResponse& response) {
  std::string out;
  for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
  return out;
}

// One request, read and answered by httplib::Server::process_request. Its own routes are not used: the path is "/" for
// all requests, whose handler asks the service.
class Session : public httplib::Server, public HttpExchange, private httplib::Stream {
 public:
  Session(ByteStream& stream, HttpService& service) : stream_(stream), service_(service) {
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
      body_read_ = true;
      request_.body = request.body;
      if (request_.body.size() > kMaxBody) {
        fill(response, service_.failure(request_, 413, message_of(413)));
      } else {
        fill(response, service_.answer(request_, *this));
      }
    };
    Get("/", handler).Post("/", handler).Put("/", handler).Patch("/", handler).Delete("/", handler);
    Options("/", handler);
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
      const std::optional<HttpResponse> refusal = service_.refusal(request_);
      if (!refusal) return HandlerResponse::Unhandled;
      fill(response, *refusal);
      return HandlerResponse::Handled;
    });
    set_expect_100_continue_handler([this](const httplib::Request&, httplib::Response& response) {
      const std::optional<HttpResponse> refusal = service_.refusal(request_);
      if (!refusal) return 100;
      fill(response, *refusal);
      return response.status;
    });
    set_error_handler(Handler([this](const httplib::Request&, httplib::Response& response) {
      if (answered_) return;
      if (too_large_) response.status = 413;
      if (stream_.late()) response.status = 408;
      fill(response, service_.failure(request_, response.status, message_of(response.status)));
    }));
    set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      response.headers.erase("Keep-Alive");
      response.headers.erase("Connection");
      response.headers.erase("Accept-Ranges");
      if (request.method != "HEAD" && response.status == 204) response.headers.erase("Content-Length");
      if (closes()) response.headers.emplace("Connection", "close");
      stream_.begin_response();
    });
  }

  /// Reads and answers the next request. Returns whether the connection can go on.
  bool next() {
    if (!read_head()) return false;
    head_ = parse_head(std::string_view(input_).substr(0, head_size_));
    input_.erase(0, head_size_);
    start_ = std::chrono::steady_clock::now();
    if (head_.status != 0) return refuse(head_.status, head_.message);
    request_.method = head_.method;
    request_.version = head_.version;
    request_.headers = head_.headers;
    known_method_ = std::find(kMethods.begin(), kMethods.end(), head_.method) != kMethods.end();
    if (!known_method_) return refuse(405, fmt::format("no request has the method {}", head_.method));
    passed_ = minimal_head(head_);
    stream_.begin(ByteStream::Phase::kBody);
    bool close = false;
    const bool written = process_request(*this, false, close, [this](httplib::Request& request) {
      request_.path = request.path;
      for (const auto& [name, value] : request.params) request_.params.emplace(name, value);
      request.path = "/";
    });
    service_.answered(request_, status_, seconds());
    return written && !failed_ && !closes();
  }

  /// Whether the client sent bytes that will not be read.
  bool leaves_input() const { return !input_.empty() || (head_.has_body() && !body_read_); }

  // HttpExchange
  bool gone() override { return failed_ || stream_.gone(); }
  bool begin_stream(const HttpResponse& head) override {
    stream_.begin_response();
    streamed_ = true;
    status_ = head.status;
    // A client of HTTP/1.0 reads until the connection ends.
    chunked_ = request_.version != "HTTP/1.0";
    std::string out = status_line(head.status) + header_lines(head);
    if (chunked_) out += "Transfer-Encoding: chunked\r\n";
    if (closes()) out += "Connection: close\r\n";
    return put(out + "\r\n");
  }
  bool send(std::string_view piece) override {
    if (piece.empty()) return !failed_;
    return put(chunked_ ? fmt::format("{:x}\r\n{}\r\n", piece.size(), piece) : std::string(piece));
  }

 private:
  static constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"};

  bool put(std::string_view bytes) {
    if (!failed_) failed_ = !stream_.write(bytes);
    return !failed_;
  }

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  bool closes() const {
    // What httplib leaves unread, and whatever follows chunks that it reads loosely, would be the next request.
    return head_.close || head_.chunked || (head_.has_body() && !body_read_) || (streamed_ && !chunked_);
  }

  void fill(httplib::Response& response, const HttpResponse& from) {
    answered_ = true;
    if (streamed_) {
      if (chunked_) put("0\r\n\r\n");
      // httplib writes a response, too, which write() drops.
      response.status = 200;
      return;
    }
    response.status = status_ = from.status;
    response.headers.clear();
    for (const auto& [name, value] : from.headers) response.set_header(name, value);
    response.body = from.body;  // httplib adds its length
  }

  bool refuse(int status, std::string_view message) {
    stream_.begin_response();
    HttpResponse response = service_.failure(request_, status, message);
    status_ = response.status;
    response.set("Content-Length", std::to_string(response.body.size())).set("Connection", "close");
    put(status_line(response.status) + header_lines(response) + "\r\n" +
        (head_.method == "HEAD" ? std::string() : response.body));
    service_.answered(request_, status_, seconds());
    return false;
  }

  static std::string message_of(int status) {
    if (status == 408) return "the body did not arrive in time";
    if (status == 413) return fmt::format("the body is too large; at most {} bytes are read", kMaxBody);
    return status == 400 ? "the body of the request is incomplete or malformed" : "the request failed";
  }

  // Reads until the end of a head is in input_. False: there is none; a late or broken one has been answered.
  bool read_head() {
    request_ = {};
    head_ = {};
    body_bytes_ = 0;
    body_read_ = too_large_ = answered_ = streamed_ = chunked_ = false;
    status_ = 0;
    if (input_.empty()) {
      stream_.begin(ByteStream::Phase::kIdle);
      if (!fill_input()) return false;
    }
    start_ = std::chrono::steady_clock::now();
    stream_.begin(ByteStream::Phase::kHead);
    while (true) {
      while (input_.starts_with("\r\n")) input_.erase(0, 2);
      const std::size_t end = input_.find("\r\n\r\n");
      if (end != std::string::npos && end + 4 <= kMaxHead) {
        head_size_ = end + 4;
        return true;
      }
      if (input_.size() >= kMaxHead) {
        if (input_.find("\r\n") > kMaxTarget) return refuse(414, fmt::format("the path has over {} bytes", kMaxTarget));
        return refuse(431, fmt::format("the headers have over {} bytes", kMaxHead));
      }
      if (fill_input()) continue;
      if (stream_.late() && !input_.empty()) return refuse(408, "the head of the request did not arrive in time");
      return false;
    }
  }

  bool fill_input() {
    char buffer[16384];
    const std::size_t size = stream_.read(buffer, sizeof buffer);
    input_.append(buffer, size);
    return size > 0;
  }

  // httplib::Stream
  bool is_readable() const override { return true; }
  bool is_writable() const override { return !failed_; }
  ssize_t read(char* to, std::size_t size) override {
    if (!passed_.empty()) {
      const std::size_t taken = std::min(size, passed_.size());
      std::memcpy(to, passed_.data(), taken);
      passed_.erase(0, taken);
      return static_cast<ssize_t>(taken);
    }
    // Chunks have no length that could be refused by the head. Twice the limit leaves room for their own bytes.
    if (head_.chunked && body_bytes_ > 2 * kMaxBody) too_large_ = true;
    if (too_large_ || (input_.empty() && !fill_input())) return 0;
    const std::size_t taken = std::min(size, input_.size());
    std::memcpy(to, input_.data(), taken);
    input_.erase(0, taken);
    body_bytes_ += taken;
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* from, std::size_t size) override {
    if (streamed_) return static_cast<ssize_t>(size);
    return put(std::string_view(from, size)) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  ByteStream& stream_;
  HttpService& service_;
  std::string input_;   // what was read and not yet used
  std::string passed_;  // what is left of the head that httplib reads
  std::size_t head_size_ = 0;
  HttpHead head_;
  HttpRequest request_;
  std::uint64_t body_bytes_ = 0;
  std::chrono::steady_clock::time_point start_;
  int status_ = 0;
  bool known_method_ = false;
  bool body_read_ = false, too_large_ = false;
  bool answered_ = false;                    // the service has given the response
  bool streamed_ = false, chunked_ = false;  // the response was written piece by piece
  bool failed_ = false;                      // nothing can be written any more
};

}  // namespace

void serve_connection(ByteStream& stream, HttpService& service) {
  Session session(stream, service);
  for (int requests = 0; requests < kMaxRequests && session.next(); ++requests) {
  }
}

}  // namespace matinee
