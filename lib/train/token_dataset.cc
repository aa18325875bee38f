#include "lib/train/token_dataset.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "lib/base/format_error.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::size_t kOpenRows = 64;

std::int64_t number_in(const Metadata& metadata, const std::string& path, const std::string& key) {
  const auto found = metadata.find("matinee." + key);
  if (found == metadata.end()) throw bad_data("{}: metadata matinee.{} is missing", path, key);
  std::int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  if (const auto [stop, error] = std::from_chars(found->second.data(), end, value);
      error != std::errc() || stop != end) {
    throw bad_data("{}: metadata matinee.{}: expected a whole number, found \"{}\"", path, key, found->second);
  }
  return value;
}

std::string text_in(const Metadata& metadata, const std::string& path, const std::string& key) {
  const auto found = metadata.find("matinee." + key);
  if (found == metadata.end()) throw bad_data("{}: metadata matinee.{} is missing", path, key);
  return found->second;
}

}  // namespace

TokenDataset::TokenDataset(const std::string& path) : file_(path, "tokens", "tokenize") {
  const Metadata& metadata = file_.metadata();
  info_.vocab_size = number_in(metadata, path, "vocab_size");
  info_.seq_len = number_in(metadata, path, "seq_len");
  info_.bos_token_id = static_cast<std::int32_t>(number_in(metadata, path, "bos_token_id"));
  info_.eos_token_id = static_cast<std::int32_t>(number_in(metadata, path, "eos_token_id"));
  info_.tokenizer_fingerprint = text_in(metadata, path, "tokenizer_sha");
  info_.prompt_template = text_in(metadata, path, "template");

  input_ids_ = file_.view<std::int32_t>("input_ids");
  loss_mask_ = file_.view<std::uint8_t>("loss_mask");
  offsets_ = file_.view<std::int64_t>("sample_offsets");
  const auto total = static_cast<std::int64_t>(input_ids_.size());
  if (loss_mask_.size() != input_ids_.size()) {
    throw bad_data("{}: loss_mask has {} elements, input_ids {}", path, loss_mask_.size(), input_ids_.size());
  }
  if (offsets_.empty() || offsets_.front() != 0 || offsets_.back() != total) {
    throw bad_data("{}: sample_offsets: expected 0 first and {} last", path, total);
  }
  if (offsets_.size() == 1) throw bad_data("{}: no samples", path);
  places_.resize(offsets_.size() - 1);
  std::iota(places_.begin(), places_.end(), 0u);
  for (std::int64_t sample = 0; sample < n_samples(); ++sample) {
    const auto s = static_cast<std::size_t>(sample);
    const std::int64_t length = offsets_[s + 1] - offsets_[s];
    if (length <= 0 || offsets_[s + 1] > total) {
      throw bad_data("{}: sample {}: expected offsets that rise, found {} after {}", path, sample, offsets_[s + 1],
                     offsets_[s]);
    }
    if (length > info_.seq_len) {
      throw bad_data("{}: sample {}: expected at most {} tokens (seq_len), found {}", path, sample, info_.seq_len,
                     length);
    }
    const auto ids = input_ids(sample);
    for (std::size_t t = 0; t < ids.size(); ++t) {
      if (ids[t] < 0 || ids[t] >= info_.vocab_size) {
        throw bad_data("{}: sample {}, token {}: expected an id in 0 to {}, found {}", path, sample, t,
                       info_.vocab_size - 1, ids[t]);
      }
    }
  }
  count_samples();
}

void TokenDataset::keep(std::int64_t count, std::uint64_t seed) {
  if (count == 0) return;
  if (count > n_samples()) throw usage_error("--samples: {} has {} samples, found {}", path(), n_samples(), count);
  Random random(seed, "samples");
  random.shuffle(places_);
  places_.resize(static_cast<std::size_t>(count));
  std::sort(places_.begin(), places_.end());
  count_samples();
}

void TokenDataset::count_samples() {
  n_tokens_ = n_supervised_ = 0;
  largest_id_ = 0;
  bool end_supervised = false;
  for (std::int64_t sample = 0; sample < n_samples(); ++sample) {
    const auto ids = input_ids(sample);
    const auto mask = loss_mask(sample);
    n_tokens_ += static_cast<std::int64_t>(ids.size());
    n_supervised_ += supervised_tokens(sample);
    for (std::size_t t = 0; t < ids.size(); ++t) {
      largest_id_ = std::max(largest_id_, ids[t]);
      end_supervised |= t > 0 && mask[t] != 0 && ids[t] == info_.eos_token_id;
    }
  }
  if (!end_supervised) {
    throw bad_data("{}: no sample has a supervised end token (id {}); a model trained on it would never stop writing",
                   path(), info_.eos_token_id)
        .add_remedy("make it again with tokenize, which ends every output with the end token");
  }
}

void TokenDataset::require_ids_below(std::int64_t vocab_size, const std::string& model) const {
  if (largest_id_ < vocab_size) return;
  for (std::int64_t sample = 0; sample < n_samples(); ++sample) {
    const auto ids = input_ids(sample);
    const auto beyond = std::find_if(ids.begin(), ids.end(), [&](std::int32_t id) { return id >= vocab_size; });
    if (beyond == ids.end()) continue;
    throw bad_data("{}: sample {}, token {}: the id {}, but {} has rows for {} tokens only", path(),
                   places_[static_cast<std::size_t>(sample)], beyond - ids.begin(), *beyond, model, vocab_size)
        .add_remedy("leave that token out of the texts, or resize the model's embeddings to the tokenizer");
  }
}

std::span<const std::int32_t> TokenDataset::input_ids(std::int64_t sample) const {
  const std::size_t s = places_[static_cast<std::size_t>(sample)];
  return input_ids_.subspan(static_cast<std::size_t>(offsets_[s]),
                            static_cast<std::size_t>(offsets_[s + 1] - offsets_[s]));
}

std::span<const std::uint8_t> TokenDataset::loss_mask(std::int64_t sample) const {
  const std::size_t s = places_[static_cast<std::size_t>(sample)];
  return loss_mask_.subspan(static_cast<std::size_t>(offsets_[s]),
                            static_cast<std::size_t>(offsets_[s + 1] - offsets_[s]));
}

std::int64_t TokenDataset::supervised_tokens(std::int64_t sample) const {
  const auto mask = loss_mask(sample).subspan(1);
  return std::count_if(mask.begin(), mask.end(), [](std::uint8_t bit) { return bit != 0; });
}

std::uint64_t TokenDataset::fingerprint() const {
  const auto text = [](const auto& values) {
    const auto bytes = std::as_bytes(values);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  std::uint64_t hash = hash64(text(input_ids_));
  hash = hash64(text(loss_mask_), hash);
  return hash64(text(offsets_), hash);
}

std::vector<PackedRow> TokenDataset::rows_of_epoch(std::uint64_t seed, std::int64_t epoch) const {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(n_samples()));
  std::iota(order.begin(), order.end(), 0u);
  Random random(seed, "epoch", static_cast<std::uint64_t>(epoch));
  random.shuffle(order);
  return pack(order);
}

std::vector<PackedRow> TokenDataset::rows_in_order() const {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(n_samples()));
  std::iota(order.begin(), order.end(), 0u);
  return pack(order);
}

std::vector<PackedRow> TokenDataset::pack(std::span<const std::uint32_t> order) const {
  struct OpenRow {
    PackedRow samples;
    std::int64_t left;
  };
  std::vector<PackedRow> rows;
  std::vector<OpenRow> open;
  for (const std::uint32_t sample : order) {
    const auto length = static_cast<std::int64_t>(input_ids(sample).size());
    auto fits = std::find_if(open.begin(), open.end(), [&](const OpenRow& row) { return row.left >= length; });
    if (fits == open.end()) {
      if (open.size() == kOpenRows) {
        // Close the fullest: the others have more room for the samples to come.
        const auto fullest = std::min_element(open.begin(), open.end(),
                                              [](const OpenRow& a, const OpenRow& b) { return a.left < b.left; });
        rows.push_back(std::move(fullest->samples));
        open.erase(fullest);
      }
      open.push_back({{}, info_.seq_len});
      fits = open.end() - 1;
    }
    fits->samples.push_back(sample);
    fits->left -= length;
  }
  for (OpenRow& row : open) rows.push_back(std::move(row.samples));
  return rows;
}

TokenCounts TokenDataset::count(std::span<const PackedRow> rows) const {
  TokenCounts counts;
  for (const PackedRow& row : rows) {
    for (const std::uint32_t sample : row) {
      counts.tokens += static_cast<std::int64_t>(input_ids(sample).size());
      counts.supervised += supervised_tokens(sample);
    }
  }
  return counts;
}

TokenBatch TokenDataset::batch(std::span<const PackedRow> rows) const {
  TokenBatch batch;
  for (const PackedRow& row : rows) {
    for (const std::uint32_t sample : row) {
      const auto ids = input_ids(sample);
      const auto mask = loss_mask(sample);
      const auto start = static_cast<std::int32_t>(batch.input_ids.size());
      for (std::size_t t = 0; t < ids.size(); ++t) {
        const bool supervised = t + 1 < ids.size() && mask[t + 1] != 0;
        batch.input_ids.push_back(ids[t]);
        batch.targets.push_back(supervised ? ids[t + 1] : -1);
        batch.segment_start.push_back(start);
        batch.positions.push_back(static_cast<std::int32_t>(t));
        batch.n_supervised += supervised ? 1 : 0;
      }
    }
  }
  return batch;
}

}  // namespace matinee
