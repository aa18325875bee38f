#include "lib/base/memory_budget.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "lib/base/format_error.h"
#include "lib/base/options.h"

namespace matinee {

std::uint64_t physical_memory() {
  auto machine =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (data_limit() != 0) machine = std::min(machine, data_limit());
  std::uint64_t limit = 0;
  std::ifstream file("/sys/fs/cgroup/memory.max");  // "max" does not parse as a number, and means no limit
  return file >> limit ? std::min(machine, limit) : machine;
}

std::uint64_t peak_resident_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t data_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
}

void require_memory(const std::string& what, std::uint64_t needed, std::uint64_t max_host_mem) {
  if (max_host_mem != 0 && needed > max_host_mem) {
    throw resource_error("{} needs {}; --max-host-mem is {}", what, format_size(needed), format_size(max_host_mem));
  }
  if (const std::uint64_t limit = data_limit(); limit != 0 && needed > limit) {
    throw resource_error("{} needs {}; ulimit -d is {}", what, format_size(needed), format_size(limit));
  }
}

std::string out_of_memory_text() {
  std::string text = fmt::format("out of memory at {}", format_size(peak_resident_memory()));
  if (const std::uint64_t limit = data_limit(); limit != 0)
    text += fmt::format("; ulimit -d is {}", format_size(limit));
  return text;
}

}  // namespace matinee
