#include "lib/chat/chat_loop.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/chat/chat_commands.h"
#include "lib/chat/one_line.h"
#include "lib/chat/word_wrap.h"

namespace matinee {
namespace {

constexpr std::string_view kUserPrompt = "you> ", kReplyPrompt = "matinee> ";

class Loop {
 public:
  Loop(ChatSession& session, LineSource& lines, const ChatLoopOptions& options,
       const std::function<void(std::string_view)>& write, const std::function<void()>& flush)
      : session_(session),
        lines_(lines),
        options_(options),
        for_reading_(options.terminal && !options.json),
        write_(write),
        flush_(flush) {}

  void run() {
    recall();
    if (for_reading_) aside("", "", {"Matinee. Tell me what you like; /help lists the commands."});
    show([&](const OnText& on_text) { session_.open(on_text); });
    std::string line;
    int seen = interrupts();
    for (;;) {
      const LineSource::Result result = lines_.next(std::string(kUserPrompt), line);
      if (result == LineSource::Result::kInterrupted && interrupts() - seen < 2) {
        say("\n(Press Ctrl-C again to leave.)\n");
        continue;
      }
      if (result != LineSource::Result::kLine) {
        if (options_.terminal) write_("\n");
        break;
      }
      const PreferenceState before = with_earlier(session_.state());
      if (!handle(line)) break;
      remember(before);
      seen = interrupts();
    }
    flush_();
  }

 private:
  // False: the user leaves.
  bool handle(const std::string& line) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos) {
      if (!for_reading_) aside(line, "", {});  // a script waits for one line after each of its own
      return true;
    }
    if (line[first] == '/') return command(line.substr(first, line.find_last_not_of(" \t") + 1 - first));
    show([&](const OnText& on_text) { session_.answer(line, on_text); });
    return true;
  }

  // Gives the conversation that begins what earlier ones told.
  void recall() {
    if (options_.history != nullptr) session_.set_history(options_.history->preferences());
  }

  // Adds what a line changed to the history.
  void remember(const PreferenceState& before) {
    const bool undone = std::exchange(undone_, false);
    if (options_.history == nullptr || std::exchange(restarted_, false)) return;
    try {
      options_.history->record(before, with_earlier(session_.state()), undone);
    } catch (const Error& error) {
      options_.note(std::string(error.what()) + "; what you have seen is kept for this session only");
    }
  }

  // Makes a turn and shows it: word by word on a terminal, as one line in a pipe.
  template <class Turn>
  void show(const Turn& turn) {
    if (!for_reading_) {
      turn(OnText{});
      write_((options_.json ? session_.last_turn_json() : one_line(session_.turns().back().text)) + "\n");
      flush_();
      return;
    }
    const int before = interrupts();
    WordWrap wrap(options_.columns(), static_cast<int>(kReplyPrompt.size()), write_);
    write_(kReplyPrompt);
    if (options_.color) write_("\033[1m");
    flush_();
    turn([&](std::string_view text) {
      if (interrupts() != before) return false;
      wrap.push(text);
      flush_();
      return interrupts() == before;
    });
    if (interrupts() == before) wrap.finish();
    say(options_.color ? "\033[0m\n\n" : "\n\n");
    if (session_.finished() && !std::exchange(explained_closing_, true)) {
      aside("", "", {"(Another wish goes on from here; /undo takes the goodbye back, /quit leaves.)"});
    }
  }

  // Answers a line that is no turn. A pipe gets one line, with the lines of the answer separated by semicolons.
  void aside(std::string_view line, std::string_view command, const std::vector<std::string>& answer) {
    if (options_.json) {
      write_(session_.aside_json(line, command, fmt::to_string(fmt::join(answer, "\n"))) + "\n");
    } else if (!options_.terminal) {
      write_(one_line(fmt::to_string(fmt::join(answer, "; "))) + "\n");
    } else {
      WordWrap wrap(options_.columns(), 0, write_);
      for (const std::string& text : answer) {
        wrap.push(text);
        wrap.push("\n");
      }
      write_("\n");
    }
    flush_();
  }

  void say(std::string_view text) {
    write_(text);
    flush_();
  }

  bool command(const std::string& line) {
    const ChatCommand command = command_of(line);
    const auto answer = [&](const std::vector<std::string>& lines) { aside(line, command.word, lines); };
    if (command.word == "/quit" || command.word == "/exit") {
      if (!for_reading_) answer({"Goodbye."});
      return false;
    }
    if (command.kind == ChatCommand::Kind::kWhy && session_.state().recommended.empty()) {
      answer({kNothingRecommended});
    } else if (command.kind == ChatCommand::Kind::kWhy || command.kind == ChatCommand::Kind::kMore) {
      const UserAct act = command.kind == ChatCommand::Kind::kWhy ? UserAct::kWhy : UserAct::kMore;
      show([&](const OnText& on_text) { session_.act(act, on_text); });
    } else if (command.kind == ChatCommand::Kind::kUndo) {
      undone_ = session_.undo();
      answer({undone_ ? kTookBack + session_.turns().back().text : kNothingToTakeBack});
    } else if (command.kind == ChatCommand::Kind::kRestart) {
      session_.restart();
      restarted_ = true;
      recall();
      show([&](const OnText& on_text) { session_.open(on_text, command.word); });
    } else if (command.word == "/help") {
      answer(help_lines());
    } else if (command.word == "/facts") {
      const auto facts = session_.facts();
      answer(facts.empty() ? std::vector<std::string>{kNoMovieYet} : facts);
    } else if (command.word == "/save") {
      answer({save(command.argument)});
    } else {
      answer({unknown_command(command.word)});
    }
    return true;
  }

  // Returns what happened, for the user.
  std::string save(const std::string& path) {
    if (!options_.terminal && !options_.allow_save) {
      return "Not saved: in a pipe /save is off; start chat with --allow-save.";
    }
    if (path.empty()) return "/save needs a file name.";
    if (file_exists(path) && !may_replace(path)) return "Not saved: " + path + " exists; choose another name.";
    try {
      write_file(path, session_.transcript());
      return "Saved to " + path + ".";
    } catch (const Error& error) {
      return std::string("Not saved: ") + error.what();
    }
  }

  bool may_replace(const std::string& path) {
    if (!options_.terminal) return false;
    std::string answer;
    const bool answered =
        lines_.next(one_line(path) + " exists. Replace it? [y/N] ", answer) == LineSource::Result::kLine;
    if (!answered) say("\n");
    return answered && (answer.starts_with('y') || answer.starts_with('Y'));
  }

  ChatSession& session_;
  LineSource& lines_;
  const ChatLoopOptions& options_;
  const bool for_reading_;  // by a person, on a terminal
  bool explained_closing_ = false;
  bool undone_ = false, restarted_ = false;  // by the line that is being handled
  const std::function<void(std::string_view)>& write_;
  const std::function<void()>& flush_;
};

}  // namespace

void run_chat_loop(ChatSession& session, LineSource& lines, const ChatLoopOptions& options,
                   const std::function<void(std::string_view)>& write, const std::function<void()>& flush) {
  Loop(session, lines, options, write, flush).run();
}

}  // namespace matinee
