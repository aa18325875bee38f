#include "lib/chat/line_source.h"

#include <histedit.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

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

  Result next(const std::string&, std::string& line) override {
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

// libedit reads characters by the locale. Without one it drops every byte of "é".
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) == "ANSI_X3.4-1968") std::setlocale(LC_CTYPE, "C.UTF-8");
}

class TerminalLines final : public LineSource {
 public:
  TerminalLines() : history_(history_init(), history_end), line_(nullptr, el_end) {
    use_utf8();
    line_.reset(el_init("chat", stdin, stdout, stderr));
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, 200);
    el_set(line_.get(), EL_CLIENTDATA, &prompt_);
    el_set(
        line_.get(), EL_PROMPT, +[](EditLine* line) -> char* {
          std::string* prompt = nullptr;
          el_get(line, EL_CLIENTDATA, &prompt);
          return prompt->data();
        });
    el_set(line_.get(), EL_EDITOR, "emacs");
    el_set(line_.get(), EL_HIST, history, history_.get());
    el_source(line_.get(), nullptr);
  }

  Result next(const std::string& prompt, std::string& line) override {
    prompt_ = prompt;
    el_resize(line_.get());  // the window may have changed
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
  std::string prompt_;
  std::unique_ptr<History, void (*)(History*)> history_;
  std::unique_ptr<EditLine, void (*)(EditLine*)> line_;
};

}  // namespace

std::unique_ptr<LineSource> piped_lines() { return std::make_unique<PipedLines>(); }
std::unique_ptr<LineSource> terminal_lines() { return std::make_unique<TerminalLines>(); }

int terminal_columns() {
  struct winsize size {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void count_interrupts() {
  // Without SA_RESTART, so that a read under way returns.
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

int interrupts() { return interrupt_count; }

}  // namespace matinee
