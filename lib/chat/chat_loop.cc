#include "lib/chat/chat_loop.h"

#include <string>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace matinee {
namespace {

constexpr std::string_view kHelp =
    R"(Say what you would like to see, in your own words. You don't have to answer every question.
  /why      explain the recommendation      /undo     take back your last line
  /facts    show the facts about the movie  /restart  start over
  /more     get another recommendation      /save F   save the conversation to the file F
  /help     show this text                  /quit     leave (also Ctrl-D, or Ctrl-C twice)
)";

class Loop {
 public:
  Loop(ChatSession& session, LineSource& lines, const ChatLoopOptions& options,
       const std::function<void(std::string_view)>& write, const std::function<void()>& flush)
      : session_(session), lines_(lines), options_(options), write_(write), flush_(flush) {}

  void run() {
    if (options_.terminal) write_("Matinee. Tell me what you like; /help lists the commands.\n\n");
    show([&](const OnText& on_text) { session_.open(on_text); });
    std::string line;
    int seen = interrupts();
    for (;;) {
      const LineSource::Result result = lines_.next(line);
      if (result == LineSource::Result::kEnd) break;
      if (result == LineSource::Result::kInterrupted) {
        if (interrupts() - seen >= 2) break;
        say("\n(Press Ctrl-C again to leave.)\n");
        continue;
      }
      if (!handle(line)) break;
      if (session_.finished() && options_.terminal) break;
      seen = interrupts();
    }
    if (options_.terminal && !session_.finished()) write_("\n");
    flush_();
  }

 private:
  // False: the user leaves.
  bool handle(const std::string& line) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos) {
      if (!options_.terminal) say("\n");  // a script waits for one line after each of its own
      return true;
    }
    if (line[first] == '/') return command(line.substr(first));
    show([&](const OnText& on_text) { session_.answer(line, on_text); });
    return true;
  }

  // Makes a turn and shows it: word by word on a terminal, as one line in a pipe.
  template <class Turn>
  void show(const Turn& turn) {
    if (options_.terminal && !options_.json) {
      const int before = interrupts();
      if (options_.color) write_("\033[1m");
      turn([&](std::string_view text) {
        say(text);
        return interrupts() == before;
      });
      write_(options_.color ? "\033[0m\n\n" : "\n\n");
    } else {
      turn(OnText{});
      write_(options_.json ? session_.last_turn_json() : session_.turns().back().text);
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
    if (word == "/quit" || word == "/exit") return false;
    if (word == "/help") {
      say(kHelp);
    } else if (word == "/why" || word == "/more") {
      act(word == "/why" ? UserAct::kWhy : UserAct::kMore);
    } else if (word == "/facts") {
      const auto facts = session_.facts();
      for (const std::string& fact : facts) write_(fact + "\n");
      say(facts.empty() ? "No movie has been mentioned yet.\n" : "");
    } else if (word == "/undo") {
      say(session_.undo() ? "Took back your last line. " + session_.turns().back().text + "\n"
                          : "There is nothing to take back.\n");
    } else if (word == "/restart") {
      session_.restart();
      show([&](const OnText& on_text) { session_.open(on_text); });
    } else if (word == "/save") {
      save(line.size() > 6 ? line.substr(6) : "");
    } else {
      say("Unknown command " + word + "; /help lists the commands.\n");
    }
    return true;
  }

  void act(UserAct user_act) {
    if (session_.finished()) {
      say("This conversation is over; /restart begins a new one.\n");
    } else if (user_act == UserAct::kWhy && session_.state().recommended.empty()) {
      say("Nothing has been recommended yet.\n");
    } else {
      show([&](const OnText& on_text) { session_.act(user_act, on_text); });
    }
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
  LineSource& lines_;
  const ChatLoopOptions& options_;
  const std::function<void(std::string_view)>& write_;
  const std::function<void()>& flush_;
};

}  // namespace

void run_chat_loop(ChatSession& session, LineSource& lines, const ChatLoopOptions& options,
                   const std::function<void(std::string_view)>& write, const std::function<void()>& flush) {
  Loop(session, lines, options, write, flush).run();
}

}  // namespace matinee
