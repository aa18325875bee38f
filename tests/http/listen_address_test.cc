#include "lib/http/listen_address.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

std::string parsed(std::string_view text) {
  const ListenAddress address = parse_listen_address(text);
  return fmt::format("{} {}", address.host, address.port);
}

TEST(ListenAddress, EitherPartMayBeMissing) {
  EXPECT_EQ(parsed(""), "127.0.0.1 8137");
  EXPECT_EQ(parsed("0.0.0.0:80"), "0.0.0.0 80");
  EXPECT_EQ(parsed("localhost"), "localhost 8137");
  EXPECT_EQ(parsed(":9000"), "127.0.0.1 9000");
  EXPECT_EQ(parsed("9000"), "127.0.0.1 9000");
  EXPECT_EQ(parsed("0"), "127.0.0.1 0");
  EXPECT_EQ(parsed("[::1]:80"), "::1 80");
  EXPECT_EQ(parsed("[::1]"), "::1 8137");
  for (const char* wrong : {"host:", "host:port", "host:65536", "host:-1", "host: 80", ":"}) {
    EXPECT_NE(error_of([&] { parse_listen_address(wrong); }).find("expected HOST:PORT"), std::string::npos) << wrong;
  }
  EXPECT_EQ(error_of([] { parse_listen_address("::1"); }),
            "expected HOST:PORT, found \"::1\"; write an IPv6 address as [::1]:8137");
  EXPECT_EQ(error_of([] { parse_listen_address("[::1"); }), "expected [IPV6]:PORT, found \"[::1\"");
}

TEST(Listener, ChoosesAPortAndDefendsIt) {
  const Listener listener({"127.0.0.1", 0}, false);
  EXPECT_GT(listener.port(), 0);
  EXPECT_TRUE(listener.loopback());
  EXPECT_EQ(listener.url(), fmt::format("http://127.0.0.1:{}", listener.port()));
  EXPECT_EQ(
      error_of([&] {
        Listener second({"127.0.0.1", listener.port()}, false);
      }),
      fmt::format("cannot listen on 127.0.0.1:{}: Address already in use; choose another port, or 0 for any free one",
                  listener.port()));
}

TEST(Listener, OtherAddressesNeedPermission) {
  EXPECT_EQ(error_of([] {
              Listener listener({"0.0.0.0", 0}, false);
            }),
            "0.0.0.0 can be reached from other machines; to allow that give --allow-remote and --api-key-file FILE");
  EXPECT_FALSE(Listener({"0.0.0.0", 0}, true).loopback());
  EXPECT_EQ(error_of([] {
              Listener listener({"203.0.113.9", 0}, true);
            }),
            "cannot listen on 203.0.113.9:0: Cannot assign requested address; give an address of this machine");
  EXPECT_NE(error_of([] {
              Listener listener({"no-such-host.invalid", 0}, false);
            }).find("no address of this machine"),
            std::string::npos);
}

}  // namespace
}  // namespace matinee
