#pragma once

#include <string>
#include <vector>

namespace matinee {

/// Runs a program to its end, without input; its output and its messages go to a new file `log`. Returns its exit
/// status, 128 + N where signal N ended it. When a stop is requested (stop_requested), it gets SIGTERM. Throws
/// Error(kResource) where it cannot be started.
int run_program(const std::vector<std::string>& command, const std::string& log);

}  // namespace matinee
