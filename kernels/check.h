#pragma once

#include "lib/base/error.h"

namespace matinee {

/// Throws Error(kInternal) naming the operation and the contract that does not hold.
inline void require(bool holds, const char* operation, const char* contract) {
  if (!holds) contract_violation(operation, contract);
}

}  // namespace matinee
