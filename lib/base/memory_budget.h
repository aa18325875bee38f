#pragma once

#include <cstdint>
#include <string>

namespace matinee {

/// Bytes to reckon with besides what a tool counts: the program and its libraries, stacks, vocabulary, buffers of
/// files, pages of a mapped file that is being read, scratch memory of products. Seen were 16 to 46 MiB.
constexpr std::uint64_t kProgramMemory = std::uint64_t{48} << 20;

std::uint64_t physical_memory();       ///< bytes of this machine, or of the cgroup or `ulimit -d` if that is less
std::uint64_t peak_resident_memory();  ///< bytes, of this process so far
/// Bytes of `ulimit -d` (RLIMIT_DATA): what a process may allocate; files that are mapped to be read do not count. 0:
/// none.
std::uint64_t data_limit();

/// Refuses what would not fit: throws Error(kResource) "WHAT needs 3.1 GiB; --max-host-mem is 2.0 GiB", or says the
/// same of `ulimit -d`. 0 is no limit.
void require_memory(const std::string& what, std::uint64_t needed, std::uint64_t max_host_mem);
/// What to say where an allocation failed: "out of memory at 1.9 GiB; ulimit -d is 2.0 GiB".
std::string out_of_memory_text();

}  // namespace matinee
