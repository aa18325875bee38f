#include "lib/chat/chat_loop.h"

#include <gtest/gtest.h>

#include <csignal>

#include "lib/base/file.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::small_system;

constexpr const char* kComedy = "{\"act\":\"inform\",\"genres\":[\"Comedy\"]}";
constexpr const char* kLeave = "{\"act\":\"leave\"}";
constexpr const char* kCtrlC = "\x03";

class ScriptedLines final : public LineSource {
 public:
  explicit ScriptedLines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  Result next(std::string& line) override {
    if (at_ == lines_.size()) return Result::kEnd;
    line = lines_[at_++];
    if (line != kCtrlC) return Result::kLine;
    std::raise(SIGINT);
    return Result::kInterrupted;
  }
  bool all_read() const { return at_ == lines_.size(); }

 private:
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
};

class ChatLoopTest : public ::testing::Test {
 protected:
  testing::NamedActs wording;
  testing::JsonUnderstanding understanding;
  ChatSession session{small_system(), wording, understanding};
  ChatLoopOptions options;
  std::string interrupted_at;  // a piece of output after which Ctrl-C is pressed
  bool all_read = false;

  std::string talk(std::vector<std::string> input) {
    ScriptedLines lines(std::move(input));
    std::string output;
    run_chat_loop(
        session, lines, options,
        [&](std::string_view text) {
          output += text;
          if (!interrupted_at.empty() && text == interrupted_at) std::raise(SIGINT);
        },
        [] {});
    all_read = lines.all_read();
    return output;
  }
  std::string recommendation(std::size_t i) const {
    const auto best = small_system().ranker.rank({}, {}, static_cast<std::int32_t>(i) + 1);
    return "[recommend " + std::string(small_system().catalog.display_name(best[i].movie)) + "]";
  }
};

TEST_F(ChatLoopTest, APipeGetsALineForEachLine) {
  EXPECT_EQ(talk({kComedy, "", "  ", kLeave}), "[greet] [ask genre]\n[ask person]\n\n\n[close]\n");
}

TEST_F(ChatLoopTest, CommandsThatHaveNothingToSayYet) {
  EXPECT_EQ(talk({"/why", "/facts", "/undo", "/sing", "/save", "  /save"}),
            "[greet] [ask genre]\n"
            "Nothing has been recommended yet.\n"
            "No movie has been mentioned yet.\n"
            "There is nothing to take back.\n"
            "Unknown command /sing; /help lists the commands.\n"
            "/save needs a file name.\n"
            "/save needs a file name.\n");
}

TEST_F(ChatLoopTest, MoreWhyUndoAndRestart) {
  const std::string first = recommendation(0), second = recommendation(1);
  const std::string explanation = "[explain" + first.substr(first.find(' ')) + "\n";
  EXPECT_EQ(talk({"/more", "/why", "/more", "/undo", "/restart", "/more", "/quit", "/more"}),
            "[greet] [ask genre]\n" + first + "\n" + explanation + second + "\nTook back your last line. " +
                explanation + "[greet] [ask genre]\n" + first + "\n");
  EXPECT_FALSE(all_read);
}

TEST_F(ChatLoopTest, FactsAreALineEach) {
  const std::string output = talk({"/more", "/facts"});
  std::string facts;
  for (const std::string& line : session.facts()) facts += line + "\n";
  EXPECT_EQ(output, "[greet] [ask genre]\n" + recommendation(0) + "\n" + facts);
  EXPECT_NE(facts.find("\nRuntime: "), std::string::npos);
}

TEST_F(ChatLoopTest, SaveWritesTheTranscript) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("talk.jsonl"), nowhere = folder.file("none/talk.jsonl");
  const std::string output = talk({kComedy, "/save  " + path, "/save " + nowhere});
  EXPECT_TRUE(
      output.starts_with("[greet] [ask genre]\n[ask person]\nSaved to " + path + ".\nNot saved: " + nowhere + ": "))
      << output;
  EXPECT_EQ(read_file(path), session.transcript());
}

TEST_F(ChatLoopTest, HelpListsEveryCommand) {
  const std::string output = talk({"/help"});
  for (const char* command : {"/why", "/facts", "/more", "/undo", "/restart", "/save", "/help", "/quit"})
    EXPECT_NE(output.find(command), std::string::npos) << command;
}

TEST_F(ChatLoopTest, AfterTheGoodbyeCommandsDoNotRecommend) {
  EXPECT_EQ(talk({"/more", kLeave, "/more", "/why", kComedy}),
            "[greet] [ask genre]\n" + recommendation(0) +
                "\n[close]\n"
                "This conversation is over; /restart begins a new one.\n"
                "This conversation is over; /restart begins a new one.\n"
                "[ask person]\n");
}

TEST_F(ChatLoopTest, JsonIsALineForEachTurn) {
  options.json = true;
  const std::string output = talk({kComedy});
  EXPECT_EQ(output, session.transcript());
}

TEST_F(ChatLoopTest, ATerminalShowsTheReplyAndEndsWithTheConversation) {
  options.terminal = true;
  EXPECT_EQ(talk({kComedy, kLeave, kComedy}),
            "Matinee. Tell me what you like; /help lists the commands.\n\n"
            "[greet] [ask genre]\n\n[ask person]\n\n[close]\n\n");
  EXPECT_FALSE(all_read);
}

TEST_F(ChatLoopTest, CtrlCStopsAReply) {
  count_interrupts();
  options.terminal = true;
  interrupted_at = "[greet]";
  EXPECT_EQ(talk({kComedy, kCtrlC, kComedy}),
            "Matinee. Tell me what you like; /help lists the commands.\n\n"
            "[greet]\n\n[ask person]\n\n\n(Press Ctrl-C again to leave.)\n[ask years]\n\n\n");
  EXPECT_TRUE(all_read) << "the Ctrl-C that stopped the reply does not count toward leaving";
}

TEST_F(ChatLoopTest, CtrlCTwiceAtThePromptLeaves) {
  count_interrupts();
  options.terminal = true;
  talk({kCtrlC, kComedy, kCtrlC, kComedy});
  EXPECT_TRUE(all_read) << "a line in between begins the count anew";
  session.restart();
  talk({kComedy, kCtrlC, kCtrlC, kComedy});
  EXPECT_FALSE(all_read);
}

}  // namespace
}  // namespace matinee
