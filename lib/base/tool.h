#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/machine_limits.h"
#include "lib/base/options.h"
#include "lib/base/progress.h"

namespace matinee {

/// The texts of a tool's `--help` and man page; its messages begin with the name. `details` is wrapped for display; a
/// blank line begins a new paragraph. The first example is the commonest command: the help begins with it. The tests
/// run every example (tests/chain/examples.sh).
struct ToolDescription {
  const char* name;                   ///< "tsv2bin"
  const char* summary;                ///< one sentence: what goes in, what comes out
  const char* synopsis;               ///< "[options] [FILE...]"
  const char* details;                ///< paragraphs below the synopsis; may be empty
  std::vector<const char*> examples;  ///< command lines that run
  const char* see_also;               ///< "bin2tsv(1), embed(1)"
};

/// The options that mean the same in every tool that has them. A tool names those it takes.
struct CommonOptions {
  int threads = 0;                 ///< 0: every processor this process may use; resolved before the tool's body runs
  std::uint64_t seed = 1;          ///< of the counter-based random numbers (random.h)
  std::string device = "auto";     ///< auto | cpu | cuda[:N]
  std::uint64_t max_host_mem = 0;  ///< bytes; 0: no limit but the machine's
  ProgressStyle progress = ProgressStyle::kAuto;
  bool verbose = false;
  bool stats = false;  ///< figures of the run at its end; a tool may add its own
};

enum CommonOption : unsigned {
  kThreads = 1u << 0,
  kSeed = 1u << 1,
  kDevice = 1u << 2,
  kMaxHostMem = 1u << 3,
  kProgress = 1u << 4,
  kStats = 1u << 5,
};

/// What a run has done, for --stats.
struct WorkDone {
  std::uint64_t count = 0;
  std::string unit;         ///< "bytes", "conversations"
  std::uint64_t bytes = 0;  ///< that had to pass through memory once, to compare with the limit; 0: unknown
  /// What bounds the speed, where that is not copying memory.
  SpeedLimit limit = {};
};

/// Passed to the body of a tool: resolved common options, notes and progress on stderr.
class ToolContext {
 public:
  /// `work` collects what is finished, for --stats; null without that option.
  ToolContext(const ToolDescription& description, const CommonOptions& common, const OptionSet& options,
              std::vector<WorkDone>* work = nullptr);

  const CommonOptions& common() const { return common_; }
  const OptionSet& options() const { return options_; }
  int threads() const { return common_.threads; }
  /// A line "NAME: text" on stderr.
  void note(std::string_view text) const;
  /// The same as a callback, for library calls that report something (skipped rows, a fallback).
  std::function<void(std::string_view)> notes() const;
  /// A progress display that follows --progress.
  Progress progress(std::string label, std::uint64_t total, std::string unit) const;
  /// Says what the run has done. --stats prints it with time, rate, memory and its share of the limit; each call is one
  /// line. `bytes`: what is counted.
  void finished(std::uint64_t bytes) const { finished(WorkDone{bytes, "bytes", bytes}); }
  void finished(WorkDone work) const {
    if (work_ != nullptr) work_->push_back(std::move(work));
  }

 private:
  const ToolDescription& description_;
  const CommonOptions& common_;
  const OptionSet& options_;
  std::vector<WorkDone>* work_;
};

/// Runs a tool: registers and parses options, answers --help and --version, ignores SIGPIPE so that a closed pipe ends
/// a filter quietly with status 0, turns exceptions into one line on stderr and an exit status, flushes stdout and
/// checks that the flush worked. `add_options` binds the tool's options; `body` does the work and returns the exit
/// status.
int run_tool(int argc, char** argv, const ToolDescription& description, unsigned common_options,
             const std::function<void(OptionSet&)>& add_options, const std::function<int(ToolContext&)>& body);

/// True once SIGINT or SIGTERM arrived after `watch_stop_signals()`; a trainer looks here between steps and saves.
/// A second signal ends the process at once, after remove_unfinished_files().
void watch_stop_signals();
bool stop_requested();
int stop_signal();  ///< the number of the signal, 0 if none

/// The name of the tool that run_tool() runs, "" outside of one, and whether it reads stdin where no FILE is given (its
/// synopsis then has "[FILE"). For advice in messages.
struct RunningTool {
  std::string name;
  bool reads_stdin = false;
};
const RunningTool& running_tool();
/// A line "NAME: text" on stderr as ToolContext::note, for functions that no callback for notes reaches. Outside of
/// run_tool() nothing is printed.
void note_to_user(std::string_view text);

/// The folder that holds the running executable ("" if it cannot be known).
std::string executable_folder();
/// "0.1.0".
const char* version();

}  // namespace matinee
