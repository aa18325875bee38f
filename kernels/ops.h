#pragma once

#include "kernels/device.h"
#include "kernels/op_list.h"

namespace matinee {

class Context;

template <class Args>
using Op = void (*)(Context&, const Args&);

/// The operations of one backend. Only the functions in the operations' headers call them, after checking the
/// arguments. A missing entry is a null pointer; Context refuses a backend with one.
///
/// Every array in an operation's arguments is in Context::allocator(): tensors of floats, ids, positions, targets,
/// filters, codes and scales, and the single numbers that an operation writes (CrossEntropyArgs::sums,
/// SquaredSumArgs::sum, QuantizeAbsmaxArgs::offset). Only the struct Nf4Scales that WeightView points to is in the
/// host's memory; its arrays are not. The host may follow such a pointer only if DeviceAllocator::is_host() says so, so
/// conditions on values in those arrays are checked on the host only.
struct Ops {
#define MATINEE_FIELD(name, Args) Op<Args> name = nullptr;
  MATINEE_OPS(MATINEE_FIELD)
#undef MATINEE_FIELD
};

/// The table of a kind of device.
const Ops& ops_of(DeviceKind kind);
/// The name of the first operation that `ops` lacks, or null.
const char* first_missing(const Ops& ops);

}  // namespace matinee
