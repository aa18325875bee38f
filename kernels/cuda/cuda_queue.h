#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <memory>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cuda_event.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/pinned_bytes.h"
#include "kernels/device_allocator.h"

namespace matinee {

class Context;

/// DeviceAllocator for CUDA: the memory of a device, and the stream in which its operations run one after the other.
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
  /// A PinnedMemory.
  std::shared_ptr<DeviceAllocator> host_side() override;
  std::unique_ptr<ActivationOffload> offload(std::size_t count, std::size_t bytes) override;
  std::unique_ptr<Graph> capture(const std::function<void()>& body) override;
  bool has_graphs() const override { return capturing_ || n_graphs_ > 0; }

  /// Makes this device the current one of the calling thread, as every CUDA call requires.
  void make_current() const;
  cudaStream_t stream() const { return stream_.get(); }
  const CublasLt& cublas() const { return *cublas_; }
  int multiprocessors() const { return multiprocessors_; }
  /// The number of blocks of `threads` threads for a grid-stride loop over `n` elements: at most four times what the
  /// device can hold at once.
  unsigned grid_for(std::int64_t n, int threads) const;
  /// The most shared memory of a block.
  std::size_t shared_bytes_of_block() const { return shared_bytes_; }

 private:
  static constexpr std::size_t kStageBytes = std::size_t{8} << 20;
  // One of two staging buffers of uploads: one is copied to the device while the host fills the other.
  struct Stage {
    PinnedBytes memory = allocate_pinned(kStageBytes);
    CudaEvent copied;
  };
  friend class CudaGraph;
  bool capturing_ = false;
  int n_graphs_ = 0;
  int index_ = 0, multiprocessors_ = 0, next_stage_ = 0;
  std::size_t shared_bytes_ = 0;
  std::size_t held_ = CublasLt::kWorkspaceBytes, peak_ = held_;
  std::map<const void*, std::size_t> allocations_;
  CudaStream stream_;
  Stage stages_[2];
  std::unique_ptr<CublasLt> cublas_;
};

/// Captured operations of a queue.
class CudaGraph final : public Graph {
 public:
  /// Takes ownership of the graph. The queue must outlive this.
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
