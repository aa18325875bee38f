#include "lib/base/error.h"

#include <utility>

namespace matinee {

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) { rebuild(); }

Error& Error::add_context(std::string_view context) {
  message_.insert(0, ": ").insert(0, context);
  rebuild();
  return *this;
}

Error& Error::add_remedy(std::string_view remedy) {
  if (remedy_.empty()) remedy_ = remedy;
  rebuild();
  return *this;
}

void Error::rebuild() { text_ = remedy_.empty() ? message_ : message_ + "; " + remedy_; }

int exit_status(ErrorCode code) { return code == ErrorCode::kUsage ? 2 : 1; }

void contract_violation(const char* where, const char* what) {
  throw Error(ErrorCode::kInternal, std::string(where) + ": " + what + " (a bug of Matinee; please report it)");
}

}  // namespace matinee
