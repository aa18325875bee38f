// The CUDA runtime and cuBLASLt of the emulation: one device, whose queue does everything at once. A stream that is
// made with a priority is a side stream: its copies are done when somebody waits for them, and no sooner.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cuda/cublas_lt.h"
#include "tests/emulation/cuda_emulation.h"
#include "tests/emulation/device_arena.h"

using matinee::emulation::DeviceArena;

// A recorded graph: what was issued, in order.
struct matinee_emulated_graph {
  std::vector<std::function<void()>> work;
};

struct matinee_emulated_stream {
  bool side = false;
  std::deque<std::function<void()>> copies;  // of a side stream, not done yet
  std::size_t n_done = 0;
  std::size_t seen = 0;  // how much of the other streams' work it comes after
};
struct matinee_emulated_event {
  double milliseconds = 0;
  matinee_emulated_stream* side = nullptr;  // where it was recorded, if that is a side stream,
  std::size_t n_copies = 0;                 // after so many of its copies
  std::size_t issued = 0;                   // or after so much work elsewhere
};

namespace {
thread_local matinee_emulated_graph* recording = nullptr;
std::atomic<std::size_t> issued{0};  // to all streams but side streams

void finish(matinee_emulated_stream& stream, std::size_t n_copies) {
  while (stream.n_done < n_copies && !stream.copies.empty()) {
    const std::function<void()> copy = std::move(stream.copies.front());
    stream.copies.pop_front();
    ++stream.n_done;
    copy();
  }
}

// Until it is done its target is full of NaN. Stricter than CUDA: whoever copies beside operations says that what was
// called before is to come before it, and nobody changes its source or its target before it was waited for.
void copy_aside(matinee_emulated_stream& stream, void* to, const void* from, std::size_t bytes) {
  if (stream.seen < issued) throw std::runtime_error("a copy that does not wait for what was called before it");
  const DeviceArena::Access access;
  std::memset(to, 0xff, bytes);
  const auto* source = static_cast<const std::byte*>(from);
  stream.copies.emplace_back([to, from, content = std::vector<std::byte>(source, source + bytes)] {
    const DeviceArena::Access open;
    const auto* target = static_cast<const std::byte*>(to);
    const bool untouched =
        std::all_of(target, target + content.size(), [](std::byte b) { return b == std::byte{0xff}; });
    if (!untouched || std::memcmp(from, content.data(), content.size()) != 0)
      throw std::runtime_error("what is being copied was changed by somebody who did not wait");
    std::memcpy(to, from, content.size());
  });
}
}  // namespace

void matinee::emulation::issue(std::function<void()> work) {
  if (counted_multiprocessors() > 0) return;
  ++issued;
  if (recording != nullptr) {
    recording->work.push_back(std::move(work));
  } else {
    work();
  }
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  recording = new matinee_emulated_graph;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  *graph = recording;
  recording = nullptr;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new matinee_emulated_graph(*graph);
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  for (const std::function<void()>& work : executable->work) work();
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

const char* cudaGetErrorString(cudaError_t error) { return error == cudaSuccess ? "no error" : "out of memory"; }
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = matinee::emulation::counted_multiprocessors() > 0 ? matinee::emulation::counted_multiprocessors() : 4;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(matinee::emulation::shared_bytes_of_block());
      break;
  }
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int index) { return index == 0 ? cudaSuccess : cudaErrorNoDevice; }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = DeviceArena::instance().size();
  *free = *total - DeviceArena::instance().used();
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  *memory = DeviceArena::instance().allocate(bytes, matinee::emulation::counted_multiprocessors() == 0);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  if (memory != nullptr) DeviceArena::instance().release(memory);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  *memory = std::malloc(bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const DeviceArena& arena = DeviceArena::instance();
  // A pointer on the wrong side is a bug that a GPU may or may not show.
  if (arena.contains(to) != (kind != cudaMemcpyDeviceToHost) ||
      arena.contains(from) != (kind != cudaMemcpyHostToDevice)) {
    std::abort();
  }
  if (recording != nullptr && kind != cudaMemcpyDeviceToDevice) std::abort();
  if (matinee::emulation::counted_multiprocessors() > 0 && kind == cudaMemcpyDeviceToHost) std::memset(to, 0, bytes);
  if (stream->side) {
    if (matinee::emulation::counted_multiprocessors() == 0) copy_aside(*stream, to, from, bytes);
    return cudaSuccess;
  }
  matinee::emulation::issue([=] {
    const DeviceArena::Access access;
    std::memcpy(to, from, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t) {
  matinee::emulation::issue([=] {
    const DeviceArena::Access access;
    std::memset(to, value, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new matinee_emulated_stream;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = new matinee_emulated_stream;
  (*stream)->side = true;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  finish(*stream, stream->n_done + stream->copies.size());
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->side != nullptr) {
    finish(*event->side, event->n_copies);
    return cudaSuccess;
  }
  stream->seen = std::max(stream->seen, event->issued);
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new matinee_emulated_event;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  *event = {.milliseconds = std::chrono::duration<double, std::milli>(now).count(),
            .side = stream->side ? stream : nullptr,
            .n_copies = stream->n_done + stream->copies.size(),
            .issued = issued};
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->side != nullptr) finish(*event->side, event->n_copies);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = static_cast<float>(end->milliseconds - begin->milliseconds);
  return cudaSuccess;
}

namespace matinee {

struct CublasLt::Plan {};

std::string CublasLt::why_missing() { return {}; }
CublasLt::CublasLt() = default;
CublasLt::~CublasLt() = default;

namespace {

void multiply(const CublasProduct& p) {
  const DeviceArena::Access access;
  const auto value = [&](const void* from, std::int64_t index) {
    return p.bf16 ? to_float(static_cast<const bf16*>(from)[index]) : static_cast<const float*>(from)[index];
  };
  // Both sides as rows along the sum, so that the inner loop runs through neighbours.
  std::vector<float> a(static_cast<std::size_t>(p.rows * p.inner)), b(static_cast<std::size_t>(p.columns * p.inner));
  const std::int64_t lda = p.lda != 0 ? p.lda : p.transpose_a ? p.rows : p.inner;
  const std::int64_t ldb = p.ldb != 0 ? p.ldb : p.transpose_b ? p.inner : p.columns;
  const std::int64_t ldc = p.ldc != 0 ? p.ldc : p.columns;
  for (std::int64_t r = 0; r < p.rows; ++r) {
    for (std::int64_t i = 0; i < p.inner; ++i) {
      a[static_cast<std::size_t>(r * p.inner + i)] = value(p.a, p.transpose_a ? i * lda + r : r * lda + i);
    }
  }
  for (std::int64_t c = 0; c < p.columns; ++c) {
    for (std::int64_t i = 0; i < p.inner; ++i) {
      b[static_cast<std::size_t>(c * p.inner + i)] = value(p.b, p.transpose_b ? c * ldb + i : i * ldb + c);
    }
  }
  for (std::int64_t r = 0; r < p.rows; ++r) {
    for (std::int64_t c = 0; c < p.columns; ++c) {
      double sum = 0;
      const float *x = a.data() + r * p.inner, *y = b.data() + c * p.inner;
      for (std::int64_t i = 0; i < p.inner; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
      float& to = p.c[r * ldc + c];
      to = p.beta == 0 ? p.alpha * static_cast<float>(sum) : p.alpha * static_cast<float>(sum) + p.beta * to;
    }
  }
}

}  // namespace

void CublasLt::run(cudaStream_t, const CublasProduct& product) const {
  emulation::issue([product] { multiply(product); });
}

}  // namespace matinee
