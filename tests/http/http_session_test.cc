#include "lib/http/http_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lib/http/http_head.h"
#include "tests/http/memory_stream.h"

namespace matinee {
namespace {

using testing::MemoryStream;

// Answers what it was asked; "/stream" in two pieces; refuses "/refused" before the body.
struct EchoService : HttpService {
  std::optional<HttpResponse> refusal(const HttpRequest& request) override {
    if (request.path != "/refused") return std::nullopt;
    return failure(request, 403, "refused");
  }
  HttpResponse answer(const HttpRequest& request, HttpExchange& exchange) override {
    HttpResponse response;
    response.set("Content-Type", "text/plain");
    if (request.path == "/stream") {
      exchange.begin_stream(response);
      exchange.send("one ");
      exchange.send("two");
      return {};
    }
    response.body = fmt::format("{} {} q={} x={} body={}", request.method, request.path, request.param("q"),
                                request.header("x-some"), request.body);
    return response;
  }
  HttpResponse failure(const HttpRequest&, int status, std::string_view message) override {
    HttpResponse response;
    response.status = status;
    response.body = message;
    return response;
  }
  void answered(const HttpRequest&, int status, double) override { statuses.push_back(status); }
  std::vector<int> statuses;
};

std::string reply(std::vector<std::string> pieces, bool late = false) {
  MemoryStream stream(std::move(pieces));
  stream.late_at_end = late;
  EchoService service;
  serve_connection(stream, service);
  return stream.output;
}

std::string body_of(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

int status_of(const std::string& response) { return response.size() < 12 ? 0 : std::atoi(response.c_str() + 9); }

const std::string kHost = "Host: localhost\r\n";

TEST(HttpSession, AnswersARequestInAnyPieces) {
  const std::string request =
      "POST /a%20b?q=1%2B1 HTTP/1.1\r\n" + kHost + "X-Some: 50%25\r\nContent-Length: 5\r\n\r\nhello";
  const std::string wanted = "POST /a b q=1+1 x=50%25 body=hello";
  EXPECT_EQ(body_of(reply({request})), wanted);
  std::vector<std::string> letters;
  for (const char c : request) letters.emplace_back(1, c);
  EXPECT_EQ(body_of(reply(letters)), wanted);
}

TEST(HttpSession, AnswersRequestsOneAfterAnother) {
  const std::string get = "GET /1 HTTP/1.1\r\n" + kHost + "\r\n";
  const std::string output = reply({get + "POST /2 HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\n\r\nhi" + get});
  EXPECT_NE(output.find("GET /1 q= x= body=HTTP/1.1 200 OK"), std::string::npos) << output;
  EXPECT_NE(output.find("POST /2 q= x= body=hiHTTP/1.1 200 OK"), std::string::npos) << output;
  EXPECT_EQ(output.find("Connection: close"), std::string::npos) << output;
  // What follows a request that ends the connection is not read.
  const std::string closed = reply({"GET /1 HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n" + get});
  EXPECT_NE(closed.find("Connection: close\r\n"), std::string::npos) << closed;
  EXPECT_EQ(closed.find("HTTP/1.1", 5), std::string::npos) << closed;
}

TEST(HttpSession, HeadHasTheLengthAndNoBody) {
  const std::string output = reply({"HEAD /x HTTP/1.1\r\n" + kHost + "\r\n"});
  EXPECT_NE(output.find("\r\nContent-Length: 19\r\n"), std::string::npos) << output;
  EXPECT_EQ(output.find("Content-Length"), output.rfind("Content-Length")) << output;
  EXPECT_EQ(body_of(output), "");
}

TEST(HttpSession, StreamsInChunks) {
  const std::string request = "POST /stream HTTP/1.1\r\n" + kHost + "Content-Length: 0\r\n\r\n";
  const std::string output = reply({request + request});
  const std::string chunks = "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n";
  EXPECT_EQ(body_of(output).substr(0, chunks.size()), chunks);
  EXPECT_EQ(status_of(body_of(output).substr(chunks.size())), 200) << "the connection goes on";
  // Without chunks the body ends with the connection.
  const std::string old = reply({"POST /stream HTTP/1.0\r\nContent-Length: 0\r\n\r\n" + request});
  EXPECT_EQ(body_of(old), "one two") << old;
  EXPECT_NE(old.find("Connection: close\r\n"), std::string::npos);
}

TEST(HttpSession, ReadsChunkedBodiesAndEndsTheConnection) {
  const std::string chunked = "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string output = reply({chunked + "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n"});
  EXPECT_EQ(body_of(output), "POST / q= x= body=hello!");
  EXPECT_EQ(status_of(reply({chunked + "zz\r\n"})), 400);
  EXPECT_EQ(status_of(reply({chunked + "5\r\nhel"})), 400);
  EXPECT_EQ(status_of(reply({chunked + "5\r\nhel"}, true)), 408);
  std::string large = chunked;
  for (int i = 0; i < 200; ++i) large += "4000\r\n" + std::string(0x4000, 'a') + "\r\n";
  EXPECT_EQ(status_of(reply({large + "0\r\n\r\n"})), 413);
  std::string a_bit_too_large = chunked;
  for (int i = 0; i < 65; ++i) a_bit_too_large += "4000\r\n" + std::string(0x4000, 'a') + "\r\n";
  EXPECT_EQ(status_of(reply({a_bit_too_large + "0\r\n\r\n"})), 413);
}

TEST(HttpSession, RefusesBeforeTheBodyAndEndsTheConnection) {
  const std::string request = "POST /refused HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n";
  for (const char* more : {"\r\nhello", "Expect: 100-continue\r\n\r\n"}) {
    const std::string output = reply({request + more});
    EXPECT_EQ(status_of(output), 403) << output;
    EXPECT_NE(output.find("Connection: close\r\n"), std::string::npos) << output;
    EXPECT_EQ(output.find("HTTP/1.1", 5), std::string::npos) << output;
  }
  const std::string accepted =
      reply({"POST /x HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "hello"});
  EXPECT_EQ(status_of(accepted), 100);
  EXPECT_EQ(status_of(body_of(accepted)), 200) << accepted;
}

TEST(HttpSession, RefusesWhatIsNoRequest) {
  const auto status = [](const std::string& head, bool late = false) { return status_of(reply({head}, late)); };
  EXPECT_EQ(status(""), 0);
  EXPECT_EQ(status("", true), 0) << "an idle connection ends without a word";
  EXPECT_EQ(status("GET / HTTP/1.1\r\n"), 0) << "the client left";
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: loc", true), 408);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/2.0\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(status("GET http://localhost/ HTTP/1.1\r\n" + kHost + "\r\n"), 400) << "no proxy";
  EXPECT_EQ(status("GET /a b HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(status("\x16\x03\x01\x02\x01\r\n\r\n"), 400) << "TLS";
  EXPECT_EQ(status("BREW / HTTP/1.1\r\n" + kHost + "\r\n"), 405);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + "a : b\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + " folded\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + "a: b\nc: d\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /" + std::string(kMaxTarget, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n"), 414);
  EXPECT_EQ(status("GET /" + std::string(2 * kMaxHead, 'a')), 414);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + "a: " + std::string(kMaxHead, 'a') + "\r\n\r\n"), 431);
  std::string many = "GET / HTTP/1.1\r\n" + kHost;
  for (std::size_t i = 0; i < kMaxHeaders; ++i) many += fmt::format("a{}: b\r\n", i);
  EXPECT_EQ(status(many + "\r\n"), 431);
  const auto post = [&](const std::string& headers) {
    return status("POST / HTTP/1.1\r\n" + kHost + headers + "\r\n");
  };
  EXPECT_EQ(post(""), 200) << "no body";
  EXPECT_EQ(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
  EXPECT_EQ(post("Content-Length: +5\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 99999999999999999999999\r\n"), 413);
  EXPECT_EQ(post("Content-Length: 1048577\r\n"), 413);
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n"), 400);
  EXPECT_EQ(post("Content-Encoding: gzip\r\nContent-Length: 0\r\n"), 415);
  EXPECT_EQ(post("Content-Length: 5\r\n"), 400) << "the body is missing";
}

TEST(HttpSession, EndsWhenNothingCanBeWritten) {
  MemoryStream stream(
      {"POST /stream HTTP/1.1\r\n" + kHost + "Content-Length: 0\r\n\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n"});
  stream.room = 10;
  EchoService service;
  serve_connection(stream, service);
  EXPECT_EQ(service.statuses, std::vector<int>{200});
}

}  // namespace
}  // namespace matinee
