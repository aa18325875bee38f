#pragma once

#include <string>
#include <vector>

#include "lib/train/sweep.h"

namespace matinee {

/// The finished runs that have the value they are ranked by, best first; of equal ones the earlier.
std::vector<std::size_t> ranking(const Sweep& sweep);

/// sweep.tsv: a line per run, the ranked ones first, then those without a value, and dropped, diverged and failed ones.
/// It holds no times, so it is the same for the same sweep.
std::string sweep_table(const Sweep& sweep);

/// Writes sweep.tsv and points the symbolic link `best` at the best run, each atomically, from all records that are in
/// the folder. Several processes may do so at once: the last one to finish writes the table of all.
void write_sweep_table(Sweep& sweep);

}  // namespace matinee
