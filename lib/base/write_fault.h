#pragma once

namespace matinee {

/// Whether the write that is about to be made is the one that fail_nth_write() (file.h) chose to fail. Counts it.
bool write_fault_is_due();

}  // namespace matinee
