#pragma once

namespace matinee {

/// The instruction set that kernels run on, in order. The build's floor is x86-64-v3 (AVX2, FMA).
enum class IsaLevel { kAvx2, kAvx512, kAvx512Bf16 };

/// The widest level this processor has, or the one that the environment variable MATINEE_ISA (avx2 | avx512 |
/// avx512bf16) asks for; a level that does not exist or that the processor lacks throws Error(kUsage). Decided once.
IsaLevel isa_level();
const char* name_of(IsaLevel level);

}  // namespace matinee
