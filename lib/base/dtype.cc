#include "lib/base/dtype.h"

#include <array>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

struct Row {
  DType dtype;
  const char* name;
  std::size_t size;
};

// In the order of the enumerators.
constexpr std::array<Row, 13> kRows{{{DType::kBool, "BOOL", 1},
                                     {DType::kU8, "U8", 1},
                                     {DType::kI8, "I8", 1},
                                     {DType::kI16, "I16", 2},
                                     {DType::kU16, "U16", 2},
                                     {DType::kF16, "F16", 2},
                                     {DType::kBF16, "BF16", 2},
                                     {DType::kI32, "I32", 4},
                                     {DType::kU32, "U32", 4},
                                     {DType::kF32, "F32", 4},
                                     {DType::kI64, "I64", 8},
                                     {DType::kU64, "U64", 8},
                                     {DType::kF64, "F64", 8}}};

}  // namespace

std::size_t size_of(DType dtype) { return kRows[static_cast<std::size_t>(dtype)].size; }

const char* name_of(DType dtype) { return kRows[static_cast<std::size_t>(dtype)].name; }

DType dtype_from_name(std::string_view name) {
  for (const Row& row : kRows) {
    if (name == row.name) return row.dtype;
  }
  throw bad_data("dtype: expected one of BOOL U8 I8 I16 U16 F16 BF16 I32 U32 F32 I64 U64 F64, found \"{}\"", name);
}

}  // namespace matinee
