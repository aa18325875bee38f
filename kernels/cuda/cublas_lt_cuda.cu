// Every product of cuBLASLt is planned once for its sizes and alignments: descriptors and the algorithm that the
// library's heuristic ranks first within the workspace.

#include <cublasLt.h>

#include <utility>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/shared_library.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

// The interface that is used here has not changed since version 11.
std::vector<std::string> library_names() {
  const std::string newest = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR), toolkit = "/usr/local/cuda/lib64/";
  return {newest,           "libcublasLt.so.13", "libcublasLt.so.12",       "libcublasLt.so.11",
          "libcublasLt.so", toolkit + newest,    toolkit + "libcublasLt.so"};
}

struct Library {
  SharedLibrary file{library_names(), "it comes with the CUDA Toolkit; LD_LIBRARY_PATH says where it is"};
  decltype(&cublasLtCreate) create = file["cublasLtCreate"];
  decltype(&cublasLtDestroy) destroy = file["cublasLtDestroy"];
  decltype(&cublasLtMatmul) matmul = file["cublasLtMatmul"];
  decltype(&cublasLtMatmulDescCreate) desc_create = file["cublasLtMatmulDescCreate"];
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = file["cublasLtMatmulDescDestroy"];
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = file["cublasLtMatmulDescSetAttribute"];
  decltype(&cublasLtMatrixLayoutCreate) layout_create = file["cublasLtMatrixLayoutCreate"];
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = file["cublasLtMatrixLayoutDestroy"];
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = file["cublasLtMatmulPreferenceCreate"];
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = file["cublasLtMatmulPreferenceDestroy"];
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = file["cublasLtMatmulPreferenceSetAttribute"];
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = file["cublasLtMatmulAlgoGetHeuristic"];
};

const Library& library() {
  static const Library opened;
  return opened;
}

void check_cublas(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ErrorCode::kDevice,
              std::string("cuBLASLt: ") + what + " failed with status " + std::to_string(static_cast<int>(status)));
}

// 3, 2, 1 or 0: every row of the matrix begins at a multiple of 16, 8, 4 or 2 bytes.
int alignment_class(const void* start, std::int64_t row_bytes) {
  const std::uint64_t both = reinterpret_cast<std::uintptr_t>(start) | static_cast<std::uint64_t>(row_bytes);
  return both % 16 == 0 ? 3 : both % 8 == 0 ? 2 : both % 4 == 0 ? 1 : 0;
}

}  // namespace

// cuBLASLt is column-major, and a row-major matrix is its transpose in column-major order, with the row's length as
// leading dimension. So the product that is requested is cᵀ = op(b)ᵀ·op(a)ᵀ.
struct CublasLt::Plan {
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;  // of b, a, c
  cublasLtMatmulAlgo_t algorithm{};
};

std::string CublasLt::why_missing() { return library().file.missing(); }

CublasLt::CublasLt() {
  if (!library().file.missing().empty()) throw Error(ErrorCode::kDevice, library().file.missing());
  cublasLtHandle_t handle = nullptr;
  check_cublas(library().create(&handle), "creating a handle");
  handle_ = handle;
  check_cuda(cudaMalloc(&workspace_, kWorkspaceBytes), "allocating the workspace of cuBLASLt");
}

CublasLt::~CublasLt() {
  for (auto& [key, plan] : plans_) {
    for (cublasLtMatrixLayout_t layout : {plan.first, plan.second, plan.result}) library().layout_destroy(layout);
    library().desc_destroy(plan.desc);
  }
  if (workspace_ != nullptr) cudaFree(workspace_);
  if (handle_ != nullptr) library().destroy(static_cast<cublasLtHandle_t>(handle_));
}

const CublasLt::Plan& CublasLt::plan(const CublasProduct& p) const {
  const std::int64_t lda = p.lda != 0 ? p.lda : p.transpose_a ? p.rows : p.inner;
  const std::int64_t ldb = p.ldb != 0 ? p.ldb : p.transpose_b ? p.inner : p.columns;
  const std::int64_t ldc = p.ldc != 0 ? p.ldc : p.columns;
  const std::int64_t element = p.bf16 ? 2 : 4;
  const int kind = (p.transpose_a ? 1 : 0) | (p.transpose_b ? 2 : 0) | (p.bf16 ? 4 : 0) | (p.beta == 0 ? 8 : 0) |
                   alignment_class(p.b, ldb * element) << 4 | alignment_class(p.a, lda * element) << 6 |
                   alignment_class(p.c, ldc * 4) << 8;
  const auto [entry, is_new] = plans_.try_emplace(Key{p.rows, p.columns, p.inner, lda, ldb, ldc, kind});
  Plan& plan = entry->second;
  if (!is_new) return plan;
  const Library& lib = library();
  check_cublas(lib.desc_create(&plan.desc, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product");
  const cublasOperation_t first = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t second = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  check_cublas(lib.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first), "describing a product");
  check_cublas(lib.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second), "describing a product");
  const cudaDataType type = p.bf16 ? CUDA_R_16BF : CUDA_R_32F;
  const auto size = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
  const auto layout = [&](cublasLtMatrixLayout_t& to, cudaDataType of, std::int64_t rows, std::int64_t columns,
                          std::int64_t leading) {
    check_cublas(lib.layout_create(&to, of, size(columns), size(rows), leading), "describing a matrix");
  };
  layout(plan.first, type, p.transpose_b ? p.columns : p.inner, p.transpose_b ? p.inner : p.columns, ldb);
  layout(plan.second, type, p.transpose_a ? p.inner : p.rows, p.transpose_a ? p.rows : p.inner, lda);
  layout(plan.result, CUDA_R_32F, p.rows, p.columns, ldc);
  cublasLtMatmulPreference_t preference = nullptr;
  check_cublas(lib.preference_create(&preference), "choosing an algorithm");
  const std::size_t workspace = kWorkspaceBytes;
  check_cublas(lib.preference_set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace),
               "choosing an algorithm");
  for (const auto& [which, bytes] : {std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 2u << (kind >> 4 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 2u << (kind >> 6 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, 2u << (kind >> 8 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, 2u << (kind >> 8 & 3)}}) {
    const std::uint32_t alignment = bytes;
    check_cublas(lib.preference_set(preference, which, &alignment, sizeof alignment), "choosing an algorithm");
  }
  cublasLtMatmulHeuristicResult_t found{};
  int n_found = 0;
  const cublasStatus_t status = lib.heuristic(static_cast<cublasLtHandle_t>(handle_), plan.desc, plan.first,
                                              plan.second, plan.result, plan.result, preference, 1, &found, &n_found);
  lib.preference_destroy(preference);
  check_cublas(status, "choosing an algorithm");
  if (n_found == 0) throw Error(ErrorCode::kDevice, "cuBLASLt: no algorithm fits a product");
  plan.algorithm = found.algo;
  return plan;
}

void CublasLt::run(cudaStream_t stream, const CublasProduct& product) const {
  const Plan& planned = plan(product);
  check_cublas(library().matmul(static_cast<cublasLtHandle_t>(handle_), planned.desc, &product.alpha, product.b,
                                planned.first, product.a, planned.second, &product.beta, product.c, planned.result,
                                product.c, planned.result, &planned.algorithm, workspace_, kWorkspaceBytes, stream),
               "a matrix product");
}

}  // namespace matinee
