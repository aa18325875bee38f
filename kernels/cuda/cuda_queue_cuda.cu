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

constexpr std::size_t kStageBytes = std::size_t{8} << 20;
// The driver takes a copy of so few bytes before the call returns.
constexpr std::size_t kSmallUpload = 64 << 10;
constexpr int kOldestCapability = 8;

std::string gigabytes(std::size_t bytes) {
  const std::size_t tenths = bytes / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  check_cuda(cudaDeviceGetAttribute(&value, which, index), "a property of the device");
  return value;
}

}  // namespace

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Error(ErrorCode::kDevice, std::string("CUDA: ") + what + " failed: " + cudaGetErrorString(status));
}

std::string why_no_cuda_device(int index) {
  int count = 0;
  // The runtime, which is linked statically, opens the driver's library itself; without one this is an error code.
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
    return "the CUDA device does not say what it can do";
  }
  if (major < kOldestCapability) {
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

CudaQueue::CudaQueue(int index) : index_(index) {
  make_current();
  multiprocessors_ = attribute(cudaDevAttrMultiProcessorCount, index);
  shared_bytes_ = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, index));
  check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  for (Stage& stage : stages_) {
    check_cuda(cudaMallocHost(&stage.memory, kStageBytes), "pinned memory");
    check_cuda(cudaEventCreateWithFlags(&stage.free, cudaEventDisableTiming), "making an event");
  }
  cublas_ = std::make_unique<CublasLt>();
}

CudaQueue::~CudaQueue() {
  cudaSetDevice(index_);
  cudaStreamSynchronize(stream_);
  cublas_.reset();
  for (Stage& stage : stages_) {
    if (stage.free != nullptr) cudaEventDestroy(stage.free);
    if (stage.memory != nullptr) cudaFreeHost(stage.memory);
  }
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

unsigned CudaQueue::grid_for(std::int64_t n, int threads) const {
  const std::int64_t full = static_cast<std::int64_t>(multiprocessors_) * (2048 / threads) * 4;
  const std::int64_t blocks = blocks_for(n, threads);
  return static_cast<unsigned>(blocks < full ? (blocks > 0 ? blocks : 1) : full);
}

void CudaQueue::make_current() const { check_cuda(cudaSetDevice(index_), "taking the device"); }

void* CudaQueue::allocate(std::size_t bytes) {
  if (capturing_) contract_violation("CudaQueue::allocate", "nothing is allocated while operations are recorded");
  make_current();
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error(ErrorCode::kResource, "cuda:" + std::to_string(index_) + " is out of memory: " + gigabytes(bytes) +
                                          " more were wanted, " + gigabytes(free) + " of " + gigabytes(total) +
                                          " are free")
        .add_remedy(
            "a smaller --micro-batch-tokens, --recompute or a quantized --base-format need less; lora-train --plan "
            "says "
            "how much");
  }
  check_cuda(status, "allocating memory");
  allocations_[memory] = bytes;
  held_ += bytes;
  peak_ = std::max(peak_, held_);
  return memory;
}

void CudaQueue::release(void* memory) noexcept {
  cudaStreamSynchronize(stream_);
  cudaFree(memory);
  if (const auto allocation = allocations_.find(memory); allocation != allocations_.end()) {
    held_ -= allocation->second;
    allocations_.erase(allocation);
  }
}

void CudaQueue::upload(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (capturing_) contract_violation("CudaQueue::upload", "nothing is uploaded while operations are recorded");
  make_current();
  if (bytes <= kSmallUpload) {
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "a copy to the device");
    return;
  }
  for (std::size_t done = 0; done < bytes; done += kStageBytes) {
    const std::size_t n = bytes - done < kStageBytes ? bytes - done : kStageBytes;
    Stage& stage = stages_[next_stage_];
    next_stage_ ^= 1;
    check_cuda(cudaEventSynchronize(stage.free), "waiting for a copy");
    std::memcpy(stage.memory, static_cast<const char*>(from) + done, n);
    check_cuda(cudaMemcpyAsync(static_cast<char*>(to) + done, stage.memory, n, cudaMemcpyHostToDevice, stream_),
               "a copy to the device");
    check_cuda(cudaEventRecord(stage.free, stream_), "marking a copy");
  }
}

void CudaQueue::download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "a copy from the device");
  synchronize();
}

void CudaQueue::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), "a copy within the device");
}

void CudaQueue::zero(void* to, std::size_t bytes) {
  if (bytes == 0) return;
  make_current();
  check_cuda(cudaMemsetAsync(to, 0, bytes, stream_), "clearing memory");
}

std::shared_ptr<DeviceAllocator> CudaQueue::host_side() { return std::make_shared<PinnedMemory>(shared_from_this()); }

std::unique_ptr<ActivationOffload> CudaQueue::offload(std::size_t places, std::size_t bytes) {
  return std::make_unique<PinnedOffload>(shared_from_this(), places, bytes);
}

std::unique_ptr<Graph> CudaQueue::capture(const std::function<void()>& body) {
  make_current();
  check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "beginning to record");
  capturing_ = true;
  cudaGraph_t graph = nullptr;
  try {
    body();
  } catch (...) {
    capturing_ = false;
    if (cudaStreamEndCapture(stream_, &graph) == cudaSuccess && graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  capturing_ = false;
  check_cuda(cudaStreamEndCapture(stream_, &graph), "recording");
  return std::make_unique<CudaGraph>(*this, graph);
}

CudaGraph::CudaGraph(CudaQueue& queue, cudaGraph_t graph) : queue_(queue) {
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "making a graph ready");
  ++queue_.n_graphs_;
}

CudaGraph::~CudaGraph() {
  cudaGraphExecDestroy(executable_);
  --queue_.n_graphs_;
}

void CudaGraph::run() {
  queue_.make_current();
  check_cuda(cudaGraphLaunch(executable_, queue_.stream()), "the start of a graph");
}

void CudaQueue::synchronize() { check_cuda(cudaStreamSynchronize(stream_), "an operation on the device"); }

}  // namespace matinee
