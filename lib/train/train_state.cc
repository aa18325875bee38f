#include "lib/train/train_state.h"

#include <cmath>

#include "kernels/adamw/adamw.h"
#include "kernels/adamw8/adamw8.h"
#include "kernels/context.h"

namespace matinee {
namespace {

static_assert(padded_elements(1) % kAdamW8Block == 0, "a block belongs to one tensor");

constexpr std::size_t kBlock = static_cast<std::size_t>(kAdamW8Block);

std::size_t blocks(std::size_t elements) { return (elements + kBlock - 1) / kBlock; }

bool same_update(const Parameter& a, const Parameter& b) { return a.decay == b.decay && a.lr_factor == b.lr_factor; }

}  // namespace

std::uint64_t moment_bytes(const std::vector<std::int64_t>& shape, bool use_8bit) {
  std::size_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::size_t>(extent);
  elements = padded_elements(elements);
  return use_8bit && is_large_matrix(shape) ? 2 * (elements + 4 * blocks(elements)) : 8 * elements;
}

TrainState::TrainState(ParameterSet& trained, bool moments_8bit) : parameters(trained) {
  const std::size_t end = trained.values().size();
  first_8bit_ = end;
  for (const Parameter& parameter : trained.all()) {
    if (moments_8bit && is_large_matrix(parameter.shape)) first_8bit_ = std::min(first_8bit_, parameter.place);
  }
  for (auto* moment : {&m_, &v_}) *moment = {trained.allocator(), first_8bit_};
  for (auto* codes : {&m_codes_, &r_codes_}) *codes = {trained.allocator(), end - first_8bit_};
  for (auto* scales : {&m_scales_, &r_scales_}) *scales = {trained.allocator(), blocks(end - first_8bit_)};
  fill_values(m_codes_, [] { return kAdamW8ZeroM; });
  fill_values(r_codes_, [] { return kAdamW8ZeroR; });
  for (const Parameter& parameter : trained.all()) {
    const std::size_t n = parameter.value.size();
    const bool is_f32 = parameter.place < first_8bit_;
    m.push_back(is_f32 ? m_.part(parameter.place, n) : DeviceSpan<float>());
    v.push_back(is_f32 ? v_.part(parameter.place, n) : DeviceSpan<float>());
    Moments8& moments = moments8.emplace_back();
    if (is_f32) continue;
    const std::size_t place = parameter.place - first_8bit_;
    moments = {m_codes_.part(place, n), r_codes_.part(place, n), m_scales_.part(place / kBlock, blocks(n)),
               r_scales_.part(place / kBlock, blocks(n))};
  }
}

double TrainState::gradient_norm(Context& context) const {
  const ScratchScope scope(context.scratch());
  auto* sum = context.scratch().take_array<double>(1);
  context.allocator()->zero(sum, sizeof *sum);
  const DeviceSpan<float>& gradients = parameters.gradients();
  squared_sum(context, {.n = static_cast<std::int64_t>(gradients.size()), .x = gradients.data(), .sum = sum});
  double result = 0;
  context.allocator()->download(&result, sum, sizeof result);
  return std::sqrt(result);
}

void TrainState::update(Context& context, const AdamWOptions& options, double learning_rate, std::int64_t step,
                        float grad_scale) {
  const std::vector<std::size_t>& by_place = parameters.by_place();
  const std::vector<Parameter>& all = parameters.all();
  for (std::size_t i = 0; i < by_place.size();) {
    const Parameter& like = all[by_place[i]];
    const std::size_t first = like.place;
    const bool is_f32 = first < first_8bit_;
    std::size_t end = first;
    for (; i < by_place.size(); ++i) {
      const Parameter& next = all[by_place[i]];
      if (!same_update(like, next) || (next.place < first_8bit_) != is_f32) break;
      end = next.place + padded_elements(next.value.size());
    }
    const auto with_options = [&](auto args) {
      args.n = static_cast<std::int64_t>(end - first);
      args.param = parameters.values().data() + first;
      args.grad = parameters.gradients().data() + first;
      args.learning_rate = learning_rate * like.lr_factor;
      args.beta1 = options.beta1;
      args.beta2 = options.beta2;
      args.eps = options.eps;
      args.weight_decay = like.decay ? options.weight_decay : 0;
      args.step = step;
      args.grad_scale = grad_scale;
      return args;
    };
    if (is_f32) {
      adamw_update(context, with_options(AdamWArgs{.m = m_.data() + first, .v = v_.data() + first}));
    } else {
      const std::size_t place = first - first_8bit_;
      adamw8_update(context, with_options(AdamW8Args{.m_codes = m_codes_.data() + place,
                                                     .m_scales = m_scales_.data() + place / kBlock,
                                                     .r_codes = r_codes_.data() + place,
                                                     .r_scales = r_scales_.data() + place / kBlock}));
    }
  }
}

void TrainState::allocate_best() {
  if (!best.empty()) return;
  best_ = {parameters.allocator(), parameters.values().size()};
  for (const Parameter& parameter : parameters.all())
    best.push_back(best_.part(parameter.place, parameter.value.size()));
}

void TrainState::keep_best() {
  allocate_best();
  best_.copy_from(parameters.values());
}

void TrainState::restore_best() {
  if (!best.empty()) parameters.values().copy_from(best_);
}

}  // namespace matinee
