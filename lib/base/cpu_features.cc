#include "lib/base/cpu_features.h"

#include <cstdlib>
#include <string_view>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

IsaLevel widest() {
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd");
  if (!avx512) return IsaLevel::kAvx2;
  return __builtin_cpu_supports("avx512bf16") ? IsaLevel::kAvx512Bf16 : IsaLevel::kAvx512;
}

IsaLevel decide() {
  const IsaLevel present = widest();
  const char* wish = std::getenv("MATINEE_ISA");
  if (wish == nullptr || *wish == '\0') return present;
  for (const IsaLevel level : {IsaLevel::kAvx2, IsaLevel::kAvx512, IsaLevel::kAvx512Bf16}) {
    if (std::string_view(wish) != name_of(level)) continue;
    if (level > present) {
      throw usage_error("MATINEE_ISA={}: this processor has {} at most; unset it or ask for less", wish,
                        name_of(present));
    }
    return level;
  }
  throw usage_error("MATINEE_ISA: expected avx2, avx512 or avx512bf16, found \"{}\"", wish);
}

}  // namespace

IsaLevel isa_level() {
  static const IsaLevel level = decide();
  return level;
}

const char* name_of(IsaLevel level) {
  switch (level) {
    case IsaLevel::kAvx2: return "avx2";
    case IsaLevel::kAvx512: return "avx512";
    case IsaLevel::kAvx512Bf16: return "avx512bf16";
  }
  return "?";
}

}  // namespace matinee
