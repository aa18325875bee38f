#include "lib/base/tool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <optional>

#include "lib/base/amounts.h"
#include "lib/base/completion.h"
#include "lib/base/cpu_features.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/memory_budget.h"
#include "lib/base/parallel.h"
#include "lib/base/unfinished_file.h"
#include "lib/base/words.h"

namespace matinee {
namespace {

volatile std::sig_atomic_t stop_signal_number = 0;

extern "C" void on_stop_signal(int number) {
  if (stop_signal_number != 0) {
    remove_unfinished_files();
    _exit(128 + number);
  }
  stop_signal_number = number;
}

void add_common_options(OptionSet& set, unsigned which, CommonOptions& common, std::string& style) {
  set.group("Common options");
  if (which & kThreads) {
    set.integer("threads", &common.threads, 0, 4096,
                "threads; 0: one per processor. Results are the same bytes for any number");
  }
  if (which & kSeed) set.integer("seed", &common.seed, 0, INT64_MAX, "seed of the random numbers");
  if (which & kDevice) {
    set.text("device", &common.device, "NAME", "where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N");
    set.offer_words({"auto", "cpu", "cuda"});
  }
  if (which & kMaxHostMem)
    set.size("max-host-mem", &common.max_host_mem, "fail before using more host memory than this: 512M, 2G, 50%");
  if (which & kProgress) {
    set.choice("progress", &style, {"auto", "plain", "none"},
               "progress display; auto: a bar on a terminal, else nothing");
  }
  if (which & kStats) {
    set.flag("stats", &common.stats,
             "report at the end what was done, time, rate, the share of what this machine can do, and memory");
  }
}

constexpr std::size_t kHelpWidth = 78;

std::string usage_text(const ToolDescription& tool, const OptionSet& options) {
  std::string text;
  append_wrapped(text, fmt::format("{}: {}", tool.name, tool.summary), kHelpWidth);
  text += '\n';
  if (!tool.examples.empty()) text += fmt::format("\n    {}\n", tool.examples.front());
  text += fmt::format("\nUsage: {} {}\n", tool.name, tool.synopsis);
  if (tool.details != nullptr && *tool.details != '\0') {
    text += '\n';
    append_wrapped(text, tool.details, kHelpWidth);
    text += '\n';
  }
  if (tool.examples.size() > 1) text += "\nExamples:\n";
  for (std::size_t i = 1; i < tool.examples.size(); ++i) text += fmt::format("  {}\n", tool.examples[i]);
  text += fmt::format("\n{}", options.help());
  if (tool.see_also != nullptr && *tool.see_also != '\0') text += fmt::format("\nSee also: {}\n", tool.see_also);
  return text;
}

// Without this check, output to a full disk would end with status 0.
int flush_stdout(const char* name, int status) {
  // After an earlier failed write the buffer is empty and the flush succeeds, so the error flag counts, too.
  const bool failed_before = std::ferror(stdout) != 0;
  if (std::fflush(stdout) == 0 && !failed_before) return status;
  if (errno == EPIPE) return status;
  fmt::print(stderr, "{}: <stdout>: cannot write: {}\n", name, std::strerror(errno));
  return 1;
}

int print_and_finish(const char* name, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return flush_stdout(name, 0);
}

// The text that the command line asks for instead of a run. Looked for before parsing, so that a missing word or a bad
// value does not prevent the help. --completion is for shells and not in the help.
std::optional<std::string> text_wanted(int argc, char** argv, const ToolDescription& tool, const OptionSet& options) {
  for (int i = 1; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") return usage_text(tool, options);
    if (word == "--version") return fmt::format("{} (Matinee) {}, {}\n", tool.name, version(), name_of(isa_level()));
    if (word == "--completion") return completion_script(i + 1 < argc ? argv[i + 1] : "", tool.name, options);
  }
  return std::nullopt;
}

// A line on stderr. Messages quote what inputs hold, so control characters are spelled out: none reaches a terminal.
void print_message(const char* name, std::string_view text) {
  std::string line = fmt::format("{}: ", name);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  fmt::print(stderr, "{}\n", line);
}

// "4.30 GB in 4.1 s (1.05 GB/s, 31 % of a memory copy with 2 threads at 3.40 GB/s), 180 MB of memory".
std::string work_text(const WorkDone& work, double seconds, std::uint64_t memory, int threads) {
  const double divisor = std::max(seconds, 1e-6);
  std::string rate = format_rate(static_cast<double>(work.count) / divisor, work.unit);
  if (work.bytes > 0) {
    const SpeedLimit limit = work.limit.bytes_per_second > 0 ? work.limit : memory_copy_limit(threads);
    rate += fmt::format(", {:.0f} % of {} at {}/s",
                        100 * static_cast<double>(work.bytes) / divisor / limit.bytes_per_second, limit.name,
                        format_bytes(limit.bytes_per_second));
  }
  return fmt::format("{} in {:.{}f} s ({}), {} of memory", format_amount(work.count, work.unit), seconds,
                     seconds < 1 ? 3 : 1, rate, format_bytes(static_cast<double>(memory)));
}

RunningTool running;

}  // namespace

ToolContext::ToolContext(const ToolDescription& description, const CommonOptions& common, const OptionSet& options,
                         std::vector<WorkDone>* work)
    : description_(description), common_(common), options_(options), work_(work) {}

void ToolContext::note(std::string_view text) const { print_message(description_.name, text); }

std::function<void(std::string_view)> ToolContext::notes() const {
  return [name = description_.name](std::string_view text) { print_message(name, text); };
}

Progress ToolContext::progress(std::string label, std::uint64_t total, std::string unit) const {
  return Progress(common_.progress, description_.name, std::move(label), total, std::move(unit));
}

int run_tool(int argc, char** argv, const ToolDescription& description, unsigned common_options,
             const std::function<void(OptionSet&)>& add_options, const std::function<int(ToolContext&)>& body) {
  const auto start = std::chrono::steady_clock::now();
  std::signal(SIGPIPE, SIG_IGN);
  OptionSet options;
  CommonOptions common;
  std::string style = "auto";
  bool help_wanted = false, version_wanted = false;
  running = {description.name, std::string_view(description.synopsis).find("[FILE") != std::string_view::npos};
  try {
    add_options(options);
    add_common_options(options, common_options, common, style);
    options.flag("verbose", &common.verbose, "report time and peak memory at the end");
    options.flag("help,h", &help_wanted, "print this text");
    options.flag("version", &version_wanted, "print the version");
    if (const auto text = text_wanted(argc, argv, description, options)) {
      return print_and_finish(description.name, *text);
    }
    options.parse(argc, argv);
    if (common.threads == 0) common.threads = available_processors();
    common.progress = style == "plain"  ? ProgressStyle::kPlain
                      : style == "none" ? ProgressStyle::kNone
                                        : ProgressStyle::kAuto;
    std::vector<WorkDone> work;
    ToolContext context(description, common, options, &work);
    const int status = body(context);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (common.stats) {
      const std::uint64_t memory = peak_resident_memory();
      const int threads = common_options & kThreads ? common.threads : 1;
      for (const WorkDone& done : work) context.note(work_text(done, seconds, memory, threads));
    }
    if (common.verbose) {
      context.note(fmt::format("{:.2f} s, peak memory {}", seconds, format_size(peak_resident_memory())));
    }
    return flush_stdout(description.name, status);
  } catch (const ClosedPipe&) {
    return 0;
  } catch (const Error& error) {
    std::fflush(stdout);
    print_message(description.name, error.what());
    return exit_status(error.code());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "{}: {}\n", description.name, out_of_memory_text());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: unexpected failure: {} (a bug of Matinee; please report it)\n", description.name,
               error.what());
    return 1;
  }
}

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const RunningTool& running_tool() { return running; }

void note_to_user(std::string_view text) {
  if (!running.name.empty()) print_message(running.name.c_str(), text);
}

bool stop_requested() { return stop_signal_number != 0; }
int stop_signal() { return stop_signal_number; }

std::string executable_folder() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return "";
  const std::string whole(path, static_cast<std::size_t>(size));
  return whole.substr(0, whole.rfind('/'));
}

const char* version() { return MATINEE_VERSION; }

}  // namespace matinee
