#include "lib/cluster/mpi_ranks.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <limits>

#include "lib/base/format_error.h"

#ifdef MATINEE_MPI
#include <mpi.h>
#endif

namespace matinee {
namespace {

// What Open MPI, Slurm, PMI-2 and MPICH's launchers say to the processes they start.
constexpr std::array<const char*, 3> kSizeVariables{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

int launched_size() {
  for (const char* name : kSizeVariables) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 1;
}

#ifdef MATINEE_MPI

class MpiRanks final : public Ranks {
 public:
  MpiRanks() {
    MPI_Init(nullptr, nullptr);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  // A rank that fails must not wait here for the others, who wait for it in a sum: it ends, and the launcher ends them.
  ~MpiRanks() override {
    if (std::uncaught_exceptions() == 0) MPI_Finalize();
  }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void sum(std::span<float> values) override { sum_of(values, MPI_FLOAT); }
  void sum(std::span<double> values) override { sum_of(values, MPI_DOUBLE); }
  void wait_for_all() override { check(MPI_Barrier(MPI_COMM_WORLD)); }

 private:
  void check(int status) const {
    if (status == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(status, text.data(), &length);
    throw resource_error("rank {} of {}: the ranks lost each other: {}", rank_, size_, text.data());
  }

  // Summed on one rank and sent from there: an all-reduce may add in another order on each rank, and ranks whose
  // parameters differ in a last bit drift apart.
  template <class T>
  void sum_of(std::span<T> values, MPI_Datatype type) {
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

  int rank_ = 0, size_ = 1;
};

#endif

}  // namespace

std::unique_ptr<Ranks> open_ranks() {
  if (launched_size() <= 1) return std::make_unique<OneRank>();
#ifdef MATINEE_MPI
  return std::make_unique<MpiRanks>();
#else
  throw usage_error("started as one of {} processes, but built without MPI", launched_size())
      .add_remedy("install libopenmpi-dev and make again, or start one process");
#endif
}

}  // namespace matinee
