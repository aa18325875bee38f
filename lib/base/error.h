#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace matinee {

/// The kind of a failure. It decides the exit status of a tool (exit_status).
enum class ErrorCode {
  kUsage,     ///< the command line is wrong: exit 2
  kBadData,   ///< an input breaks a rule of its format: exit 1
  kMissing,   ///< a required file, tensor or name does not exist: exit 1
  kResource,  ///< memory, disk or a system call failed: exit 1
  kDevice,    ///< no such device, or it failed: exit 1
  kInternal,  ///< a bug of Matinee, a broken contract between functions: exit 1
};

/// The exception type of all failures. A message is built from the inside out: the parser says what it expected and
/// what it found, and each caller may add context (line and column, path) and a remedy.
/// `what()` is "context: context: message; remedy". This header does not use fmt because `.cu` files include it;
/// format_error.h adds functions that format messages.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Puts "context: " before the message, so the outermost context comes first. Returns *this.
  Error& add_context(std::string_view context);
  /// Appends "; remedy" (what the user can do). Only the first remedy is kept, since the innermost caller knows the
  /// cause best. Returns *this.
  Error& add_remedy(std::string_view remedy);

  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void rebuild();

  ErrorCode code_;
  std::string message_;
  std::string remedy_;
  std::string text_;
};

/// 2 for kUsage, 1 for everything else.
int exit_status(ErrorCode code);

/// Throws Error(kInternal) with the message "WHERE: WHAT" and a request to report the bug. `what` says which contract
/// between functions was broken. For kernels and other files that must not include fmt.
[[noreturn]] void contract_violation(const char* where, const char* what);

/// Runs `body` and returns its result. Adds `context` to an Error that `body` throws and rethrows it.
template <class Body>
auto with_context(std::string_view context, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

}  // namespace matinee
