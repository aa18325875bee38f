#include "lib/http/access.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

HttpRequest request(const std::string& host, const std::string& origin = "", const std::string& authorization = "") {
  HttpRequest made;
  made.method = "GET";
  made.version = "HTTP/1.1";
  made.headers["host"] = host;
  if (!origin.empty()) made.headers["origin"] = origin;
  if (!authorization.empty()) made.headers["authorization"] = authorization;
  return made;
}

int status(const Access& access, const HttpRequest& made, bool needs_key = true) {
  const auto fault = access.fault(made, needs_key);
  return fault ? fault->status : 200;
}

std::string header(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Access, OnLoopbackOnlyNamesOfThisMachine) {
  const Access access({});
  for (const char* host : {"localhost", "LOCALHOST:8137", "127.0.0.1", "127.0.0.1:80", "127.3.2.1", "[::1]:8137"}) {
    EXPECT_EQ(status(access, request(host)), 200) << host;
  }
  for (const char* host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0:8137", "192.168.1.2", "[::2]:80",
        "127.0.0.1:80@evil.example", "", "localhost:8a", "[::1", "127.1"}) {
    EXPECT_EQ(status(access, request(host)), 403) << host;
  }
  HttpRequest old = request("");
  old.version = "HTTP/1.0";
  EXPECT_EQ(status(access, old), 200);
}

TEST(Access, OnlyPagesOfThisMachine) {
  const Access access({});
  for (const char* origin : {"http://localhost:3000", "http://127.0.0.1", "https://[::1]:8137"}) {
    EXPECT_EQ(status(access, request("localhost", origin)), 200) << origin;
    HttpResponse response;
    access.add_cors(request("localhost", origin), response);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(header(response, "Vary"), "Origin");
  }
  HttpResponse rebound;
  access.add_cors(request("evil.example", "http://evil.example"), rebound);
  EXPECT_EQ(header(rebound, "Access-Control-Allow-Origin"), "") << "its own page, but under a foreign name";
  for (const char* origin : {"https://evil.example", "null", "http://localhost.evil.example", "http://evil@localhost",
                             "http://localhost/", "file://", "http://", "chrome-extension://localhost"}) {
    EXPECT_EQ(status(access, request("localhost", origin)), 403) << origin;
    HttpResponse response;
    access.add_cors(request("localhost", origin), response);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "") << origin;
  }
}

TEST(Access, OriginsThatAreAllowed) {
  AccessOptions options;
  options.origins = {"https://Chat.example", "http://other.example:8080"};
  const Access access(options);
  EXPECT_EQ(status(access, request("localhost", "https://chat.example")), 200);
  EXPECT_EQ(status(access, request("localhost", "http://other.example:8080")), 200);
  EXPECT_EQ(status(access, request("localhost", "http://chat.example")), 403);
  EXPECT_EQ(status(access, request("localhost", "http://other.example")), 403);
  EXPECT_EQ(status(access, request("chat.example")), 403) << "the page may call, but nobody else has its name";
  for (const char* origin : {"example.org", "*", "https://", "https://a/b", ""}) {
    options.origins = {origin};
    EXPECT_EQ(error_of([&] { Access bad(options); }),
              "expected an origin such as https://example.org, found \"" + std::string(origin) + "\"");
  }
}

TEST(Access, RemoteMachinesNeedAnAddressOrAKnownName) {
  AccessOptions options;
  options.remote = true;
  options.key = "0123456789abcdef";
  options.origins = {"https://films.example"};
  const Access access(options);
  const std::string key = "Bearer 0123456789abcdef";
  EXPECT_EQ(status(access, request("192.168.1.2:8137", "", key)), 200);
  EXPECT_EQ(status(access, request("192.168.1.2:8137", "http://192.168.1.2:8137", key)), 200) << "its own page";
  EXPECT_EQ(status(access, request("192.168.1.2:8137", "http://192.168.1.3:8137", key)), 403);
  EXPECT_EQ(status(access, request("films.example", "https://films.example", key)), 200) << "behind a proxy";
  EXPECT_EQ(status(access, request("evil.example", "", key)), 403);
}

TEST(Access, TheKeyMustBeExact) {
  AccessOptions options;
  options.key = "0123456789abcdef";
  const Access access(options);
  EXPECT_EQ(status(access, request("localhost", "", "Bearer 0123456789abcdef")), 200);
  EXPECT_EQ(status(access, request("localhost", "", "bearer 0123456789abcdef")), 200);
  EXPECT_EQ(status(access, request("localhost"), false), 200) << "a path for which none is needed";
  for (const char* given :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
        "Bearer 0123456789abcdef0123456789abcdef", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    EXPECT_EQ(status(access, request("localhost", "", given)), 401) << given;
  }
  EXPECT_EQ(status(Access({}), request("localhost")), 200) << "no key is set";
}

TEST(Access, KeyFiles) {
  const TemporaryFolder folder;
  const std::string path = folder.file("key");
  const auto key = [&](const std::string& text) {
    std::ofstream(path) << text;
    return read_api_key(path);
  };
  EXPECT_EQ(key("0123456789abcdef\n"), "0123456789abcdef");
  EXPECT_EQ(error_of([&] { key("short\n"); }), path +
                                                   ": expected a key of 16 characters or more, found 5; head -c 24 "
                                                   "/dev/urandom | base64 makes one");
  EXPECT_EQ(error_of([&] { key("0123456789 abcdef\nmore"); }),
            path + ": expected a key of letters, digits and -._~+/= in one line");
}

TEST(Access, PreflightRequests) {
  const Access access({});
  HttpRequest made = request("localhost", "http://localhost:3000");
  made.headers["access-control-request-headers"] = "authorization,content-type,x-stainless-os";
  made.headers["access-control-request-private-network"] = "true";
  const HttpResponse response = access.preflight(made);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "Access-Control-Allow-Headers"), "authorization,content-type,x-stainless-os");
  EXPECT_EQ(header(response, "Access-Control-Allow-Private-Network"), "true");
  made.headers["access-control-request-headers"] = "a: b\r\nc";
  EXPECT_EQ(header(access.preflight(made), "Access-Control-Allow-Headers"), "authorization, content-type");
}

}  // namespace
}  // namespace matinee
