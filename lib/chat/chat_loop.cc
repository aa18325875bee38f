#include "lib/chat/chat_loop.h"

#include <histedit.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace matinee {
namespace {

volatile std::sig_atomic_t interrupts = 0;

extern "C" void on_interrupt(int) { interrupts = interrupts + 1; }

constexpr std::string_view kHelp =
    "Say what you would like to see, in your own words; answer the questions or don't.\n"
    "  /why      why was this recommended?      /undo     take back your last line\n"
    "  /facts    what is known of the movie     /restart  begin again\n"
    "  /more     another recommendation         /save F   write the conversation to file F\n"
    "  /help     this text                      /quit     leave (also Ctrl-D, or Ctrl-C twice)\n";

// Where the user's lines come from.
class Lines {
 public:
  virtual ~Lines() = default;
  /// Nothing at the end; an empty optional string is an interrupted line.
  enum class Result : std::uint8_t { kLine, kInterrupted, kEnd };
  virtual Result next(std::string& line) = 0;
};

// As soon as a line is there, not a buffer of them: whoever sends it waits for the reply.
class PipeLines final : public Lines {
 public:
  PipeLines() = default;
  PipeLines(const PipeLines&) = delete;
  PipeLines& operator=(const PipeLines&) = delete;
  ~PipeLines() override { std::free(text_); }

  Result next(std::string& line) override {
    const ssize_t size = getline(&text_, &capacity_, stdin);
    if (size < 0) return Result::kEnd;
    line.assign(text_, static_cast<std::size_t>(size));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return Result::kLine;
  }

 private:
  char* text_ = nullptr;
  std::size_t capacity_ = 0;
};

// libedit: cursor keys, history, editing as the user's ~/.editrc has it.
class TerminalLines final : public Lines {
 public:
  TerminalLines() : history_(history_init(), history_end), line_(el_init("chat", stdin, stdout, stderr), el_end) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, 200);
    el_set(
        line_.get(), EL_PROMPT, +[](EditLine*) -> char* {
          static char prompt[] = "you> ";
          return prompt;
        });
    el_set(line_.get(), EL_EDITOR, "emacs");
    el_set(line_.get(), EL_HIST, history, history_.get());
    el_source(line_.get(), nullptr);
  }

  Result next(std::string& line) override {
    int count = 0;
    const int before = interrupts;
    const char* text = el_gets(line_.get(), &count);
    if (text == nullptr || count <= 0) return interrupts != before ? Result::kInterrupted : Result::kEnd;
    line.assign(text, static_cast<std::size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    HistEvent event;
    if (!line.empty()) history(history_.get(), &event, H_ENTER, text);
    return Result::kLine;
  }

 private:
  std::unique_ptr<History, void (*)(History*)> history_;
  std::unique_ptr<EditLine, void (*)(EditLine*)> line_;
};

class Loop {
 public:
  Loop(ChatSession& session, const MovieCatalog& catalog, const ChatLoopOptions& options,
       const std::function<void(std::string_view)>& write, const std::function<void()>& flush)
      : session_(session), catalog_(catalog), options_(options), write_(write), flush_(flush) {
    if (options.terminal) {
      lines_ = std::make_unique<TerminalLines>();
    } else {
      lines_ = std::make_unique<PipeLines>();
    }
  }

  int run() {
    if (options_.terminal) write_("Matinee. Tell me what you like; /help lists the commands.\n\n");
    show([&](const OnText& on_text) { session_.open(on_text); });
    std::string line;
    int waiting = interrupts;
    for (;;) {
      const Lines::Result result = lines_->next(line);
      if (result == Lines::Result::kEnd) break;
      if (result == Lines::Result::kInterrupted) {
        if (interrupts - waiting >= 2) break;
        write_("\n(Ctrl-C again leaves)\n");
        flush_();
        continue;
      }
      waiting = interrupts;
      const std::size_t first = line.find_first_not_of(" \t");
      if (first == std::string::npos) {
        if (!options_.terminal) answer_blank();
        continue;
      }
      if (line[first] == '/') {
        if (!command(line.substr(first))) break;
      } else {
        show([&](const OnText& on_text) { session_.answer(line, on_text); });
      }
      if (session_.finished() && options_.terminal) break;
    }
    if (options_.terminal && !session_.finished()) write_("\n");
    flush_();
    return 0;
  }

 private:
  // A script that sends an empty line waits for a reply to it.
  void answer_blank() {
    write_("\n");
    flush_();
  }

  // Makes a turn and shows it: word by word on a terminal, as one line in a pipe.
  template <class Turn>
  void show(const Turn& turn) {
    const int before = interrupts;
    if (options_.terminal && !options_.json) {
      if (options_.color) write_("\033[1m");
      turn([&](std::string_view text) {
        write_(text);
        flush_();
        return interrupts == before;
      });
      write_(options_.color ? "\033[0m\n\n" : "\n\n");
    } else {
      turn(OnText{});
      write_(options_.json ? turn_json(session_.turns().back(), session_.state(), catalog_)
                           : session_.turns().back().text);
      write_("\n");
    }
    flush_();
  }

  void say(std::string_view text) {
    write_(text);
    flush_();
  }

  bool command(const std::string& line) {
    const std::string word = line.substr(0, line.find(' '));
    const auto act = [&](UserAct user_act) {
      PreferenceUpdate update;
      update.act = user_act;
      show([&](const OnText& on_text) { session_.act(update, on_text); });
    };
    if (word == "/quit" || word == "/exit") return false;
    if (word == "/help") {
      say(kHelp);
    } else if (word == "/why") {
      if (session_.state().recommended.empty()) {
        say("Nothing was recommended yet.\n");
      } else {
        act(UserAct::kWhy);
      }
    } else if (word == "/more") {
      act(UserAct::kMore);
    } else if (word == "/facts") {
      const auto facts = session_.facts();
      for (const std::string& fact : facts) write_(fact + "\n");
      say(facts.empty() ? "No movie is under discussion yet.\n" : "");
    } else if (word == "/undo") {
      if (session_.undo()) {
        say("Taken back. " + session_.turns().back().text + "\n");
      } else {
        say("There is nothing to take back.\n");
      }
    } else if (word == "/restart") {
      session_.restart();
      show([&](const OnText& on_text) { session_.open(on_text); });
    } else if (word == "/save") {
      save(line.size() > 6 ? line.substr(6) : "");
    } else {
      say("Unknown command " + word + "; /help lists them.\n");
    }
    return true;
  }

  void save(std::string path) {
    path.erase(0, path.find_first_not_of(' '));
    if (path.empty()) {
      say("/save needs a file name.\n");
      return;
    }
    try {
      write_file(path, session_.transcript());
      say("Saved to " + path + ".\n");
    } catch (const Error& error) {
      say(std::string("Not saved: ") + error.what() + "\n");
    }
  }

  ChatSession& session_;
  const MovieCatalog& catalog_;
  const ChatLoopOptions& options_;
  const std::function<void(std::string_view)>& write_;
  const std::function<void()>& flush_;
  std::unique_ptr<Lines> lines_;
};

}  // namespace

int run_chat_loop(ChatSession& session, const MovieCatalog& catalog, const ChatLoopOptions& options,
                  const std::function<void(std::string_view)>& write, const std::function<void()>& flush) {
  if (options.terminal) {
    // Without SA_RESTART, so that a line under way is interrupted too.
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, nullptr);
  }
  return Loop(session, catalog, options, write, flush).run();
}

}  // namespace matinee
