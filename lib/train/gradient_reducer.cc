#include "lib/train/gradient_reducer.h"

#include <algorithm>
#include <span>

namespace matinee {

// Among parameters with equal optimizer options, layers rise with the place in memory, so a bucket is a range of
// layers. It ends at the first layer boundary where it is large enough, and where the layer number falls.
GradientReducer::GradientReducer(ParameterSet& parameters, Communicator& communicator, AllReduce* device,
                                 std::size_t bytes)
    : parameters_(parameters), communicator_(communicator), device_(device) {
  std::int64_t last_layer = -1;
  for (const std::size_t i : parameters.by_place()) {
    const Parameter& p = parameters.all()[i];
    const bool enough = !buckets_.empty() && p.layer != last_layer && buckets_.back().size * sizeof(float) >= bytes;
    const bool turns = p.layer < last_layer || (p.layer >= 0) != (last_layer >= 0);
    if (buckets_.empty() || enough || turns) buckets_.push_back({p.layer, p.place, 0});
    buckets_.back().size = p.place + padded_elements(p.grad.size()) - buckets_.back().first;
    last_layer = p.layer;
  }
  std::stable_sort(buckets_.begin(), buckets_.end(),
                   [](const Bucket& a, const Bucket& b) { return a.lowest_layer > b.lowest_layer; });
}

void GradientReducer::layer_done(std::int64_t layer) {
  if (device_ == nullptr) return;
  for (; next_ < buckets_.size() && buckets_[next_].lowest_layer >= layer; ++next_) start(buckets_[next_]);
}

void GradientReducer::start(const Bucket& bucket) {
  device_->start(parameters_.gradients().data() + bucket.first, bucket.size);
}

void GradientReducer::finish() {
  if (communicator_.size() == 1) return;
  DeviceSpan<float>& gradients = parameters_.gradients();
  if (device_ != nullptr) {
    for (; next_ < buckets_.size(); ++next_) start(buckets_[next_]);
    device_->finish();
    next_ = 0;
  } else if (gradients.allocator()->is_host()) {
    communicator_.all_reduce(std::span<float>(gradients.data(), gradients.size()));
  } else {
    host_.resize(gradients.size());
    gradients.download(host_);
    communicator_.all_reduce(std::span<float>(host_));
    gradients.upload(host_);
  }
}

}  // namespace matinee
