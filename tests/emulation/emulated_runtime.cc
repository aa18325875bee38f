// The emulated CUDA runtime and cuBLASLt. MATINEE_EMULATION_DEVICES sets the number of devices (default 1), which share
// one memory. Work in a queue's stream runs when it is issued; work in a side stream (cudaStreamCreateWithPriority)
// runs when someone waits for it.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cuda/cublas_lt.h"
#include "tests/emulation/cuda_emulation.h"
#include "tests/emulation/device_arena.h"

using matinee::emulation::DeviceArena;

// A captured graph: the work that was issued, in order.
struct matinee_emulated_graph {
  std::vector<std::function<void()>> work;
};

struct matinee_emulated_stream {
  bool deferred = false;  // a side stream
  std::deque<std::function<bool()>> work;
  std::uint64_t queued = 0;  // so far, whether it has run or not
  std::uint64_t sees = 0;    // how much the thread had issued at the latest event that this stream waited for

  // Runs what was queued before `end`; false if some of it never ends.
  bool run(std::uint64_t end) {
    while (queued - work.size() < end) {
      std::function<bool()> next = std::move(work.front());
      work.pop_front();
      if (next()) continue;
      work.push_front(std::move(next));
      return false;
    }
    return true;
  }
};

struct matinee_emulated_event {
  double milliseconds = 0;  // of the clock, when it was recorded
  matinee_emulated_stream* stream = nullptr;
  std::uint64_t position = 0;  // how much its stream had queued
  std::uint64_t sees = 0;

  bool reach() const { return stream == nullptr || !stream->deferred || stream->run(position); }
};

namespace {
thread_local matinee_emulated_graph* capturing = nullptr;
thread_local std::uint64_t issued = 0;
thread_local int device = 0;

int device_count() {
  const char* text = std::getenv("MATINEE_EMULATION_DEVICES");
  return text == nullptr ? 1 : std::atoi(text);
}

// Fills the target with NaN until the copy runs. Stricter than CUDA: neither source nor target may change before then.
void copy_later(cudaStream_t stream, void* to, const void* from, std::size_t bytes) {
  const DeviceArena::Access access;
  std::memset(to, 0xff, bytes);
  const auto* source = static_cast<const std::byte*>(from);
  matinee::emulation::issue_later(stream, [to, from, content = std::vector<std::byte>(source, source + bytes)] {
    const DeviceArena::Access open;
    const auto* target = static_cast<const std::byte*>(to);
    const bool untouched =
        std::all_of(target, target + content.size(), [](std::byte b) { return b == std::byte{0xff}; });
    if (!untouched || std::memcmp(from, content.data(), content.size()) != 0)
      throw std::runtime_error(
          "the source or target of an asynchronous copy was changed before the copy was waited for");
    std::memcpy(to, from, content.size());
    return true;
  });
}
}  // namespace

void matinee::emulation::issue(std::function<void()> work) {
  if (counted_multiprocessors() > 0) return;
  if (capturing != nullptr) {
    capturing->work.push_back(std::move(work));
  } else {
    ++issued;
    work();
  }
}

void matinee::emulation::issue_later(cudaStream_t stream, std::function<bool()> work) {
  if (!stream->deferred || stream->sees != issued) {
    std::fprintf(stderr, "emulation: work in a side stream does not wait for what was issued before it\n");
    std::abort();
  }
  stream->work.push_back(std::move(work));
  ++stream->queued;
}

int matinee::emulation::current_device() { return device; }

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  capturing = new matinee_emulated_graph;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  *graph = capturing;
  capturing = nullptr;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new matinee_emulated_graph(*graph);
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  ++issued;
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

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorNotReady: return "device not ready";
  }
  return "unrecognized error code";
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = device_count();
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = matinee::emulation::counted_multiprocessors() > 0 ? matinee::emulation::counted_multiprocessors() : 4;
      break;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(matinee::emulation::shared_bytes_of_block());
      break;
  }
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int index) {
  if (index < 0 || index >= device_count()) return cudaErrorInvalidDevice;
  device = index;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int size, int index) {
  std::snprintf(text, static_cast<std::size_t>(size), "0000:%02x:00.0", static_cast<unsigned>(index) + 1);
  return cudaSuccess;
}
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
  // A GPU may or may not notice a pointer on the wrong side.
  if (arena.contains(to) != (kind != cudaMemcpyDeviceToHost) ||
      arena.contains(from) != (kind != cudaMemcpyHostToDevice)) {
    std::abort();
  }
  if (capturing != nullptr && kind != cudaMemcpyDeviceToDevice) std::abort();
  if (matinee::emulation::counted_multiprocessors() > 0 && kind == cudaMemcpyDeviceToHost) std::memset(to, 0, bytes);
  if (stream->deferred) {
    if (matinee::emulation::counted_multiprocessors() == 0) copy_later(stream, to, from, bytes);
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
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = new matinee_emulated_stream;
  (*stream)->deferred = true;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  stream->run(stream->queued);
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
  *event = {std::chrono::duration<double, std::milli>(now).count(), stream, stream->queued,
            stream->deferred ? stream->sees : issued};
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (!stream->deferred) event->reach();
  if (event->sees > stream->sees) stream->sees = event->sees;
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return event->reach() ? cudaSuccess : cudaErrorNotReady; }
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  event->reach();
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
  // Copies of both factors with the sum along the rows, so that the inner loop is contiguous.
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
