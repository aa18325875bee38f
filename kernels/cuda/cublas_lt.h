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
/// op(a) is [rows, inner]: a itself, or the transpose of an a that lies there as [inner, rows]; likewise op(b) [inner,
/// columns].
struct CublasProduct {
  std::int64_t rows = 0, columns = 0, inner = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  float* c = nullptr;
  bool transpose_a = false, transpose_b = false;
  bool bf16 = false;  ///< a and b are bfloat16; else float32, without TF32
  float alpha = 1, beta = 0;
  std::int64_t lda = 0, ldb = 0, ldc = 0;  ///< elements from one row in memory to the next; 0: no gaps
};

/// cuBLASLt, opened while the program runs: it is half a gigabyte that a machine without a GPU does not have. One for
/// each queue: it holds a workspace.
class CublasLt {
 public:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{64} << 20;

  /// Why it cannot be opened; empty where it can.
  static std::string why_missing();

  /// Throws Error(kDevice) as why_missing() says.
  CublasLt();
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  /// Puts the product into the stream. The way it is taken depends on the sizes alone, so two runs give the same bytes.
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
