#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/lora_matmul/lora_matmul.h"
#include "lib/model/decoder_training.h"
#include "lib/model/lora_adapter.h"
#include "tests/support/in_place.h"

namespace matinee::testing {

/// A LLaMA decoder in float64 with plain loops, written from the papers. It shares only the shapes and the random
/// numbers of dropout with the library. Tests compare gradients with finite differences of its loss.
class ReferenceDecoder {
 public:
  using Tensor = std::vector<double>;

  ReferenceDecoder(const ModelConfig& config, const ParameterSet& weights) : config_(config) { add(weights); }

  /// An adapter's factors by their names in its file.
  void add_adapter(const LoraConfig& lora, const ParameterSet& factors) {
    lora_ = lora;
    add(factors);
  }
  void set_dropout(const DropoutKey& key) {
    dropout_ = key;
    drops_ = true;
  }
  Tensor& tensor(const std::string& name) { return tensors_.at(name); }
  /// Seed 0: exact. Other seeds imitate the rounding errors of float32: each intermediate result is multiplied by
  /// 1 + e, |e| <= 2^-24. The errors e are fixed by the seed, so the loss stays a smooth function of the tensors.
  void set_rounding(std::uint64_t seed) { rounding_seed_ = seed; }

  /// Sum of -ln p(target) over the supervised tokens.
  double loss(const PackedBatch& batch) const {
    const auto all = logits(batch);
    double sum = 0;
    for (std::size_t t = 0; t < all.size(); ++t) {
      if (batch.targets[t] == kIgnoredTarget) continue;
      double total = 0;
      for (const double logit : all[t]) total += std::exp(logit);
      sum += std::log(total) - all[t][static_cast<std::size_t>(batch.targets[t])];
    }
    return sum;
  }

  /// [tokens][vocab_size].
  std::vector<Tensor> logits(const PackedBatch& batch) const {
    roundings_ = 0;
    std::vector<Tensor> stream;
    const Tensor& table = tensors_.at("model.embed_tokens.weight");
    for (const std::int32_t id : batch.tokens) {
      const auto row = table.begin() + id * config_.hidden_size;
      stream.emplace_back(row, row + config_.hidden_size);
    }
    rows_supervised_before_.clear();
    std::int64_t supervised = 0;
    for (const std::int32_t target : batch.targets) {
      rows_supervised_before_.push_back(supervised);
      supervised += target != kIgnoredTarget;
    }
    for (std::int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) block(layer, batch, stream);
    const Tensor& head = tensors_.at(config_.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
    std::vector<Tensor> result;
    for (const Tensor& row : stream) result.push_back(product(head, norm(row, "model.norm.weight")));
    return result;
  }

 private:
  void add(const ParameterSet& parameters) {
    for (const Parameter& p : parameters.all())
      tensors_[p.name] = Tensor(in_place(p.value).begin(), in_place(p.value).end());
  }

  // The n-th call of a pass changes its value by a relative error from splitmix64(seed, n) in [-2^-24, 2^-24).
  double rounded(double value) const {
    if (rounding_seed_ == 0) return value;
    std::uint64_t bits = (rounding_seed_ << 32) + ++roundings_ * 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return value + value * 0x1p-87 * static_cast<double>(static_cast<std::int64_t>(bits));
  }

  Tensor product(const Tensor& weight, const Tensor& x) const {
    Tensor y(weight.size() / x.size());
    for (std::size_t o = 0; o < y.size(); ++o) {
      for (std::size_t i = 0; i < x.size(); ++i) y[o] = rounded(y[o] + weight[o * x.size() + i] * x[i]);
    }
    return y;
  }

  Tensor norm(const Tensor& x, const std::string& name) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double rstd = rounded(1 / std::sqrt(squares / static_cast<double>(x.size()) + config_.norm_eps));
    Tensor y = tensors_.at(name);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = rounded(y[i] * x[i] * rstd);
    return y;
  }

  Tensor linear(std::int64_t layer, Module module, std::size_t t, const Tensor& x) const {
    Tensor y = product(tensors_.at(module_path(config_, layer, module) + ".weight"), x);
    const std::string prefix = "base_model.model." + module_path(config_, layer, module);
    const auto a = tensors_.find(prefix + ".lora_A.weight");
    if (a == tensors_.end()) return y;
    Tensor kept = x;
    if (drops_) {
      const LoraDropout dropout = dropout_of(layer, module);
      // From the last attention on, only supervised rows exist.
      const bool compact = layer + 1 == config_.num_hidden_layers && module >= Module::kO;
      const auto row = compact ? rows_supervised_before_[t] : static_cast<std::int64_t>(t);
      for (std::size_t i = 0; i < x.size(); ++i) {
        kept[i] *= lora_dropout_factor(dropout, static_cast<std::int64_t>(x.size()), row, static_cast<std::int64_t>(i));
      }
    }
    const Tensor delta = product(tensors_.at(prefix + ".lora_B.weight"), product(a->second, kept));
    for (std::size_t o = 0; o < y.size(); ++o)
      y[o] = rounded(y[o] + lora_.lora_alpha / static_cast<double>(lora_.rank) * delta[o]);
    return y;
  }

  LoraDropout dropout_of(std::int64_t layer, Module module) const {
    return {static_cast<float>(lora_.lora_dropout), lora_dropout_key(dropout_, layer, module), 0};
  }

  // LLaMA's pairs are (i, i + head_dim / 2).
  void rotate(Tensor& x, std::int32_t position) const {
    const auto dim = static_cast<std::size_t>(config_.head_dim), half = dim / 2;
    for (std::size_t head = 0; head < x.size(); head += dim) {
      for (std::size_t i = 0; i < half; ++i) {
        const double angle =
            position * std::pow(config_.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
        const double first = x[head + i], second = x[head + i + half];
        x[head + i] = rounded(first * std::cos(angle) - second * std::sin(angle));
        x[head + i + half] = rounded(second * std::cos(angle) + first * std::sin(angle));
      }
    }
  }

  void block(std::int64_t layer, const PackedBatch& batch, std::vector<Tensor>& stream) const {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    std::vector<Tensor> q, k, v;
    for (std::size_t t = 0; t < stream.size(); ++t) {
      const Tensor x = norm(stream[t], prefix + "input_layernorm.weight");
      q.push_back(linear(layer, Module::kQ, t, x));
      k.push_back(linear(layer, Module::kK, t, x));
      v.push_back(linear(layer, Module::kV, t, x));
      rotate(q.back(), batch.positions[t]);
      rotate(k.back(), batch.positions[t]);
    }
    const auto dim = static_cast<std::size_t>(config_.head_dim);
    const auto group = static_cast<std::size_t>(config_.num_attention_heads / config_.num_key_value_heads);
    for (std::size_t t = 0; t < stream.size(); ++t) {
      Tensor attended(q[t].size());
      for (std::size_t head = 0; head * dim < attended.size(); ++head) {
        const std::size_t at = head * dim, kv = head / group * dim;
        Tensor scores;
        double sum = 0;
        const auto start = static_cast<std::size_t>(batch.segment_start[t]);
        for (std::size_t s = start; s <= t; ++s) {
          double score = 0;
          for (std::size_t i = 0; i < dim; ++i) score = rounded(score + q[t][at + i] * k[s][kv + i]);
          sum += std::exp(scores.emplace_back(rounded(score / std::sqrt(static_cast<double>(dim)))));
        }
        // The backward pass recomputes the weights from this sum in float32.
        const double logsumexp = rounded(std::log(sum));
        for (std::size_t s = start; s <= t; ++s) {
          const double weight = std::exp(scores[s - start] - logsumexp);
          for (std::size_t i = 0; i < dim; ++i) attended[at + i] = rounded(attended[at + i] + weight * v[s][kv + i]);
        }
      }
      add_to(stream[t], linear(layer, Module::kO, t, attended));
      const Tensor x = norm(stream[t], prefix + "post_attention_layernorm.weight");
      Tensor inner = linear(layer, Module::kGate, t, x);
      const Tensor up = linear(layer, Module::kUp, t, x);
      for (std::size_t i = 0; i < inner.size(); ++i) inner[i] = rounded(inner[i] * up[i] / (1 + std::exp(-inner[i])));
      add_to(stream[t], linear(layer, Module::kDown, t, inner));
    }
  }

  void add_to(Tensor& sum, const Tensor& x) const {
    for (std::size_t i = 0; i < x.size(); ++i) sum[i] = rounded(sum[i] + x[i]);
  }

  ModelConfig config_;
  LoraConfig lora_;
  DropoutKey dropout_;
  bool drops_ = false;
  std::map<std::string, Tensor> tensors_;
  mutable std::vector<std::int64_t> rows_supervised_before_;
  std::uint64_t rounding_seed_ = 0;
  mutable std::uint64_t roundings_ = 0;
};

}  // namespace matinee::testing
