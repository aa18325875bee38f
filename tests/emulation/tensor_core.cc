#include <array>
#include <stdexcept>

#include "tests/emulation/cuda_emulation.h"

namespace matinee::emulation {
namespace {

struct Fragments {
  std::array<std::uint32_t, 4> a;
  std::array<std::uint32_t, 2> b;
};

// The fragments of all lanes of the warp.
class WarpFragments {
 public:
  WarpFragments(const std::uint32_t a[4], const std::uint32_t b[2]) {
    const Fragments mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
    const std::byte* all = exchange(&mine, sizeof mine);
    for (int lane = 0; lane < kWarp; ++lane) lanes_[static_cast<std::size_t>(lane)] = lane_value<Fragments>(all, lane);
  }
  // The register of a that holds a row's elements of quarter `quarter` of half `half` of the sum.
  std::uint32_t a(int row, int quarter, int half) const {
    return lanes_[static_cast<std::size_t>(row % 8 * 4 + quarter)].a[static_cast<std::size_t>(row / 8 + 2 * half)];
  }
  std::uint32_t b(int column, int quarter, int half) const {
    return lanes_[static_cast<std::size_t>(column * 4 + quarter)].b[static_cast<std::size_t>(half)];
  }

 private:
  std::array<Fragments, kWarp> lanes_;
};

// Calls add(row, column, index into c) for the four elements of this lane.
template <class Add>
void for_results(const Add& add) {
  const int lane = static_cast<int>(state.linear % kWarp), g = lane / 4, t = lane % 4;
  for (int i = 0; i < 4; ++i) add(g + i / 2 * 8, 2 * t + i % 2, i);
}

float half_of(std::uint32_t pair, int which) {
  return to_float(bf16{static_cast<std::uint16_t>(which == 0 ? pair : pair >> 16)});
}

}  // namespace

void mma_bf16(float c[4], const std::uint32_t a[4], const std::uint32_t b[2]) {
  const WarpFragments warp(a, b);
  for_results([&](int row, int column, int i) {
    float sum = c[i];
    for (int half = 0; half < 2; ++half) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        const std::uint32_t x = warp.a(row, quarter, half), y = warp.b(column, quarter, half);
        sum += half_of(x, 0) * half_of(y, 0) + half_of(x, 1) * half_of(y, 1);
      }
    }
    c[i] = sum;
  });
}

void mma_int8(int c[4], const std::uint32_t a[4], const std::uint32_t b[2]) {
  const WarpFragments warp(a, b);
  for_results([&](int row, int column, int i) {
    for (int half = 0; half < 2; ++half) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        const std::uint32_t x = warp.a(row, quarter, half), y = warp.b(column, quarter, half);
        for (int byte = 0; byte < 4; ++byte) {
          c[i] += static_cast<std::int8_t>(x >> 8 * byte) * static_cast<std::int8_t>(y >> 8 * byte);
        }
      }
    }
  });
}

void load_matrices(std::uint32_t to[4], const void* row, bool transposed) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
    throw std::runtime_error("a row of a matrix is not aligned to 16 bytes");
  const std::byte* all = exchange(&row, sizeof row);
  const int lane = static_cast<int>(state.linear % kWarp), g = lane / 4, t = lane % 4;
  for (int i = 0; i < 4; ++i) {
    const auto element = [&](int r, int column) {
      std::uint16_t value = 0;
      std::memcpy(&value, lane_value<const std::byte*>(all, 8 * i + r) + 2 * column, sizeof value);
      return static_cast<std::uint32_t>(value);
    };
    to[i] =
        transposed ? element(2 * t, g) | element(2 * t + 1, g) << 16 : element(g, 2 * t) | element(g, 2 * t + 1) << 16;
  }
}

}  // namespace matinee::emulation
