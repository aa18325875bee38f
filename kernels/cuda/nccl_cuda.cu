// Sums over several GPUs by NCCL, whose library is opened when it is wanted: most machines have none. A build where its
// header was not found says so when it is asked.

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/device_code.h"
#include "lib/base/error.h"

#if __has_include(<nccl.h>)
#include <nccl.h>
#define MATINEE_NCCL
#endif

namespace matinee {

std::string bus_id_of_cuda_device(int index) {
  char text[32] = {};
  check_cuda(cudaDeviceGetPCIBusId(text, sizeof text, index), "asking for the device's place");
  return text;
}

#ifdef MATINEE_NCCL

namespace {

#ifndef MATINEE_NCCL_LIBRARY
#define MATINEE_NCCL_LIBRARY "libnccl.so.2"
#endif

// Longer than any backward pass: when a process waits here, all of them have begun theirs.
constexpr std::chrono::minutes kPatience{10};

static_assert(sizeof(ncclUniqueId) == sizeof(AllReduceId));

// The functions that are used, found by name in the library.
struct Nccl {
  decltype(&ncclGetUniqueId) get_unique_id = nullptr;
  decltype(&ncclCommInitRank) init_rank = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  decltype(&ncclCommGetAsyncError) get_async_error = nullptr;
  decltype(&ncclCommAbort) cut = nullptr;
  decltype(&ncclCommDestroy) destroy = nullptr;
  decltype(&ncclGetErrorString) error_string = nullptr;
  std::string missing;
};

template <class Function>
void find(void* handle, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr && missing.empty()) missing = std::string(MATINEE_NCCL_LIBRARY " has no ") + name;
}

Nccl open_nccl() {
  Nccl nccl;
  void* handle = dlopen(MATINEE_NCCL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    nccl.missing = MATINEE_NCCL_LIBRARY " cannot be opened (LD_LIBRARY_PATH says where it is)";
    return nccl;
  }
  find(handle, "ncclGetUniqueId", nccl.get_unique_id, nccl.missing);
  find(handle, "ncclCommInitRank", nccl.init_rank, nccl.missing);
  find(handle, "ncclAllReduce", nccl.all_reduce, nccl.missing);
  find(handle, "ncclCommGetAsyncError", nccl.get_async_error, nccl.missing);
  find(handle, "ncclCommAbort", nccl.cut, nccl.missing);
  find(handle, "ncclCommDestroy", nccl.destroy, nccl.missing);
  find(handle, "ncclGetErrorString", nccl.error_string, nccl.missing);
  return nccl;
}

// Stays open: it has threads of its own.
const Nccl& nccl() {
  static const Nccl opened = open_nccl();
  return opened;
}

Error nccl_error(const char* what, const std::string& why) {
  return Error(ErrorCode::kDevice, std::string("NCCL: ") + what + " failed: " + why)
      .add_remedy("NCCL_DEBUG=WARN in the environment says more");
}

void check_nccl(ncclResult_t status, const char* what) {
  if (status != ncclSuccess) throw nccl_error(what, nccl().error_string(status));
}

// A stream beside the queue's, and the events that tie the two. Its kernels are few and go first: what they wait for is
// the wire.
struct SideStream {
  SideStream() {
    int least = 0, greatest = 0;
    check_cuda(cudaDeviceGetStreamPriorityRange(&least, &greatest), "a property of the device");
    check_cuda(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest), "making a stream");
    for (cudaEvent_t* event : {&ready, &done})
      check_cuda(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "making an event");
  }
  ~SideStream() {
    for (cudaEvent_t event : {ready, done}) {
      if (event != nullptr) cudaEventDestroy(event);
    }
    if (stream != nullptr) cudaStreamDestroy(stream);
  }
  SideStream(const SideStream&) = delete;
  SideStream& operator=(const SideStream&) = delete;

  cudaStream_t stream = nullptr;
  cudaEvent_t ready = nullptr, done = nullptr;
};

class NcclSum final : public AllReduce {
 public:
  NcclSum(const CudaQueue& queue, const AllReduceId& key, int rank, int size) : queue_(queue) {
    ncclUniqueId id;
    std::memcpy(&id, key.data(), key.size());
    check_nccl(nccl().init_rank(&comm_, size, id, rank), "meeting the other ranks");
  }
  // Sums that never end would keep the device, and everybody who gives memory back, waiting.
  ~NcclSum() override {
    if (comm_ == nullptr) return;
    if (running_ || std::uncaught_exceptions() > 0) {
      nccl().cut(comm_);
    } else {
      nccl().destroy(comm_);
    }
  }

  void start(float* values, std::size_t n) override {
    if (comm_ == nullptr) throw nccl_error("starting a sum", "the connection broke before");
    queue_.make_current();
    check_cuda(cudaEventRecord(side_.ready, queue_.stream()), "marking what is to be summed");
    check_cuda(cudaStreamWaitEvent(side_.stream, side_.ready, 0), "ordering a sum");
    const ncclResult_t status = nccl().all_reduce(values, values, n, ncclFloat, ncclSum, comm_, side_.stream);
    running_ = true;
    if (status != ncclSuccess) give_up(nccl().error_string(status));
  }

  // The queue's stream is not made to wait, the host is: it has nothing else to do, a sum that never ends shows here,
  // and the queue stays free of it.
  void finish() override {
    if (!running_) return;
    queue_.make_current();
    check_cuda(cudaEventRecord(side_.done, side_.stream), "marking a sum");
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (int turn = 0;; ++turn) {
      const cudaError_t status = cudaEventQuery(side_.done);
      if (status == cudaSuccess) break;
      cudaGetLastError();
      if (status != cudaErrorNotReady) give_up(cudaGetErrorString(status));
      if (turn < kSpins) continue;
      look_for_errors();
      if (std::chrono::steady_clock::now() > end) give_up("the other ranks did not answer for ten minutes");
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    look_for_errors();
    running_ = false;
  }

 private:
  static constexpr int kSpins = 1000;

  void look_for_errors() {
    ncclResult_t error = ncclSuccess;
    const ncclResult_t status = nccl().get_async_error(comm_, &error);
    if (status != ncclSuccess) give_up(nccl().error_string(status));
    if (error != ncclSuccess && error != ncclInProgress) give_up(nccl().error_string(error));
  }

  [[noreturn]] void give_up(const std::string& why) {
    nccl().cut(std::exchange(comm_, nullptr));
    running_ = false;
    throw nccl_error("summing gradients", why);
  }

  const CudaQueue& queue_;
  SideStream side_;
  ncclComm_t comm_ = nullptr;
  bool running_ = false;
};

}  // namespace

std::string why_no_nccl() { return nccl().missing; }

AllReduceId make_nccl_key() {
  ncclUniqueId id;
  check_nccl(nccl().get_unique_id(&id), "making the key of the ranks");
  AllReduceId key{};
  std::memcpy(key.data(), &id, key.size());
  return key;
}

std::unique_ptr<AllReduce> open_nccl_sum(DeviceAllocator& allocator, const AllReduceId& key, int rank, int size) {
  const CudaQueue& queue = static_cast<CudaQueue&>(allocator);
  queue.make_current();
  return std::make_unique<NcclSum>(queue, key, rank, size);
}

#else

std::string why_no_nccl() { return "this program was built without NCCL"; }
AllReduceId make_nccl_key() { throw Error(ErrorCode::kDevice, why_no_nccl()); }
std::unique_ptr<AllReduce> open_nccl_sum(DeviceAllocator&, const AllReduceId&, int, int) {
  throw Error(ErrorCode::kDevice, why_no_nccl());
}

#endif

}  // namespace matinee
