#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

/// Steps of neighbor_layout, for its progress.
constexpr int layout_steps() { return 750; }

/// Places in the plane [n, 2] that have the neighbors of a graph as their neighbors: t-SNE (van der Maaten, Hinton
/// 2008, "Visualizing data using t-SNE", JMLR 9) with the same affinity for all neighbors, from the places `start`,
/// with learning rates and exaggeration as in Belkina et al. 2019, "Automated optimized parameters for t-SNE", and
/// Kobak, Berens 2019, "The art of using t-SNE for single-cell transcriptomics" (both Nature Communications 10).
/// `neighbors` [n, k]: ids, -1 where there are fewer; no movie is its own. The same bytes with any number of threads.
/// Cost: layout_steps() times O(n · (k + log n)).
std::vector<float> neighbor_layout(std::span<const std::int32_t> neighbors, std::int32_t k, std::vector<float> start,
                                   ThreadPool& pool, const std::function<void()>& step_done = {});

}  // namespace matinee
