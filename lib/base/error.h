#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace matinee {

/// What kind of thing went wrong; decides the exit status of a tool.
enum class ErrorCode {
  kUsage,     ///< the command line is wrong: exit 2
  kBadData,   ///< an input breaks a rule of its format: exit 1
  kMissing,   ///< a file, tensor or name that must be there is not: exit 1
  kResource,  ///< memory, disk or a system call failed: exit 1
  kDevice,    ///< no such device, or it failed: exit 1
  kInternal,  ///< our own bug, a broken contract between functions: exit 1
};

/// The one exception type. A message is built from the inside out: the parser says what it expected and found, the
/// reader adds line and column, the file adds its path, and somebody who knows the remedy adds that.
/// `what()` is "context: context: message; remedy". No fmt in this header: `.cu` files include it.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Puts "context: " before the message. The outermost caller's context comes first.
  Error& add_context(std::string_view context);
  /// Appends "; remedy" (what the user can do). Only the first remedy is kept: the innermost knows best.
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

/// Throws Error(kInternal) saying that `what`, a contract between our own functions, does not hold. For kernels and
/// other files that must not include fmt.
[[noreturn]] void contract_violation(const char* where, const char* what);

/// Runs `body`; an Error that leaves it gets `context` put before its message.
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
