#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/context.h"
#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/pinned_memory.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

// Up to this size the driver copies pageable memory before cudaMemcpyAsync returns, so no staging is needed.
constexpr std::size_t kSmallUpload = 64 << 10;
constexpr int kMinCapability = 8;

std::string gigabytes(std::size_t bytes) {
  const std::size_t tenths = bytes / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  check_cuda(cudaDeviceGetAttribute(&value, which, index), "querying a property of the device");
  return value;
}

// A queue's members are made on this device.
int made_current(int index) {
  check_cuda(cudaSetDevice(index), "selecting the device");
  return index;
}

}  // namespace

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Error(ErrorCode::kDevice, std::string("CUDA: ") + what + " failed: " + cudaGetErrorString(status));
}

std::string why_no_cuda_device(int index) {
  int count = 0;
  // The runtime is linked statically and opens the driver's library itself; without a driver it returns an error.
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    return std::string("no CUDA device answered") +
           (status == cudaSuccess ? "" : std::string(" (") + cudaGetErrorString(status) + ")");
  }
  if (index >= count) return "there are " + std::to_string(count) + " CUDA devices, numbered from 0";
  int major = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index) != cudaSuccess) {
    cudaGetLastError();
    return "the CUDA device does not report its compute capability";
  }
  if (major < kMinCapability) {
    return "its compute capability is " + std::to_string(major) + ".x, and 8.0 is the oldest that is supported";
  }
  return CublasLt::why_missing();
}

int count_cuda_devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

std::shared_ptr<DeviceAllocator> open_cuda_device(int index) { return std::make_shared<CudaQueue>(index); }

CudaQueue& queue_of(Context& context) { return static_cast<CudaQueue&>(*context.allocator()); }

CudaQueue::CudaQueue(int index) : index_(made_current(index)) {
  multiprocessors_ = attribute(cudaDevAttrMultiProcessorCount, index);
  shared_bytes_ = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, index));
  cublas_ = std::make_unique<CublasLt>();
}

CudaQueue::~CudaQueue() {
  cudaSetDevice(index_);
  cudaStreamSynchronize(stream());
}

unsigned CudaQueue::grid_for(std::int64_t n, int threads) const {
  const std::int64_t full = static_cast<std::int64_t>(multiprocessors_) * (2048 / threads) * 4;
  const std::int64_t blocks = blocks_for(n, threads);
  return static_cast<unsigned>(blocks < full ? (blocks > 0 ? blocks : 1) : full);
}

void CudaQueue::make_current() const { made_current(index_); }

void* CudaQueue::allocate(std::size_t bytes) {
  if (capturing_) contract_violation("CudaQueue::allocate", "memory cannot be allocated during graph capture");
  make_current();
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error(ErrorCode::kResource, "cuda:" + std::to_string(index_) + " is out of memory: " + gigabytes(bytes) +
                                          " more are needed, " + gigabytes(free) + " of " + gigabytes(total) +
                                          " are free")
        .add_remedy(
            "reduce --micro-batch-tokens, or use --recompute or a quantized --base-format; lora-train --plan says how "
            "much each needs");
  }
  check_cuda(status, "allocating memory");
  allocations_[memory] = bytes;
  held_ += bytes;
  peak_ = std::max(peak_, held_);
  return memory;
}

void CudaQueue::release(void* memory) noexcept {
  cudaStreamSynchronize(stream());
  cudaFree(memory);
  if (const auto allocation = allocations_.find(memory); allocation != allocations_.end()) {
    held_ -= allocation->second;
    allocations_.erase(allocation);
  }
}

void CudaQueue::upload(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (capturing_) contract_violation("CudaQueue::upload", "memory cannot be uploaded during graph capture");
  make_current();
  if (bytes <= kSmallUpload) {
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()), "copying to the device");
    return;
  }
  for (std::size_t done = 0; done < bytes; done += kStageBytes) {
    const std::size_t n = bytes - done < kStageBytes ? bytes - done : kStageBytes;
    Stage& stage = stages_[next_stage_];
    next_stage_ ^= 1;
    stage.copied.synchronize();
    std::memcpy(stage.memory.get(), static_cast<const char*>(from) + done, n);
    check_cuda(cudaMemcpyAsync(static_cast<char*>(to) + done, stage.memory.get(), n, cudaMemcpyHostToDevice, stream()),
               "copying to the device");
    stage.copied.record(stream());
  }
}

void CudaQueue::download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()), "copying from the device");
  synchronize();
}

void CudaQueue::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copying within the device");
}

void CudaQueue::zero(void* to, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemsetAsync(to, 0, bytes, stream()), "clearing memory");
}

std::shared_ptr<DeviceAllocator> CudaQueue::host_side() { return std::make_shared<PinnedMemory>(shared_from_this()); }

std::unique_ptr<ActivationOffload> CudaQueue::offload(std::size_t count, std::size_t bytes) {
  return std::make_unique<PinnedOffload>(shared_from_this(), count, bytes);
}

std::unique_ptr<Graph> CudaQueue::capture(const std::function<void()>& body) {
  make_current();
  check_cuda(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), "beginning graph capture");
  capturing_ = true;
  cudaGraph_t graph = nullptr;
  try {
    body();
  } catch (...) {
    capturing_ = false;
    if (cudaStreamEndCapture(stream(), &graph) == cudaSuccess && graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  capturing_ = false;
  check_cuda(cudaStreamEndCapture(stream(), &graph), "ending graph capture");
  return std::make_unique<CudaGraph>(*this, graph);
}

CudaGraph::CudaGraph(CudaQueue& queue, cudaGraph_t graph) : queue_(queue) {
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "instantiating a graph");
  ++queue_.n_graphs_;
}

CudaGraph::~CudaGraph() {
  cudaGraphExecDestroy(executable_);
  --queue_.n_graphs_;
}

void CudaGraph::run() {
  queue_.make_current();
  check_cuda(cudaGraphLaunch(executable_, queue_.stream()), "launching a graph");
}

void CudaQueue::synchronize() { check_cuda(cudaStreamSynchronize(stream()), "an operation on the device"); }

}  // namespace matinee
