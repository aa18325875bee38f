#include "lib/train/gradient_sum.h"

#include <algorithm>
#include <span>

namespace matinee {

// Within what is updated alike layers rise with the place, so a piece is some layers that follow each other. It ends
// between two layers where it is large enough, and before a layer that is lower than the last.
GradientSum::GradientSum(ParameterSet& parameters, Ranks& ranks, DeviceSum* device, std::size_t bytes)
    : parameters_(parameters), ranks_(ranks), device_(device) {
  std::int64_t last_layer = -1;
  for (const std::size_t i : parameters.by_place()) {
    const Parameter& p = parameters.all()[i];
    const bool enough = !pieces_.empty() && p.layer != last_layer && pieces_.back().size * sizeof(float) >= bytes;
    const bool turns = p.layer < last_layer || (p.layer >= 0) != (last_layer >= 0);
    if (pieces_.empty() || enough || turns) pieces_.push_back({p.layer, p.place, 0});
    pieces_.back().size = p.place + padded_elements(p.grad.size()) - pieces_.back().first;
    last_layer = p.layer;
  }
  std::stable_sort(pieces_.begin(), pieces_.end(),
                   [](const Piece& a, const Piece& b) { return a.lowest_layer > b.lowest_layer; });
}

void GradientSum::layer_done(std::int64_t layer) {
  if (device_ == nullptr) return;
  for (; next_ < pieces_.size() && pieces_[next_].lowest_layer >= layer; ++next_) start(pieces_[next_]);
}

void GradientSum::start(const Piece& piece) {
  device_->start(parameters_.gradients().data() + piece.first, piece.size);
}

void GradientSum::finish() {
  if (ranks_.size() == 1) return;
  DeviceSpan<float>& gradients = parameters_.gradients();
  if (device_ != nullptr) {
    for (; next_ < pieces_.size(); ++next_) start(pieces_[next_]);
    device_->finish();
    next_ = 0;
  } else if (gradients.memory()->is_host()) {
    ranks_.sum(std::span<float>(gradients.data(), gradients.size()));
  } else {
    host_.resize(gradients.size());
    gradients.download(host_);
    ranks_.sum(std::span<float>(host_));
    gradients.upload(host_);
  }
}

}  // namespace matinee
