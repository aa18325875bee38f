#include "lib/base/words.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0) {
  std::string out;
  append_wrapped(out, text, width, indent);
  return out;
}

TEST(Words, AreJoined) {
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"a"}), "a");
  EXPECT_EQ(joined({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(joined({"a", "b"}, "|"), "a|b");
}

TEST(Words, AreWrapped) {
  EXPECT_EQ(wrapped("", 10), "");
  EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrapped("one two three", 8), "one two\nthree");
  EXPECT_EQ(wrapped("  one\n two   three ", 80), "one two three");
  EXPECT_EQ(wrapped("a verylongword b", 4), "a\nverylongword\nb");
  EXPECT_EQ(wrapped("one two\n\nthree", 80), "one two\n\nthree");
  EXPECT_EQ(wrapped("one two", 5, 2), "one\n  two");
}

}  // namespace
}  // namespace matinee
