#include "lib/http/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace matinee {
namespace {

using namespace std::chrono_literals;

// "/slow": ends when the client has left. "/large": 64 MB. Else a short text.
struct SlowService : HttpService {
  std::optional<HttpResponse> refusal(const HttpRequest&) override { return std::nullopt; }
  HttpResponse answer(const HttpRequest& request, HttpExchange& exchange) override {
    HttpResponse response;
    if (request.path == "/slow") {
      const auto until = std::chrono::steady_clock::now() + 20s;
      ++running;
      while (!exchange.gone() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
      --running;
    }
    response.body = request.path == "/large" ? std::string(64 << 20, 'a') : "hello";
    return response;
  }
  HttpResponse failure(const HttpRequest&, int status, std::string_view message) override {
    HttpResponse response;
    response.status = status;
    response.body = message;
    return response;
  }
  void answered(const HttpRequest&, int, double) override { ++answers; }
  std::atomic<int> running = 0, answers = 0;
};

struct ServerTest : ::testing::Test {
  void start(HttpServerOptions options) {
    thread =
        std::thread([this, options] { run_http_server(listener, service, options, [this] { return stop.load(); }); });
  }
  void TearDown() override {
    stop = true;
    if (thread.joinable()) thread.join();
  }

  SlowService service;
  Listener listener{{"127.0.0.1", 0}, false};
  std::atomic<bool> stop = false;
  std::thread thread;
};

struct Client {
  explicit Client(const Listener& listener) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(listener.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE();
  }
  ~Client() { ::close(descriptor); }
  void send(const std::string& text) const { ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL); }
  // What arrives before the server ends the connection, or until `end` has arrived.
  std::string receive(const std::string& end = "") const {
    std::string all;
    char buffer[4096];
    while (end.empty() || all.find(end) == std::string::npos) {
      const ssize_t got = ::recv(descriptor, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

template <class Condition>
bool soon(Condition&& condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
  return condition();
}

TEST_F(ServerTest, ManyConnectionsAtOnce) {
  start({});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<Client>(listener));
  for (int round = 0; round < 2; ++round) {
    for (const auto& client : clients) client->send(get("/"));
    for (const auto& client : clients) EXPECT_NE(client->receive("hello").find("200 OK"), std::string::npos);
  }
}

TEST_F(ServerTest, ClientsThatSendNothingOrLittleEnd) {
  HttpServerOptions options;
  options.times.idle = 200ms;
  options.times.head = 300ms;
  options.times.body = 300ms;
  start(options);
  const Client silent(listener), head(listener), body(listener);
  head.send("GET / HTTP/1.1\r\n");
  body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n");
  // A byte now and then does not help.
  std::thread drip([&] {
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(30ms);
      head.send("a");
      body.send("a");
    }
  });
  EXPECT_EQ(silent.receive(), "");
  EXPECT_NE(head.receive().find("HTTP/1.1 408"), std::string::npos);
  EXPECT_NE(body.receive().find("HTTP/1.1 408"), std::string::npos);
  drip.join();
}

TEST_F(ServerTest, AClientThatDoesNotReadEnds) {
  HttpServerOptions options;
  options.times.write = 200ms;
  start(options);
  const Client slow(listener), other(listener);
  slow.send(get("/large"));
  other.send(get("/"));
  EXPECT_NE(other.receive("hello").find("200 OK"), std::string::npos);
  EXPECT_TRUE(soon([&] { return service.answers == 2; }));
  EXPECT_LT(slow.receive().size(), std::size_t{64} << 20);
}

TEST_F(ServerTest, AClientThatLeavesIsNoticed) {
  start({});
  {
    const Client client(listener);
    client.send(get("/slow"));
    ASSERT_TRUE(soon([&] { return service.running == 1; }));
  }
  EXPECT_TRUE(soon([&] { return service.running == 0; }));
}

TEST_F(ServerTest, TooManyConnections) {
  HttpServerOptions options;
  options.max_connections = 2;
  start(options);
  const Client first(listener), second(listener);
  first.send(get("/slow"));
  second.send(get("/slow"));
  ASSERT_TRUE(soon([&] { return service.running == 2; }));
  const Client third(listener);
  EXPECT_NE(third.receive().find("HTTP/1.1 503"), std::string::npos);
}

TEST_F(ServerTest, IdleConnectionsMakeRoom) {
  HttpServerOptions options;
  options.max_connections = 2;
  start(options);
  const Client first(listener), second(listener);
  first.send(get("/"));
  second.send(get("/slow"));
  first.receive("hello");
  ASSERT_TRUE(soon([&] { return service.running == 1; }));
  std::this_thread::sleep_for(20ms);
  const Client third(listener);
  third.send(get("/"));
  EXPECT_NE(third.receive("hello").find("200 OK"), std::string::npos);
  EXPECT_EQ(first.receive(), "") << "was idle";
}

TEST_F(ServerTest, EndsRunningRequestsAndIdleConnections) {
  start({});
  const Client idle(listener), half(listener), slow(listener);
  half.send("GET / HT");
  slow.send(get("/slow"));
  ASSERT_TRUE(soon([&] { return service.running == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  stop = true;
  thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(service.running, 0);
}

}  // namespace
}  // namespace matinee
