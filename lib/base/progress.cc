#include "lib/base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "lib/base/amounts.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

// A bar that appeared for less than this would only flicker.
constexpr std::chrono::milliseconds kShortestBar{500};
// How often the bar is redrawn while nothing is counted.
constexpr std::chrono::milliseconds kRedraw{250};

std::string format_seconds(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

struct Progress::Impl {
  bool bar = false, lines = false;
  std::string tool, label, unit;
  std::atomic<std::uint64_t> total{0};
  std::atomic<std::uint64_t> done{0};
  std::mutex mutex;
  std::string status;
  Clock::time_point start = Clock::now();
  Clock::time_point shown{};
  bool visible = false, finished = false;
  std::condition_variable_any end;
  std::jthread redrawing;

  // "45% 1.20 GB of 2.70 GB, 310 MB/s". The rate is left out of the first second, in which it says little.
  std::string amount(std::uint64_t count, std::uint64_t of, double seconds) const {
    if (unit.empty()) return format_seconds(seconds);
    std::string text = format_amount(count, unit);
    if (of > 0) {
      text = unit == "bytes"
                 ? fmt::format("{:3.0f}% {} of {}", 100 * share_of(count, of), text, format_amount(of, unit))
                 : fmt::format("{:3.0f}% {}/{} {}", 100 * share_of(count, of), count, of, unit);
    }
    if (seconds >= 1 && count > 0) text += ", " + format_rate(static_cast<double>(count) / seconds, unit);
    return text;
  }

  static double share_of(std::uint64_t count, std::uint64_t of) {
    return of == 0 ? 0 : std::min(1.0, static_cast<double>(count) / static_cast<double>(of));
  }

  // Keeps time and rate of the bar current, also while a long step counts nothing.
  void start_redrawing() {
    redrawing = std::jthread([this](const std::stop_token& stop) {
      std::unique_lock lock(mutex);
      while (!stop.stop_requested()) {
        end.wait_for(lock, stop, kRedraw, [] { return false; });
        if (!stop.stop_requested()) show_locked(false);
      }
    });
  }

  void stop_redrawing() {
    redrawing.request_stop();
    if (redrawing.joinable()) redrawing.join();
  }

  void show(bool last) {
    const std::lock_guard lock(mutex);
    show_locked(last);
  }

  void show_locked(bool last) {
    const auto now = Clock::now();
    const auto pause = bar ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
    if (finished || (!last && now - shown < pause)) return;
    if (bar && !visible && now - start < kShortestBar) return;
    visible = true;
    shown = now;
    const std::uint64_t count = done.load(std::memory_order_relaxed);
    const double seconds = std::chrono::duration<double>(now - start).count();
    const std::uint64_t of = total.load(std::memory_order_relaxed);
    const double share = share_of(count, of);
    std::string text = fmt::format("{}: {} {}", tool, label, amount(count, of, seconds));
    if (!last && share > 0.01) text += ", left " + format_seconds(seconds / share * (1 - share));
    if (!status.empty()) text += "  " + status;
    if (last && !unit.empty()) text += ", took " + format_seconds(seconds);
    if (bar) {
      text.resize(std::min(text.size(), terminal_width() - 1));
      text = fmt::format("\r{}\033[K{}", text, last ? "\n" : "");
    } else {
      text += '\n';
    }
    // A terminal that is gone is no reason to stop; fmt::print would throw.
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }
};

Progress::Progress(ProgressStyle style, std::string tool, std::string label, std::uint64_t total, std::string unit)
    : impl_(std::make_unique<Impl>()) {
  const char* terminal = std::getenv("TERM");
  const bool capable = isatty(STDERR_FILENO) != 0 && (terminal == nullptr || std::string_view(terminal) != "dumb");
  impl_->bar = style == ProgressStyle::kAuto && capable;
  impl_->lines = style == ProgressStyle::kPlain;
  impl_->tool = std::move(tool);
  impl_->label = std::move(label);
  impl_->unit = std::move(unit);
  impl_->total.store(total);
  if (impl_->bar) impl_->start_redrawing();
}

Progress::Progress(Progress&&) noexcept = default;

Progress& Progress::operator=(Progress&& other) noexcept {
  finish();
  impl_ = std::move(other.impl_);
  return *this;
}

Progress::~Progress() { finish(); }

void Progress::advance(std::uint64_t amount) {
  impl_->done.fetch_add(amount, std::memory_order_relaxed);
  if (impl_->bar || impl_->lines) impl_->show(false);
}

void Progress::reach(std::uint64_t amount) {
  std::uint64_t before = impl_->done.load(std::memory_order_relaxed);
  while (before < amount && !impl_->done.compare_exchange_weak(before, amount, std::memory_order_relaxed)) {
  }
  if (impl_->bar || impl_->lines) impl_->show(false);
}

void Progress::reach(std::uint64_t amount, std::uint64_t total) {
  impl_->total.store(total, std::memory_order_relaxed);
  reach(amount);
}

void Progress::status(std::string text) {
  const std::lock_guard lock(impl_->mutex);
  impl_->status = std::move(text);
}

void Progress::finish() {
  if (!impl_ || impl_->finished) return;
  impl_->stop_redrawing();
  if (impl_->bar || impl_->lines) impl_->show(true);
  impl_->finished = true;
}

}  // namespace matinee
