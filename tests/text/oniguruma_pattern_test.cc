#include "lib/text/oniguruma_pattern.h"

#include <gtest/gtest.h>

#include "lib/text/split_pattern.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

TEST(OnigurumaPattern, ChangesOnlyWhatPcre2ReadsOtherwise) {
  EXPECT_EQ(pcre2_pattern_of(R"([^\r\n\p{L}]?\p{Lu}+|\d{1,3}|(?i:'s)|[]a]|\\s|\[|[[:alpha:]\]x])"),
            R"([^\r\n\p{L}]?\p{Lu}+|\d{1,3}|(?i:'s)|[]a]|\\s|\[|[[:alpha:]\]x])");
  EXPECT_EQ(pcre2_pattern_of(R"(\p{Han}\P{^Greek}[\p{Latin}\p{L}]\p{Lu})"),
            R"(\p{sc:Han}\P{^sc:Greek}[\p{sc:Latin}\p{L}]\p{Lu})");
  EXPECT_EQ(pcre2_pattern_of(R"(\s[^\s]\S)"), R"([\t-\r\x{85}\p{Z}][^\t-\r\x{85}\p{Z}][^\t-\r\x{85}\p{Z}])");
  EXPECT_EQ(pcre2_pattern_of(R"(\h[\h]\u0041)"), R"([0-9A-Fa-f][0-9A-Fa-f]\x{0041})");
}

TEST(OnigurumaPattern, RefusesWhatPcre2WouldReadOtherwise) {
  const auto error = [](const std::string& pattern) { return error_of([&] { const SplitPattern made(pattern); }); };
  EXPECT_EQ(error("[a[bc]]"), "the split pattern \"[a[bc]]\": a class within a class is not supported");
  EXPECT_EQ(error("[\\p{L}&&\\p{Han}]"),
            "the split pattern \"[\\p{L}&&\\p{Han}]\": an intersection of classes is not supported");
  EXPECT_EQ(error("\\p{N}{1,3}+"), "the split pattern \"\\p{N}{1,3}+\": {1,3}+ is not supported");
  EXPECT_EQ(error("[\\S]"), "the split pattern \"[\\S]\": \\S within a class is not supported");
  EXPECT_EQ(error("\\p{L}++ ?+"), "");
  EXPECT_NE(error("\\p{Nothing}"), "");
  EXPECT_NE(error("[a"), "");
  EXPECT_NE(error("\\"), "");
}

}  // namespace
}  // namespace matinee
