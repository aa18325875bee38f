#include "kernels/ops.h"

#include "kernels/cpu_ops.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

#define MATINEE_CPU_ENTRY(name, Args) .name = name##_cpu,
constexpr Ops kCpuOps = {MATINEE_OPS(MATINEE_CPU_ENTRY)};

#ifdef MATINEE_CUDA
#define MATINEE_CUDA_ENTRY(name, Args) .name = name##_cuda,
constexpr Ops kCudaOps = {MATINEE_OPS(MATINEE_CUDA_ENTRY)};
#else
constexpr Ops kCudaOps = {};
#endif

}  // namespace

const Ops& ops_of(DeviceKind kind) { return kind == DeviceKind::kCuda ? kCudaOps : kCpuOps; }

const char* first_missing(const Ops& ops) {
#define MATINEE_CHECK(name, Args) \
  if (ops.name == nullptr) return #name;
  MATINEE_OPS(MATINEE_CHECK)
  return nullptr;
}

}  // namespace matinee
