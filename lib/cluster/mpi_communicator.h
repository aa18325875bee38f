#pragma once

#include <memory>

#include "lib/train/communicator.h"

namespace matinee {

/// The ranks that mpirun or srun started this process as one of, over MPI; alone where neither did, where there is just
/// one, or in a build without MPI. To be called once in a process, before any thread starts.
/// Throws Error(kUsage) where a launcher started several processes and this build has no MPI.
std::unique_ptr<Communicator> open_communicator();

}  // namespace matinee
