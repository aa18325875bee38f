#include "lib/base/memory_budget.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "lib/base/format_error.h"
#include "lib/base/options.h"

namespace matinee {

std::uint64_t physical_memory() {
  const auto machine =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::uint64_t limit = 0;
  std::ifstream file("/sys/fs/cgroup/memory.max");  // "max" does not parse as a number, and means no limit
  return file >> limit ? std::min(machine, limit) : machine;
}

std::uint64_t peak_resident_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void require_memory(const std::string& what, std::uint64_t needed, std::uint64_t max_host_mem) {
  if (max_host_mem != 0 && needed > max_host_mem) {
    throw resource_error("{} needs {}; --max-host-mem is {}", what, format_size(needed), format_size(max_host_mem));
  }
}

}  // namespace matinee
