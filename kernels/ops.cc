#include "kernels/ops.h"

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/cuda_ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

#define MATINEE_CPU_ENTRY(name) .name = name##_cpu,
constexpr Ops kCpuOps = {MATINEE_EACH_OP(MATINEE_CPU_ENTRY)};
#undef MATINEE_CPU_ENTRY

#ifdef MATINEE_CUDA
#define MATINEE_CUDA_ENTRY(name) .name = name##_cuda,
constexpr Ops kCudaOps = {MATINEE_EACH_OP(MATINEE_CUDA_ENTRY)};
#undef MATINEE_CUDA_ENTRY
#else
constexpr Ops kCudaOps = {};
#endif

}  // namespace

const Ops& ops_of(DeviceKind kind) { return kind == DeviceKind::kCuda ? kCudaOps : kCpuOps; }

const char* first_missing(const Ops& ops) {
#define MATINEE_CHECK_OP(name) \
  if (ops.name == nullptr) return #name;
  MATINEE_EACH_OP(MATINEE_CHECK_OP)
#undef MATINEE_CHECK_OP
  return nullptr;
}

Ops with_refusals(Ops ops) {
#define MATINEE_REFUSE_OP(name)                                                          \
  if (ops.name == nullptr) {                                                             \
    ops.name = [](Context& context, const auto&) {                                       \
      throw device_error("{} has no version for {}", #name, describe(context.device())); \
    };                                                                                   \
  }
  MATINEE_EACH_OP(MATINEE_REFUSE_OP)
#undef MATINEE_REFUSE_OP
  return ops;
}

}  // namespace matinee
