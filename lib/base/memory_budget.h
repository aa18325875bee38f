#pragma once

#include <cstdint>
#include <string>

namespace matinee {

/// Bytes that a memory plan adds to what it counts: the program and its libraries, stacks, the vocabulary, file
/// buffers, pages of mapped files, scratch memory of matrix products. Measured: 16 to 46 MiB.
constexpr std::uint64_t kProgramMemory = std::uint64_t{48} << 20;

std::uint64_t physical_memory();       ///< bytes of this machine, or of the cgroup or `ulimit -d` if that is less
std::uint64_t peak_resident_memory();  ///< bytes, of this process so far
/// `ulimit -d` (RLIMIT_DATA) in bytes: the memory that a process may allocate, without files mapped for reading. 0: no
/// limit.
std::uint64_t data_limit();

/// Throws Error(kResource) "WHAT needs 3.1 GiB; --max-host-mem is 2.0 GiB" if `needed` exceeds that limit (0: none) or
/// `ulimit -d`.
void require_memory(const std::string& what, std::uint64_t needed, std::uint64_t max_host_mem);
/// The message for a failed allocation: "out of memory at 1.9 GiB; ulimit -d is 2.0 GiB".
std::string out_of_memory_text();

}  // namespace matinee
