#include <cublasLt.h>
#include <dlfcn.h>

#include <utility>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/device_code.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

// The functions that are used, found by name in the library.
struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  std::string missing;
};

template <class Function>
void find(void* handle, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr && missing.empty()) missing = std::string("the cuBLASLt library has no ") + name;
}

Library open_library() {
  Library lib;
  // The interface that is used has not changed since version 11.
  const std::string newest = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
  void* handle = nullptr;
  for (const std::string& name :
       {newest, std::string("libcublasLt.so.13"), std::string("libcublasLt.so.12"), std::string("libcublasLt.so.11"),
        std::string("libcublasLt.so"), "/usr/local/cuda/lib64/" + newest,
        std::string("/usr/local/cuda/lib64/libcublasLt.so")}) {
    if ((handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) != nullptr) break;
  }
  if (handle == nullptr) {
    lib.missing = newest + " cannot be opened (it comes with the CUDA Toolkit; LD_LIBRARY_PATH says where it is)";
    return lib;
  }
  find(handle, "cublasLtCreate", lib.create, lib.missing);
  find(handle, "cublasLtDestroy", lib.destroy, lib.missing);
  find(handle, "cublasLtMatmul", lib.matmul, lib.missing);
  find(handle, "cublasLtMatmulDescCreate", lib.desc_create, lib.missing);
  find(handle, "cublasLtMatmulDescDestroy", lib.desc_destroy, lib.missing);
  find(handle, "cublasLtMatmulDescSetAttribute", lib.desc_set, lib.missing);
  find(handle, "cublasLtMatrixLayoutCreate", lib.layout_create, lib.missing);
  find(handle, "cublasLtMatrixLayoutDestroy", lib.layout_destroy, lib.missing);
  find(handle, "cublasLtMatmulPreferenceCreate", lib.preference_create, lib.missing);
  find(handle, "cublasLtMatmulPreferenceDestroy", lib.preference_destroy, lib.missing);
  find(handle, "cublasLtMatmulPreferenceSetAttribute", lib.preference_set, lib.missing);
  find(handle, "cublasLtMatmulAlgoGetHeuristic", lib.heuristic, lib.missing);
  return lib;
}

// Stays open: cuBLASLt does not like to be closed.
const Library& library() {
  static const Library opened = open_library();
  return opened;
}

void check_cublas(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ErrorCode::kDevice,
              std::string("cuBLASLt: ") + what + " failed with status " + std::to_string(static_cast<int>(status)));
}

// 0 to 3: every row of the matrix begins at a multiple of 2, 4, 8 or 16 bytes.
int alignment_class(const void* start, std::int64_t row_bytes) {
  const std::uint64_t both = reinterpret_cast<std::uintptr_t>(start) | static_cast<std::uint64_t>(row_bytes);
  return both % 16 == 0 ? 3 : both % 8 == 0 ? 2 : both % 4 == 0 ? 1 : 0;
}

}  // namespace

// cuBLASLt counts columns first, so a row-major product is asked for as its transpose: cᵀ = op(b)ᵀ·op(a)ᵀ. A row-major
// matrix is the column-major one of its transpose, with the row's length as leading dimension.
struct CublasLt::Plan {
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;  // of b, a, c
  cublasLtMatmulAlgo_t algorithm{};
};

std::string CublasLt::why_missing() { return library().missing; }

CublasLt::CublasLt() {
  if (!library().missing.empty()) throw Error(ErrorCode::kDevice, library().missing);
  cublasLtHandle_t handle = nullptr;
  check_cublas(library().create(&handle), "opening it");
  handle_ = handle;
  check_cuda(cudaMalloc(&workspace_, kWorkspaceBytes), "the workspace of cuBLASLt");
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
  const auto [place, is_new] = plans_.try_emplace(Key{p.rows, p.columns, p.inner, lda, ldb, ldc, kind});
  Plan& plan = place->second;
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
  check_cublas(lib.preference_create(&preference), "choosing a way");
  const std::size_t workspace = kWorkspaceBytes;
  check_cublas(lib.preference_set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace),
               "choosing a way");
  for (const auto& [which, bytes] : {std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 2u << (kind >> 4 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 2u << (kind >> 6 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, 2u << (kind >> 8 & 3)},
                                     std::pair{CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, 2u << (kind >> 8 & 3)}}) {
    const std::uint32_t alignment = bytes;
    check_cublas(lib.preference_set(preference, which, &alignment, sizeof alignment), "choosing a way");
  }
  cublasLtMatmulHeuristicResult_t found{};
  int n_found = 0;
  const cublasStatus_t status = lib.heuristic(static_cast<cublasLtHandle_t>(handle_), plan.desc, plan.first,
                                              plan.second, plan.result, plan.result, preference, 1, &found, &n_found);
  lib.preference_destroy(preference);
  check_cublas(status, "choosing a way");
  if (n_found == 0) throw Error(ErrorCode::kDevice, "cuBLASLt: it knows no way for a product");
  plan.algorithm = found.algo;
  return plan;
}

void CublasLt::run(cudaStream_t stream, const CublasProduct& product) const {
  const Plan& way = plan(product);
  check_cublas(library().matmul(static_cast<cublasLtHandle_t>(handle_), way.desc, &product.alpha, product.b, way.first,
                                product.a, way.second, &product.beta, product.c, way.result, product.c, way.result,
                                &way.algorithm, workspace_, kWorkspaceBytes, stream),
               "a product");
}

}  // namespace matinee
