#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <memory>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/device_allocator.h"

namespace matinee {

class Context;

/// One stream of a CUDA device: its operations run one after the other. What DeviceAllocator is for CUDA.
class CudaQueue final : public DeviceAllocator, public std::enable_shared_from_this<CudaQueue> {
 public:
  explicit CudaQueue(int index);
  ~CudaQueue() override;
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  bool is_host() const override { return false; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  std::size_t held_bytes() const override { return held_; }
  std::size_t peak_bytes() const override { return peak_; }
  void upload(void* to, const void* from, std::size_t bytes) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  void copy(void* to, const void* from, std::size_t bytes) override;
  void zero(void* to, std::size_t bytes) override;
  void synchronize() override;
  /// Pinned memory (kernels/cuda/pinned_memory.h).
  std::shared_ptr<DeviceAllocator> host_side() override;
  std::unique_ptr<ActivationOffload> offload(std::size_t places, std::size_t bytes) override;
  /// As a CUDA graph.
  std::unique_ptr<Graph> capture(const std::function<void()>& body) override;
  bool has_graphs() const override { return capturing_ || n_graphs_ > 0; }

  /// Makes the device the calling thread's own, as launches want it.
  void make_current() const;
  cudaStream_t stream() const { return stream_; }
  const CublasLt& cublas() const { return *cublas_; }
  /// Multiprocessors: how many blocks fill the device once.
  int multiprocessors() const { return multiprocessors_; }
  /// Blocks of `threads` threads for `n` elements where a thread takes one after another: at most what keeps the device
  /// full.
  unsigned grid_for(std::int64_t n, int threads) const;
  /// Bytes of shared memory that one block may ask for.
  std::size_t shared_bytes_of_block() const { return shared_bytes_; }

 private:
  // Half of the way through pinned memory: the copy out of it runs while the other is filled.
  struct Stage {
    void* memory = nullptr;
    cudaEvent_t free = nullptr;
  };
  friend class CudaGraph;
  bool capturing_ = false;
  int n_graphs_ = 0;
  int index_ = 0, multiprocessors_ = 0, next_stage_ = 0;
  std::size_t shared_bytes_ = 0;
  std::size_t held_ = CublasLt::kWorkspaceBytes, peak_ = held_;
  std::map<const void*, std::size_t> allocations_;
  cudaStream_t stream_ = nullptr;
  Stage stages_[2];
  std::unique_ptr<CublasLt> cublas_;
};

/// Operations of a queue that were recorded as a CUDA graph.
class CudaGraph final : public Graph {
 public:
  /// Takes the graph; the queue must outlive this.
  CudaGraph(CudaQueue& queue, cudaGraph_t graph);
  ~CudaGraph() override;
  void run() override;

 private:
  CudaQueue& queue_;
  cudaGraphExec_t executable_ = nullptr;
};

/// The queue of a context on a CUDA device.
CudaQueue& queue_of(Context& context);

}  // namespace matinee
