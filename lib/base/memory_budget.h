#pragma once

#include <cstdint>
#include <string>

namespace matinee {

std::uint64_t physical_memory();       ///< bytes of this machine, or of the cgroup if that is less
std::uint64_t peak_resident_memory();  ///< bytes, of this process so far

/// Refuses what would not fit: throws Error(kResource) "WHAT needs 3.1 GiB; --max-host-mem is 2.0 GiB". 0 is no limit.
void require_memory(const std::string& what, std::uint64_t needed, std::uint64_t max_host_mem);

}  // namespace matinee
