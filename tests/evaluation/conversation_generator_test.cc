#include "lib/evaluation/conversation_generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::error_of;

const MovieCatalog& sample() { return testing::small_system().catalog; }

std::string generated(const GeneratorOptions& options, std::uint64_t seed = 1, int threads = 2,
                      GeneratorReport* report = nullptr) {
  ThreadPool pool(threads);
  std::string text;
  const GeneratorReport made = generate_conversations(
      testing::small_system(), options, seed, pool, [&](std::string_view piece) { text += piece; },
      [](std::uint64_t) {});
  if (report != nullptr) *report = made;
  return text;
}

TEST(Conversation, ShardsJoinToTheWhole) {
  for (const char* format : {"alpaca", "messages", "conversations"}) {
    GeneratorOptions options;
    options.count = 23;
    options.format = format;
    options.keep = {"ask:0.5"};
    const std::string whole = generated(options);
    for (const int parts : {2, options.format == "alpaca" ? 26 : 5}) {  // of 26, some are empty
      std::string joined;
      for (int part = 0; part < parts; ++part) {
        options.shard = std::to_string(part) + "/" + std::to_string(parts);
        joined += generated(options);
      }
      EXPECT_EQ(joined, whole) << format << " in " << parts;
    }
  }
}

TEST(Conversation, SameBytesAtAnyNumberOfThreads) {
  GeneratorOptions options;
  options.count = 40;
  const std::string one = generated(options, 3, 1);
  EXPECT_EQ(generated(options, 3, 7), one);
  EXPECT_NE(generated(options, 4, 1), one);
}

TEST(Conversation, AShorterRunIsTheBeginningOfALonger) {
  GeneratorOptions options;
  options.format = "conversations";
  options.count = 20;
  const std::string longer = generated(options);
  options.count = 11;
  EXPECT_TRUE(longer.starts_with(generated(options)));
}

TEST(ConversationGenerator, ReportCountsWhatIsWritten) {
  GeneratorOptions options;
  options.count = 30;
  GeneratorReport report;
  const std::string tuples = generated(options, 1, 2, &report);
  EXPECT_EQ(report.conversations, 30);
  EXPECT_EQ(report.tuples, std::count(tuples.begin(), tuples.end(), '\n'));
  EXPECT_GT(report.accepted, 15);
  EXPECT_LE(report.accepted, 30);
  EXPECT_GT(report.user_turns, 60);
  for (int kind = 0; kind < kSystemActKinds; ++kind)
    options.keep.push_back(std::string(name_of(static_cast<SystemActKind>(kind))) + ":0");
  for (int act = 0; act < kUserActs; ++act)
    options.keep.push_back(std::string("u.") + name_of(static_cast<UserAct>(act)) + ":0");
  EXPECT_EQ(generated(options, 1, 2, &report), "");
  EXPECT_EQ(report.tuples, 0);
}

TEST(TargetSplit, PartsAreDisjointAndTogetherAll) {
  const TargetSplit split("train:0.8,valid:0.1,test:0.1");
  const auto all = split.targets(sample(), "all");
  std::vector<MovieId> joined;
  for (const char* part : {"train", "valid", "test"}) {
    const auto targets = split.targets(sample(), part);
    EXPECT_TRUE(std::is_sorted(targets.begin(), targets.end()));
    joined.insert(joined.end(), targets.begin(), targets.end());
  }
  std::sort(joined.begin(), joined.end());
  EXPECT_EQ(joined, all);
  const auto share = static_cast<double>(split.targets(sample(), "train").size()) / static_cast<double>(all.size());
  EXPECT_NEAR(share, 0.8, 0.08);  // four standard deviations of 400 draws
  // Shares are relative.
  EXPECT_EQ(TargetSplit("train:8,valid:1,test:1").targets(sample(), "valid"), split.targets(sample(), "valid"));
}

TEST(TargetSplit, TargetsHaveGenreAndPeople) {
  for (const MovieId movie : TargetSplit("a:1").targets(sample(), "a")) {
    EXPECT_FALSE(sample().genres_of(movie).empty());
    EXPECT_FALSE(sample().cast(movie).empty() && sample().directors(movie).empty());
  }
}

TEST(TargetSplit, ConversationsStayInTheirPart) {
  GeneratorOptions options;
  options.count = 60;
  options.format = "conversations";
  options.part = "test";
  const auto targets = TargetSplit(options.split).targets(sample(), "test");
  std::set<std::string> allowed;
  for (const MovieId movie : targets) allowed.emplace(sample().tconst(movie));
  const std::string text = generated(options);
  const std::string key = "\"target\":\"";
  int found = 0;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1), ++found) {
    const std::size_t begin = at + key.size();
    EXPECT_TRUE(allowed.contains(text.substr(begin, text.find('"', begin) - begin)));
  }
  EXPECT_EQ(found, 60);
}

TEST(ConversationGenerator, TheHelpNamesEveryKindAndPersona) {
  GeneratorOptions generator;
  OptionSet options;
  generator.add(options);
  std::string help = options.help();
  std::replace_if(
      help.begin(), help.end(), [](char c) { return std::string_view(",;()\n").find(c) != std::string_view::npos; },
      ' ');
  for (int kind = 0; kind < kSystemActKinds; ++kind) {
    const std::string name = name_of(static_cast<SystemActKind>(kind));
    EXPECT_NE(help.find(" " + name + " "), std::string::npos) << name;
  }
  for (int persona = 0; persona < kPersonas; ++persona) {
    const std::string name = name_of(static_cast<Persona>(persona));
    EXPECT_NE(help.find(" " + name + " "), std::string::npos) << name;
  }
}

TEST(ConversationGenerator, WrongOptionsAreNamed) {
  const auto complaint = [](auto change) {
    GeneratorOptions options;
    options.count = 1;
    change(options);
    return error_of([&] { generated(options); });
  };
  EXPECT_EQ(complaint([](auto& o) { o.shard = "2/2"; }), "--shard: expected I/N with 0 <= I < N, found \"2/2\"");
  for (const char* shard : {"", "1", "/", "-1/2", "0/0", "0/2x", "1 /2"})
    EXPECT_NE(complaint([&](auto& o) { o.shard = shard; }), "") << shard;
  EXPECT_EQ(complaint([](auto& o) { o.personas = {"sleepy"}; }), "--personas: unknown persona \"sleepy\"");
  EXPECT_EQ(complaint([](auto& o) { o.part = "dev"; }), "--part: --split names no part \"dev\"");
  for (const char* split : {"", "train", "train:", "train:0", "train:-1", ":1", "train:1,", "train:nan", "a:1x"}) {
    const std::string message = error_of([&] { const TargetSplit parts{split}; });
    EXPECT_EQ(message.empty(), std::string(split) == "train:1,") << split << ": " << message;
  }
  for (const char* keep : {"ask", "ask:2", "ask:-1", "sing:0.5", "ask:"})
    EXPECT_NE(complaint([&](auto& o) { o.keep = {keep}; }), "") << keep;
}

}  // namespace
}  // namespace matinee
