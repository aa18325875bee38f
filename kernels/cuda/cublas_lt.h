#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace matinee {

/// One product of row-major matrices: c [rows, columns] = alpha·op(a)·op(b) + beta·c, summed over `inner` in float32.
/// op(a) [rows, inner] is a, or with transpose_a the transpose of a [inner, rows]; op(b) [inner, columns] likewise.
struct CublasProduct {
  std::int64_t rows = 0, columns = 0, inner = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  float* c = nullptr;
  bool transpose_a = false, transpose_b = false;
  bool bf16 = false;  ///< a and b are bfloat16; else float32, without TF32
  float alpha = 1, beta = 0;
  std::int64_t lda = 0, ldb = 0, ldc = 0;  ///< elements from one row in memory to the next; 0: rows are contiguous
};

/// cuBLASLt, opened at run time: half a gigabyte that a machine without a GPU need not have. Each queue has its own,
/// because of the workspace.
class CublasLt {
 public:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{64} << 20;

  /// Why the library cannot be used, as the end of a sentence; empty if it can.
  static std::string why_missing();

  /// Throws Error(kDevice) if why_missing() is not empty or there is no memory for the workspace.
  CublasLt();
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  /// Adds the product to the stream. The algorithm depends on sizes and alignments alone, so two runs give the same
  /// bytes.
  void run(cudaStream_t stream, const CublasProduct& product) const;

 private:
  struct Plan;
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, int>;
  const Plan& plan(const CublasProduct& product) const;

  void* handle_ = nullptr;
  void* workspace_ = nullptr;
  mutable std::map<Key, Plan> plans_;
};

}  // namespace matinee
