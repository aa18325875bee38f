#include "lib/chat/chat_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "lib/base/file.h"
#include "lib/io/json_reader.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::comedy;
using testing::recommendation;
using testing::small_system;

constexpr const char* kComedy = "{\"act\":\"inform\",\"genres\":[\"Comedy\"]}";
constexpr const char* kLeave = "{\"act\":\"leave\"}";
constexpr const char* kCtrlC = "\x03";

class ScriptedLines final : public LineSource {
 public:
  explicit ScriptedLines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  Result next(const std::string& prompt, std::string& line) override {
    prompts.push_back(prompt);
    if (at_ == lines_.size()) return Result::kEnd;
    line = lines_[at_++];
    if (line != kCtrlC) return Result::kLine;
    std::raise(SIGINT);
    return Result::kInterrupted;
  }
  bool all_read() const { return at_ == lines_.size(); }
  std::vector<std::string> prompts;

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
  std::vector<std::string> prompts;

  std::string talk(std::vector<std::string> input) {
    ScriptedLines lines(std::move(input));
    std::string output;
    run_chat_loop(
        session, lines, options,
        [&](std::string_view text) {
          output += text;
          if (!interrupted_at.empty() && output.ends_with(interrupted_at)) std::raise(SIGINT);
        },
        [] {});
    all_read = lines.all_read();
    prompts = lines.prompts;
    return output;
  }
};

TEST_F(ChatLoopTest, APipeGetsALineForEachLine) {
  EXPECT_EQ(talk({kComedy, "", "  ", kLeave, "/quit"}),
            "[greet] [ask genre]\n" + comedy(0) + " [ask person]\n\n\n[close]\nGoodbye.\n");
}

TEST_F(ChatLoopTest, CommandsThatHaveNothingToSayYet) {
  EXPECT_EQ(talk({"/why", "/facts", "/undo", "/sing", "/save", "  /save"}),
            "[greet] [ask genre]\n"
            "Nothing has been recommended yet.\n"
            "No movie has been mentioned yet.\n"
            "There is nothing to take back.\n"
            "Unknown command /sing; /help lists the commands.\n"
            "Not saved: in a pipe /save is off; start chat with --allow-save.\n"
            "Not saved: in a pipe /save is off; start chat with --allow-save.\n");
  session.restart();
  options.allow_save = true;
  EXPECT_EQ(talk({"/save", "  /save  "}), "[greet] [ask genre]\n/save needs a file name.\n/save needs a file name.\n");
}

TEST_F(ChatLoopTest, APipeGetsALineForEachCommand) {
  const std::string output = talk({"/help", "/more", "/facts", "/x\x1B[2J\ty", "/undo", "\t", "/quit"});
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 8);
  EXPECT_EQ(output.find('\x1B'), std::string::npos);
  EXPECT_EQ(output.find("  "), std::string::npos);
}

TEST_F(ChatLoopTest, MoreWhyUndoAndRestart) {
  const std::string movie = recommendation({}, 0), first = movie + " [ask person]";
  const std::string second = recommendation({}, 1) + " [ask years]";
  const std::string explanation = "[explain" + movie.substr(movie.find(' ')) + "\n";
  EXPECT_EQ(talk({"/more", "/why", "/more", "/undo", "/restart", "/more", "/quit", "/more"}),
            "[greet] [ask genre]\n" + first + "\n" + explanation + second + "\nTook back your last line. " +
                explanation + "[greet] [ask genre]\n" + first + "\nGoodbye.\n");
  EXPECT_FALSE(all_read);
}

TEST_F(ChatLoopTest, FactsAreALineEachOnATerminalAndOneLineInAPipe) {
  const std::string piped = talk({"/more", "/facts"});
  std::string facts, lines;
  for (const std::string& line : session.facts()) {
    facts += (facts.empty() ? "" : "; ") + line;
    lines += line + "\n";
  }
  EXPECT_EQ(piped, "[greet] [ask genre]\n" + recommendation({}, 0) + " [ask person]\n" + facts + "\n");
  EXPECT_NE(facts.find("; Runtime: "), std::string::npos);
  options.terminal = true;
  const std::string shown = talk({"/more", "/facts"});
  EXPECT_NE(shown.find("\n\n" + lines + "\n"), std::string::npos) << shown;
}

TEST_F(ChatLoopTest, SaveWritesTheTranscriptAndNeverReplacesAFile) {
  const testing::TemporaryFolder folder;
  options.allow_save = true;
  const std::string path = folder.file("talk.jsonl"), nowhere = folder.file("none/talk.jsonl");
  const std::string output = talk({kComedy, "/save  " + path, "/save " + nowhere});
  EXPECT_TRUE(output.starts_with("[greet] [ask genre]\n" + comedy(0) + " [ask person]\nSaved to " + path +
                                 ".\nNot saved: " + nowhere + ": "))
      << output;
  EXPECT_EQ(read_file(path), session.transcript());
  write_file(path, "precious");
  EXPECT_NE(talk({"/save " + path}).find("\nNot saved: " + path + " exists; choose another name.\n"),
            std::string::npos);
  EXPECT_EQ(read_file(path), "precious");
}

TEST_F(ChatLoopTest, SaveAsksOnATerminalBeforeItReplacesAFile) {
  const testing::TemporaryFolder folder;
  count_interrupts();
  options.terminal = true;
  const std::string path = folder.file("talk.jsonl");
  write_file(path, "precious");
  for (const char* no : {"", "n", "what?", kCtrlC}) {
    EXPECT_NE(talk({"/save " + path, no}).find("Not saved: " + path + " exists; choose another name.\n"),
              std::string::npos);
    EXPECT_EQ(read_file(path), "precious") << no;
    EXPECT_EQ(prompts, (std::vector<std::string>{"you> ", path + " exists. Replace it? [y/N] ", "you> "}));
  }
  EXPECT_NE(talk({"/save " + path, "y"}).find("Saved to " + path + ".\n"), std::string::npos);
  EXPECT_EQ(read_file(path), session.transcript());
}

TEST_F(ChatLoopTest, HelpListsEveryCommandWithin78Columns) {
  options.terminal = true;
  const std::string output = talk({"/help"});
  for (const char* command : {"/why", "/facts", "/more", "/undo", "/restart", "/save", "/help", "/quit"})
    EXPECT_NE(output.find(command), std::string::npos) << command;
  for (std::size_t begin = 0, end = 0; (end = output.find('\n', begin)) != std::string::npos; begin = end + 1)
    EXPECT_LE(end - begin, 78u) << output.substr(begin, end - begin);
}

TEST_F(ChatLoopTest, CommandsWorkAfterTheGoodbye) {
  const std::string movie = recommendation({}, 0), first = movie + " [ask person]";
  const std::string second = recommendation({}, 1) + " [ask years]";
  const std::string explanation = "[explain" + movie.substr(movie.find(' '));
  EXPECT_EQ(talk({"/more", kLeave, "/why", "/more", kLeave, "/undo"}),
            "[greet] [ask genre]\n" + first + "\n[close]\n" + explanation + "\n" + second +
                "\n[close]\nTook back your last line. " + second + "\n");
  EXPECT_FALSE(session.finished());
}

TEST_F(ChatLoopTest, JsonIsALineForEachLine) {
  options.json = true;
  const std::string output = talk({kComedy, "/help", "", "/facts", "/sing a", "/more", "/undo", "/restart", "/quit"});
  std::vector<std::string> commands;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = output.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = output.substr(begin, end - begin);
    read_json(line, line, [&](const JsonNode& root) {
      for (const char* key : {"user", "update", "acts", "text", "preferences", "finished"})
        EXPECT_TRUE(root[key].exists()) << key << ": " << line;
      commands.push_back(root.string_or("command", ""));
      const bool turn = root["acts"].size() > 0;
      EXPECT_EQ(turn, commands.back() == "/more" || commands.back() == "/restart" || commands.size() <= 2) << line;
      EXPECT_EQ(root["text"].view().empty(), root["user"].view().empty() && commands.size() > 1) << line;
    });
  }
  EXPECT_EQ(commands,
            (std::vector<std::string>{"", "", "/help", "", "/facts", "/sing", "/more", "/undo", "/restart", "/quit"}));
}

TEST_F(ChatLoopTest, ATerminalStaysAtThePromptAfterTheGoodbye) {
  options.terminal = true;
  const std::string output = talk({kComedy, kLeave, "{\"act\":\"unsure\"}", kLeave});
  EXPECT_EQ(output,
            "Matinee. Tell me what you like; /help lists the commands.\n\n"
            "matinee> [greet] [ask genre]\n\nmatinee> " +
                comedy(0) +
                " [ask person]\n\nmatinee> [close]\n\n"
                "(Another wish goes on from here; /undo takes the goodbye back, /quit leaves.)\n\n"
                "matinee> " +
                comedy(1) + " [ask years]\n\nmatinee> [close]\n\n\n");
  EXPECT_TRUE(all_read);
  EXPECT_FALSE(session.state().preferences.genres.empty()) << "the preferences are kept";
}

TEST_F(ChatLoopTest, RepliesAreWrappedAtTheWidthOfTheTerminal) {
  options.terminal = true;
  options.columns = [] { return 24; };
  EXPECT_NE(talk({}).find("matinee> [greet] [ask\n         genre]\n\n"), std::string::npos);
}

TEST_F(ChatLoopTest, AHistoryIsReadAtTheStartAndGrowsWithTheTurns) {
  const testing::TemporaryFolder folder;
  const MovieCatalog& catalog = small_system().catalog;
  const auto best = small_system().ranker.rank({}, {}, 3);
  const auto says = [&](const char* act, const char* list, std::size_t i) {
    return std::string("{\"act\":\"") + act + "\",\"" + list + "\":[\"" +
           std::string(catalog.display_name(best[i].movie)) + "\"]}";
  };
  const std::string path = folder.file("memory.jsonl");
  const auto verdicts = [&] { return ViewingHistory(path, catalog, [](std::string_view) {}).preferences(); };
  ViewingHistory history(path, catalog, [](std::string_view) {});
  options.history = &history;
  talk({says("seen", "seen", 0), says("like", "liked", 1), says("dislike", "disliked", 2), "/undo", kLeave});
  EXPECT_EQ(verdicts().seen, (std::vector<MovieId>{best[0].movie}));
  EXPECT_EQ(verdicts().liked, (std::vector<MovieId>{best[1].movie}));
  EXPECT_TRUE(verdicts().disliked.empty()) << "taken back";

  const std::string text = read_file(path);
  session.restart();
  talk({"/more", "/restart", "/more"});
  EXPECT_EQ(with_earlier(session.state()), history.preferences()) << "/restart keeps what was seen";
  const MovieId recommended = session.state().recommended.front();
  EXPECT_NE(recommended, best[0].movie);
  EXPECT_NE(recommended, best[1].movie);
  EXPECT_EQ(recommended, small_system().ranker.rank(history.preferences(), {}, 1).front().movie);
  EXPECT_EQ(read_file(path), text) << "nothing was said about any movie";
}

TEST_F(ChatLoopTest, AHistoryThatCannotBeWrittenIsNotedAndTheTalkGoesOn) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("memory.jsonl");
  ViewingHistory history(path, small_system().catalog, [](std::string_view) {});
  std::vector<std::string> notes;
  options.history = &history;
  options.note = [&](std::string_view text) { notes.emplace_back(text); };
  fail_nth_write(1);
  const std::string title(small_system().catalog.display_name(0));
  const std::string output = talk({"{\"act\":\"seen\",\"seen\":[\"" + title + "\"]}", kLeave});
  EXPECT_EQ(notes, (std::vector<std::string>{path + ": cannot write: No space left on device; what you have seen is "
                                                    "kept for this session only"}));
  EXPECT_TRUE(output.ends_with("[close]\n"));
}

TEST_F(ChatLoopTest, CtrlCStopsAReply) {
  count_interrupts();
  options.terminal = true;
  interrupted_at = "[greet]";
  EXPECT_EQ(talk({kComedy, kCtrlC, kComedy}),
            "Matinee. Tell me what you like; /help lists the commands.\n\n"
            "matinee> [greet]\n\nmatinee> " +
                comedy(0) +
                " [ask person]\n\n\n(Press Ctrl-C again to leave.)\n"
                "matinee> " +
                comedy(1) + "\n\n\n");
  EXPECT_TRUE(all_read) << "the Ctrl-C that stopped the reply does not count toward leaving";
}

TEST_F(ChatLoopTest, CtrlCBeforeTheFirstWordShowsNothingOfTheReply) {
  count_interrupts();
  options.terminal = true;
  interrupted_at = "matinee> ";
  EXPECT_EQ(talk({kComedy}),
            "Matinee. Tell me what you like; /help lists the commands.\n\nmatinee> \n\nmatinee> \n\n\n");
  EXPECT_TRUE(session.turns().back().text.empty());
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
