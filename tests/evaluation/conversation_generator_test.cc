#include "lib/evaluation/conversation_generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "lib/evaluation/hash_set.h"
#include "lib/evaluation/tuple_form.h"
#include "tests/chat/scripted_chat.h"
#include "tests/support/temporary_folder.h"

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
    if (options.format == "alpaca") options.tuples.keep = {"ask:0.5"};
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
  EXPECT_EQ(report.tuples.written(), std::count(tuples.begin(), tuples.end(), '\n'));
  EXPECT_GT(report.accepted, 15);
  EXPECT_LE(report.accepted, 30);
  EXPECT_GT(report.user_turns, 60);
  for (int kind = 0; kind < kSystemActKinds; ++kind)
    options.tuples.keep.push_back(std::string(name_of(static_cast<SystemActKind>(kind))) + ":0");
  for (int act = 0; act < kUserActs; ++act)
    options.tuples.keep.push_back(std::string("u.") + name_of(static_cast<UserAct>(act)) + ":0");
  EXPECT_EQ(generated(options, 1, 2, &report), "");
  EXPECT_EQ(report.tuples.written(), 0);
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(TupleSelection, DistinctWritesEachLineOnceAndLosesNone) {
  GeneratorOptions options;
  options.count = 150;
  GeneratorReport all, once;
  std::vector<std::string> whole = sorted_lines(generated(options, 1, 2, &all));
  options.tuples.distinct = true;
  const std::vector<std::string> distinct = sorted_lines(generated(options, 1, 3, &once));
  whole.erase(std::unique(whole.begin(), whole.end()), whole.end());
  EXPECT_EQ(distinct, whole);
  EXPECT_EQ(once.tuples.written(), static_cast<std::int64_t>(whole.size()));
  EXPECT_EQ(once.tuples.repeated(), all.tuples.written() - once.tuples.written());
  EXPECT_GT(once.tuples.repeated(), all.tuples.written() / 10);
  options.tuples.distinct = false;
  options.tuples.count_repeats = true;
  GeneratorReport counted;
  generated(options, 1, 2, &counted);
  EXPECT_EQ(counted.tuples.written(), all.tuples.written());
  EXPECT_EQ(counted.tuples.repeated(), once.tuples.repeated());
}

// Movies and wordings of one part are in no other.
TEST(TupleSelection, NoLineIsInTwoParts) {
  GeneratorOptions options;
  options.count = 400;
  options.split = "train:0.7,valid:0.3";
  options.part = "train";
  const std::vector<std::string> train = sorted_lines(generated(options));
  options.part = "valid";
  const std::vector<std::string> valid = sorted_lines(generated(options));
  std::vector<std::string> both;
  std::set_intersection(train.begin(), train.end(), valid.begin(), valid.end(), std::back_inserter(both));
  EXPECT_TRUE(both.empty()) << both.size() << ", one of them " << both[0];
  for (const char* skill : {"ask", "understand", "recommend", "answer"}) {
    const std::string key = std::string("\"skill\":\"") + skill + '"';
    const auto has = [&](const std::string& line) { return line.find(key) != line.npos; };
    EXPECT_TRUE(std::ranges::any_of(valid, has)) << skill;
  }
}

TEST(TupleSelection, LeavesOutTheLinesOfAFile) {
  GeneratorOptions options;
  options.count = 20;
  options.part = "train";
  const std::string first = generated(options);
  const testing::TemporaryFolder folder;
  std::ofstream(folder.file("first.jsonl")) << first;
  options.count = 40;
  options.tuples.exclude = {folder.file("first.jsonl")};
  GeneratorReport report;
  const std::vector<std::string> rest = sorted_lines(generated(options, 1, 2, &report)), left_out = sorted_lines(first);
  EXPECT_GE(report.tuples.excluded(), static_cast<std::int64_t>(left_out.size()));
  for (const std::string& line : rest) EXPECT_FALSE(std::binary_search(left_out.begin(), left_out.end(), line)) << line;
  options.tuples.exclude = {"nowhere.jsonl"};
  EXPECT_NE(error_of([&] { generated(options); }).find("nowhere.jsonl"), std::string::npos);
}

TEST(TupleForm, IsTheWordingWithoutWhatTheMovieGives) {
  const auto form = [](Skill skill, const char* input, const char* output) {
    return form_of({"", {skill, "", input}, output});
  };
  EXPECT_EQ(
      form(Skill::kRecommend, "{\"people\":[\"Al Pacino\"]}\n1. Heat (1995) | with Al Pacino | a drama",
           "Try Heat (1995), a drama with Al Pacino."),
      form(Skill::kRecommend, "{\"people\":[\"Jodie Foster\"]}\n1. Alien (1979) | with Jodie Foster | an action movie",
           "Try Alien (1979), an action movie with Jodie Foster."));
  EXPECT_NE(form(Skill::kAsk, "", "What genre?"), form(Skill::kAsk, "", "Which genre?"));
  EXPECT_EQ(form(Skill::kUnderstand, "system: greet\nuser: I like [1 person]!", ""),
            form(Skill::kUnderstand, "system: ask genre\nuser: i like [2 person]", ""));
  EXPECT_NE(form(Skill::kUnderstand, "system: greet\nuser: I like [1 person]", ""),
            form(Skill::kUnderstand, "system: greet\nuser: I like [1 film]", ""));
}

TEST(HashSet, HoldsWhatWasInserted) {
  HashSet set;
  Random random(7, "hashes");
  std::set<std::uint64_t> all;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t hash = i % 3 == 0 ? random.below(3000) : random.next_u64() << 20;
    EXPECT_EQ(set.insert(hash), all.insert(std::max<std::uint64_t>(hash, 1)).second);
  }
  EXPECT_EQ(set.size(), all.size());
  for (const std::uint64_t hash : all) EXPECT_TRUE(set.contains(hash));
  EXPECT_FALSE(set.contains(5000));
}

TEST(PartSplit, PartsAreDisjointAndTogetherAll) {
  const PartSplit split("train:0.8,valid:0.1,test:0.1");
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
}

TEST(PartSplit, TargetsHaveGenreAndPeople) {
  for (const MovieId movie : PartSplit("a:1").targets(sample(), "a")) {
    EXPECT_FALSE(sample().genres_of(movie).empty());
    EXPECT_FALSE(sample().cast(movie).empty() && sample().directors(movie).empty());
  }
}

TEST(PartSplit, ConversationsStayInTheirPart) {
  GeneratorOptions options;
  options.count = 60;
  options.format = "conversations";
  options.part = "test";
  const auto targets = PartSplit(options.split).targets(sample(), "test");
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
  EXPECT_EQ(complaint([](auto& o) { o.part = "dev"; }),
            "--part: --split names no part \"dev\", but train, valid, test, or all");
  for (const char* split : {"", "train", "train:", "train:0", "train:-1", ":1", "train:1,", "train:nan", "a:1x",
                            "a:0.5,a:0.5", "all:1", "a:0.5,b:0.6", "a:9,b:1"}) {
    const std::string message = error_of([&] { const PartSplit parts{split}; });
    EXPECT_EQ(message.empty(), std::string(split) == "train:1,") << split << ": " << message;
  }
  EXPECT_EQ(error_of([] { const PartSplit parts("train:0.9,valid:0.1,test:0.1"); }),
            "--split: the shares of \"train:0.9,valid:0.1,test:0.1\" sum to 1.1, expected 1; with these proportions: "
            "--split train:0.8182,valid:0.09091,test:0.09091");
  EXPECT_EQ(error_of([] { const PartSplit parts("a:0.333,b:0.333,c:0.333"); }), "") << "three thirds";
  EXPECT_EQ(complaint([](auto& o) {
              o.format = "messages";
              o.tuples.distinct = true;
            }),
            "--distinct needs --format alpaca, found --format messages");
  EXPECT_EQ(complaint([](auto& o) {
              o.tuples.keep = {"ask:0.5", "ask:0.1"};
            }),
            "--keep: the kind \"ask\" is there twice");
  for (const char* keep : {"ask", "ask:2", "ask:-1", "sing:0.5", "ask:"})
    EXPECT_NE(complaint([&](auto& o) { o.tuples.keep = {keep}; }), "") << keep;
}

}  // namespace
}  // namespace matinee
