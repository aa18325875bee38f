// AllReduce over several GPUs by NCCL. Its library is opened at run time, since most machines have none. Without its
// header at build time, why_no_nccl() says so.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/side_stream.h"
#include "lib/base/error.h"

#if __has_include(<nccl.h>)
#include <nccl.h>
#define MATINEE_NCCL
#endif

namespace matinee {

std::string bus_id_of_cuda_device(int index) {
  char text[32] = {};
  check_cuda(cudaDeviceGetPCIBusId(text, sizeof text, index), "querying the bus id");
  return text;
}

#ifdef MATINEE_NCCL

namespace {

#ifndef MATINEE_NCCL_LIBRARY
#define MATINEE_NCCL_LIBRARY "libnccl.so.2"
#endif

// Longer than any backward pass: while a process waits here, the others are at most one backward pass behind.
constexpr std::chrono::minutes kTimeout{10};

static_assert(sizeof(ncclUniqueId) == sizeof(AllReduceId));

struct Nccl {
  SharedLibrary file{{MATINEE_NCCL_LIBRARY}, "LD_LIBRARY_PATH says where it is"};
  decltype(&ncclGetUniqueId) get_unique_id = file["ncclGetUniqueId"];
  decltype(&ncclCommInitRank) init_rank = file["ncclCommInitRank"];
  decltype(&ncclAllReduce) all_reduce = file["ncclAllReduce"];
  decltype(&ncclCommGetAsyncError) get_async_error = file["ncclCommGetAsyncError"];
  decltype(&ncclCommAbort) abort = file["ncclCommAbort"];
  decltype(&ncclCommDestroy) destroy = file["ncclCommDestroy"];
  decltype(&ncclGetErrorString) error_string = file["ncclGetErrorString"];
};

const Nccl& nccl() {
  static const Nccl opened;
  return opened;
}

Error nccl_error(const char* what, const std::string& why) {
  return Error(ErrorCode::kDevice, std::string("NCCL: ") + what + " failed: " + why)
      .add_remedy("NCCL_DEBUG=WARN in the environment says more");
}

void check_nccl(ncclResult_t status, const char* what) {
  if (status != ncclSuccess) throw nccl_error(what, nccl().error_string(status));
}

class NcclAllReduce final : public AllReduce {
 public:
  NcclAllReduce(const CudaQueue& queue, const AllReduceId& id, int rank, int size)
      : queue_(queue), side_(queue, SideStream::Priority::kHighest) {  // its few kernels mostly wait for the network
    ncclUniqueId nccl_id;
    std::memcpy(&nccl_id, id.data(), id.size());
    check_nccl(nccl().init_rank(&comm_, size, nccl_id, rank), "meeting the other ranks");
  }
  // An all-reduce that never ends would block the device, and every call that releases device memory.
  ~NcclAllReduce() override {
    if (comm_ == nullptr) return;
    if (running_ || std::uncaught_exceptions() > 0) {
      nccl().abort(comm_);
    } else {
      nccl().destroy(comm_);
    }
  }

  void start(float* values, std::size_t n) override {
    if (comm_ == nullptr) throw nccl_error("starting a sum", "the connection broke before");
    side_.follow_queue();
    const ncclResult_t status = nccl().all_reduce(values, values, n, ncclFloat, ncclSum, comm_, side_.get());
    running_ = true;
    if (status != ncclSuccess) give_up(nccl().error_string(status));
  }

  // The host waits rather than the queue's stream: it has nothing else to do, and it notices a sum that never ends,
  // which would block the queue.
  void finish() override {
    if (!running_) return;
    queue_.make_current();
    done_.record(side_.get());
    const auto end = std::chrono::steady_clock::now() + kTimeout;
    for (int turn = 0;; ++turn) {
      const cudaError_t status = cudaEventQuery(done_.get());
      if (status == cudaSuccess) break;
      cudaGetLastError();
      if (status != cudaErrorNotReady) give_up(cudaGetErrorString(status));
      if (turn < kSpins) continue;
      check_for_errors();
      if (std::chrono::steady_clock::now() > end) give_up("the other ranks did not answer for ten minutes");
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    check_for_errors();
    running_ = false;
  }

 private:
  static constexpr int kSpins = 1000;

  void check_for_errors() {
    ncclResult_t error = ncclSuccess;
    const ncclResult_t status = nccl().get_async_error(comm_, &error);
    if (status != ncclSuccess) give_up(nccl().error_string(status));
    if (error != ncclSuccess && error != ncclInProgress) give_up(nccl().error_string(error));
  }

  [[noreturn]] void give_up(const std::string& why) {
    nccl().abort(std::exchange(comm_, nullptr));
    running_ = false;
    throw nccl_error("summing gradients", why);
  }

  const CudaQueue& queue_;
  SideStream side_;
  CudaEvent done_;
  ncclComm_t comm_ = nullptr;
  bool running_ = false;
};

}  // namespace

std::string why_no_nccl() { return nccl().file.missing(); }

AllReduceId make_nccl_id() {
  ncclUniqueId nccl_id;
  check_nccl(nccl().get_unique_id(&nccl_id), "creating the id of the ranks");
  AllReduceId id{};
  std::memcpy(id.data(), &nccl_id, id.size());
  return id;
}

std::unique_ptr<AllReduce> open_nccl_all_reduce(DeviceAllocator& allocator, const AllReduceId& id, int rank, int size) {
  const CudaQueue& queue = static_cast<CudaQueue&>(allocator);
  queue.make_current();
  return std::make_unique<NcclAllReduce>(queue, id, rank, size);
}

#else

std::string why_no_nccl() { return "this program was built without NCCL"; }
AllReduceId make_nccl_id() { throw Error(ErrorCode::kDevice, why_no_nccl()); }
std::unique_ptr<AllReduce> open_nccl_all_reduce(DeviceAllocator&, const AllReduceId&, int, int) {
  throw Error(ErrorCode::kDevice, why_no_nccl());
}

#endif

}  // namespace matinee
