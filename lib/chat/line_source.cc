#include "lib/chat/line_source.h"

#include <histedit.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace matinee {
namespace {

volatile std::sig_atomic_t interrupt_count = 0;

extern "C" void on_interrupt(int) { interrupt_count = interrupt_count + 1; }

void drop_line_end(std::string& line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
}

// getline() returns the first complete line, so a program that waits for each reply before it sends more is served.
class PipedLines final : public LineSource {
 public:
  PipedLines() = default;
  PipedLines(const PipedLines&) = delete;
  PipedLines& operator=(const PipedLines&) = delete;
  ~PipedLines() override { std::free(text_); }

  Result next(std::string& line) override {
    const ssize_t size = getline(&text_, &capacity_, stdin);
    if (size < 0) return Result::kEnd;
    line.assign(text_, static_cast<std::size_t>(size));
    drop_line_end(line);
    return Result::kLine;
  }

 private:
  char* text_ = nullptr;
  std::size_t capacity_ = 0;
};

class TerminalLines final : public LineSource {
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
    const int before = interrupts();
    const char* text = el_gets(line_.get(), &count);
    if (text == nullptr || count <= 0) return interrupts() != before ? Result::kInterrupted : Result::kEnd;
    line.assign(text, static_cast<std::size_t>(count));
    drop_line_end(line);
    HistEvent event;
    if (!line.empty()) history(history_.get(), &event, H_ENTER, text);
    return Result::kLine;
  }

 private:
  std::unique_ptr<History, void (*)(History*)> history_;
  std::unique_ptr<EditLine, void (*)(EditLine*)> line_;
};

}  // namespace

std::unique_ptr<LineSource> piped_lines() { return std::make_unique<PipedLines>(); }
std::unique_ptr<LineSource> terminal_lines() { return std::make_unique<TerminalLines>(); }

void count_interrupts() {
  // Without SA_RESTART, so that a read under way returns.
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

int interrupts() { return interrupt_count; }

}  // namespace matinee
