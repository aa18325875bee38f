#include "lib/cluster/mpi_communicator.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "lib/base/format_error.h"

#ifdef MATINEE_MPI
#include <mpi.h>
#endif

namespace matinee {
namespace {

// The number of processes, as set by the launchers of Open MPI, of PMI (MPICH) and of Slurm.
constexpr std::array<const char*, 3> kSizeVariables{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

int launched_size() {
  for (const char* name : kSizeVariables) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 1;
}

#ifdef MATINEE_MPI

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    MPI_Init(nullptr, nullptr);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine_);
    MPI_Comm_set_errhandler(machine_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(machine_, &local_rank_);
  }
  // A rank that fails must not wait for the others in MPI_Finalize, since they wait for it: it exits, and the launcher
  // ends them.
  ~MpiCommunicator() override {
    if (std::uncaught_exceptions() > 0) return;
    MPI_Comm_free(&machine_);
    MPI_Finalize();
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  void all_reduce(std::span<float> values) override { reduce_and_broadcast(values, MPI_FLOAT); }
  void all_reduce(std::span<double> values) override { reduce_and_broadcast(values, MPI_DOUBLE); }
  void barrier() override { check(MPI_Barrier(MPI_COMM_WORLD)); }

  std::unique_ptr<AllReduce> open_all_reduce(Context& context, std::string& why_not) override {
    const Device device = context.device();
    why_not.clear();
    const bool some_on_gpu = any(device.kind == DeviceKind::kCuda), some_on_cpu = any(device.kind == DeviceKind::kCpu);
    if (some_on_gpu && some_on_cpu) {
      // They round differently, so their parameters would diverge.
      throw usage_error("rank {} of {} computes on {}, but not every other rank on a device of that kind", rank_, size_,
                        describe(device))
          .add_remedy("start as many ranks as there are GPUs, or give --device cpu");
    }
    if (!some_on_gpu) return nullptr;
    const bool shared = shares_its_chip(device);
    std::string reason = why_no_all_reduce(device);
    if (reason.empty() && shared) reason = describe(device) + " is used by two ranks of one machine";
    why_not = first_of_all(reason);
    if (!why_not.empty()) return nullptr;
    AllReduceId key{};
    std::unique_ptr<AllReduce> all_reduce;
    const auto attempt = [&](auto&& body) {
      std::string error;
      try {
        body();
      } catch (const Error& failure) {
        error = failure.what();
      }
      why_not = first_of_all(error);
      return why_not.empty();
    };
    if (!attempt([&] {
          if (rank_ == 0) key = make_all_reduce_id();
        })) {
      return nullptr;
    }
    check(MPI_Bcast(key.data(), static_cast<int>(key.size()), MPI_BYTE, 0, MPI_COMM_WORLD));
    if (!attempt([&] { all_reduce = matinee::open_all_reduce(*context.allocator(), key, rank_, size_); }))
      return nullptr;
    return all_reduce;
  }

 private:
  using Text = std::array<char, 512>;

  // Whether another rank of this machine uses the same chip. Device numbers cannot tell, since each rank may see only
  // its own device.
  bool shares_its_chip(Device device) const {
    Text mine{};
    bus_id_of(device).copy(mine.data(), mine.size() - 1);
    int n = 0;
    check(MPI_Comm_size(machine_, &n));
    std::vector<Text> all(static_cast<std::size_t>(n));
    const auto bytes = static_cast<int>(mine.size());
    check(MPI_Allgather(mine.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, machine_));
    return mine[0] != 0 && std::count(all.begin(), all.end(), mine) > 1;
  }

  // The text of the lowest rank whose text is not empty; the same on every rank.
  std::string first_of_all(const std::string& mine) const {
    int first = mine.empty() ? size_ : rank_;
    check(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    if (first == size_) return {};
    Text text{};
    mine.copy(text.data(), text.size() - 1);
    check(MPI_Bcast(text.data(), static_cast<int>(text.size()), MPI_BYTE, first, MPI_COMM_WORLD));
    return text.data();
  }

  void check(int status) const {
    if (status == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(status, text.data(), &length);
    throw resource_error("rank {} of {}: connection to the other ranks lost: {}", rank_, size_, text.data());
  }

  // Summed on rank 0 and broadcast: MPI_Allreduce may add in another order on each rank, and parameters that differ in
  // the last bit diverge.
  template <class T>
  void reduce_and_broadcast(std::span<T> values, MPI_Datatype type) {
    constexpr std::size_t kMost = std::numeric_limits<int>::max() / 2;  // MPI counts in int
    while (!values.empty()) {
      const auto part = values.first(std::min(values.size(), kMost));
      const int count = static_cast<int>(part.size());
      const void* send = rank_ == 0 ? MPI_IN_PLACE : static_cast<const void*>(part.data());
      check(MPI_Reduce(send, part.data(), count, type, MPI_SUM, 0, MPI_COMM_WORLD));
      check(MPI_Bcast(part.data(), count, type, 0, MPI_COMM_WORLD));
      values = values.subspan(part.size());
    }
  }

  int rank_ = 0, size_ = 1, local_rank_ = 0;
  MPI_Comm machine_ = MPI_COMM_NULL;  // the ranks on this machine
};

#endif

}  // namespace

std::unique_ptr<Communicator> open_communicator() {
  if (launched_size() <= 1) return std::make_unique<SingleRank>();
#ifdef MATINEE_MPI
  return std::make_unique<MpiCommunicator>();
#else
  throw usage_error("started as one of {} processes, but built without MPI", launched_size())
      .add_remedy("install libopenmpi-dev and make again, or start one process");
#endif
}

}  // namespace matinee
