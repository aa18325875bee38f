#include "lib/base/options.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

struct Fields {
  int rank = 16;
  std::uint64_t seed = 1;
  double learning_rate = 1e-4;
  float dropout = 1e-4f;
  bool full = false;
  std::string name = "none", kind = "a";
  std::vector<std::string> targets{"q_proj", "v_proj"};
  std::uint64_t memory = 0;
  std::vector<std::string> words;
};

struct Parsed : Fields {
  OptionSet set;
  explicit Parsed(std::vector<const char*> words_in, std::size_t at_most = 0) {
    set.integer("rank,r", &rank, 1, 256, "rank");
    set.integer("seed", &seed, 0, INT64_MAX, "seed");
    set.real("learning-rate", &learning_rate, 0, 1, "rate");
    set.real("dropout", &dropout, 0, 1, "dropout");
    set.flag("full", &full, "train everything");
    set.text("name", &name, "NAME", "name");
    set.choice("kind", &kind, {"a", "b"}, "kind");
    set.list("targets", &targets, "MODULES", "modules");
    set.size("max-host-mem", &memory, "limit");
    if (at_most > 0) set.positional(&words, "FILE", 0, at_most);
    words_in.insert(words_in.begin(), "tool");
    set.parse(static_cast<int>(words_in.size()), words_in.data());
  }
};

TEST(Options, KeepDefaultsAndReportWhatWasGiven) {
  Parsed parsed({"--rank", "8", "--full"});
  EXPECT_EQ(parsed.rank, 8);
  EXPECT_TRUE(parsed.full);
  EXPECT_EQ(parsed.seed, 1u);
  EXPECT_TRUE(parsed.set.given("rank"));
  EXPECT_FALSE(parsed.set.given("seed"));
}

TEST(Options, ShortFormsAndEqualsSigns) {
  EXPECT_EQ(Parsed({"-r", "4"}).rank, 4);
  EXPECT_EQ(Parsed({"-r4"}).rank, 4);
  EXPECT_EQ(Parsed({"--rank=4"}).rank, 4);
}

TEST(Options, AliasesAreAcceptedButNotInTheHelp) {
  OptionSet set;
  double ratio = 0.1;
  set.real("min-learning-rate-ratio", &ratio, 0, 1, "final learning rate");
  set.alias("min-learning-rate");
  const std::vector<const char*> words{"tool", "--min-learning-rate", "0.5"};
  set.parse(static_cast<int>(words.size()), words.data());
  EXPECT_EQ(ratio, 0.5);
  EXPECT_TRUE(set.given("min-learning-rate-ratio"));
  EXPECT_EQ(set.help().find("--min-learning-rate "), std::string::npos);
}

TEST(Options, RefuseWhatIsOutOfRange) {
  EXPECT_EQ(error_of([] { Parsed({"--rank", "0"}); }), "--rank: expected a whole number from 1 to 256, found \"0\"");
  EXPECT_EQ(error_of([] { Parsed({"--seed", "-1"}); }), "--seed: expected a whole number from 0 on, found \"-1\"");
  EXPECT_EQ(error_of([] { Parsed({"--rank", "4x"}); }), "--rank: expected a whole number from 1 to 256, found \"4x\"");
  EXPECT_EQ(error_of([] {
              Parsed({"--learning-rate", "nan"});
            }),
            "--learning-rate: expected a number from 0 to 1, found \"nan\"");
  EXPECT_EQ(error_of([] { Parsed({"--kind", "c"}); }), "--kind: expected one of a, b, found \"c\"");
}

TEST(Options, DoNotGuessAbbreviations) {
  EXPECT_NE(error_of([] { Parsed({"--ran", "4"}); }), "");
}

TEST(Options, RefuseAStrayWord) {
  EXPECT_EQ(error_of([] { Parsed({"stray"}); }), "unexpected word \"stray\"; this tool takes options only");
  EXPECT_EQ(Parsed({"one", "-"}, 2).words, (std::vector<std::string>{"one", "-"}));
  EXPECT_EQ(error_of([] { Parsed({"a", "b", "c"}, 2); }), "expected at most 2 FILE, found 3");
}

TEST(Options, RefuseAnOptionGivenTwice) {
  EXPECT_EQ(error_of([] { Parsed({"--rank", "4", "--rank", "5"}); }), "--rank: given twice; give it once");
}

TEST(Options, ListsReplaceTheDefaultThenAdd) {
  EXPECT_EQ(Parsed({"--targets", "a,b", "--targets", "c"}).targets, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Options, HelpShowsTheDefaultAsItWasWritten) {
  const std::string help = Parsed({}).set.help();
  EXPECT_NE(help.find("[0.0001]"), std::string::npos) << help;
  EXPECT_EQ(help.find("9.99"), std::string::npos) << help;
  EXPECT_NE(help.find("-r, --rank N"), std::string::npos) << help;
}

TEST(Options, ATextMayBeLeftOut) {
  const auto address = [](std::vector<const char*> arguments) {
    std::string serve, rest;
    OptionSet set;
    set.optional_text("serve", &serve, "HOST:PORT", "127.0.0.1:8137", "serve");
    set.text("memory", &rest, "FILE", "memory");
    arguments.insert(arguments.begin(), "tool");
    set.parse(static_cast<int>(arguments.size()), arguments.data());
    return serve + "," + rest + (set.given("serve") ? ",given" : "");
  };
  EXPECT_EQ(address({}), ",");
  EXPECT_EQ(address({"--serve"}), "127.0.0.1:8137,,given");
  EXPECT_EQ(address({"--serve", ":80"}), ":80,,given");
  EXPECT_EQ(address({"--serve=:80", "--memory", "m"}), ":80,m,given");
  EXPECT_EQ(address({"--serve", "--memory", "m"}), "127.0.0.1:8137,m,given");
  EXPECT_EQ(address({"--memory", "m", "--serve"}), "127.0.0.1:8137,m,given");
  EXPECT_EQ(error_of([&] { address({"--serve", "a", "b"}); }), "unexpected word \"b\"; this tool takes options only");
  EXPECT_EQ(error_of([&] {
              address({"--memory", "m", "--", "--serve"});
            }),
            "unexpected word \"--serve\"; this tool takes options only");
  OptionSet set;
  std::string serve;
  set.optional_text("serve", &serve, "HOST:PORT", "127.0.0.1:8137", "serve");
  EXPECT_NE(set.help().find("--serve [HOST:PORT]"), std::string::npos);
}

TEST(Options, AreAssignedOneByOneAsOnACommandLine) {
  Parsed parsed({"--targets", "k_proj", "--full"});
  parsed.set.assign("rank", "8");
  parsed.set.assign("targets", "o_proj");
  EXPECT_EQ(parsed.rank, 8);
  EXPECT_EQ(parsed.targets, (std::vector<std::string>{"k_proj", "o_proj"}));
  EXPECT_TRUE(parsed.set.given("rank"));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"targets", "k_proj"}, {"full", "true"}, {"rank", "8"}, {"targets", "o_proj"}};
  EXPECT_EQ(parsed.set.assigned(), expected);
  EXPECT_TRUE(parsed.set.has("rank") && !parsed.set.has("ranks"));
  EXPECT_TRUE(parsed.set.is_flag("full") && !parsed.set.is_flag("rank"));
  EXPECT_EQ(error_of([&] { parsed.set.assign("rank", "0"); }), "expected a whole number from 1 to 256, found \"0\"");
  EXPECT_EQ(error_of([&] { parsed.set.assign("full", "1"); }), "expected true or false, found \"1\"");
  EXPECT_EQ(error_of([&] { parsed.set.assign("ranks", "1"); }), "no such option: --ranks");
}

TEST(Sizes, AreReadAsGnuSortReadsThem) {
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("512M"), 512u << 20);
  EXPECT_EQ(parse_size("2g"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_size("1.5K"), 1536u);
  EXPECT_EQ(parse_size("2GiB"), std::uint64_t{2} << 30);
  EXPECT_GT(parse_size("50%"), 0u);
  for (const char* text : {"", "x", "-1", "1Q", "nan", "1e30", "5MM"}) {
    EXPECT_EQ(error_of([&] { parse_size(text); }),
              std::string("expected a size such as 512M, 2G or 50%, found \"") + text + "\"");
  }
}

TEST(Sizes, ArePrintedInTheLargestUnit) {
  EXPECT_EQ(format_size(17), "17 B");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(std::uint64_t{3} << 30), "3.0 GiB");
}

}  // namespace
}  // namespace matinee
