#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/model/lora_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// The name, shape and role of one tensor of an adapter.
struct LoraTensor {
  enum class Kind : std::uint8_t {
    kA,           ///< [rank, in]
    kB,           ///< [out, rank]
    kMagnitude,   ///< [out]
    kEmbeddingA,  ///< [vocab_size, rank], stored as [rank, vocab_size]
    kEmbeddingB,  ///< [hidden_size, rank]
    kBias,        ///< a trained bias of the base
    kWhole,       ///< a weight or bias of a fully trained layer (modules_to_save)
    kReplaced,    ///< a frozen weight that the adapter has its own copy of (LoraConfig::replaced_modules)
    kTokens,      ///< [tokens, hidden_size], rows of the embedding or the head
  };
  std::string name;  ///< PEFT's
  std::vector<std::int64_t> shape;
  Kind kind = Kind::kA;
  std::int64_t layer = -1;  ///< -1: not in a block
  LinearLayer linear;       ///< of the factors; of those of embedding and head only the path and the shape
  std::string base_name;    ///< of the others: the tensor of the base that it replaces, or rows of it
  RowOrder order = {};      ///< of the file's rows, where `heads` > 0

  bool is_trained() const { return kind != Kind::kReplaced; }
  bool is_stored_transposed() const { return kind == Kind::kEmbeddingA; }
  /// Whether it replaces a tensor of the base.
  bool replaces() const { return kind == Kind::kBias || kind == Kind::kWhole || kind == Kind::kReplaced; }
  /// In the file.
  std::vector<std::int64_t> stored_shape() const;
};

/// What PEFT puts before the path of a module.
inline constexpr const char* kPeftPrefix = "base_model.model.";

/// All tensors of an adapter of this configuration (see LoraConfig::resolve), in the order of its file.
std::vector<LoraTensor> lora_tensors(const ModelConfig& model, const LoraConfig& config);

}  // namespace matinee
