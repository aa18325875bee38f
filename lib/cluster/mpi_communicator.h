#pragma once

#include <memory>

#include "lib/train/communicator.h"

namespace matinee {

/// The MPI communicator of the processes started by mpirun or srun; a SingleRank for a process that was started alone.
/// Call it once per process, before any thread starts. Throws Error(kUsage) if a launcher started several processes and
/// this build has no MPI.
std::unique_ptr<Communicator> open_communicator();

}  // namespace matinee
