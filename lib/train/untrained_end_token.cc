#include "lib/train/untrained_end_token.h"

#include <xxh_x86dispatch.h>  // XXH3 for the processor at hand

#include <algorithm>
#include <span>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/tensor_names.h"

namespace matinee {

std::string untrained_end_token(const std::string& base, const ModelConfig& config, const LoraConfig& lora,
                                std::int32_t end_token_id) {
  const std::string head_path = lm_head_path(config);
  const std::string path = config.tie_word_embeddings ? embed_tokens_path(config) : head_path;
  if (end_token_id < 0 || end_token_id >= config.vocab_size) return "";
  const auto* trained = lora.tokens_of(path);
  if (trained != nullptr && std::find(trained->begin(), trained->end(), end_token_id) != trained->end()) return "";
  // A tied embedding that is trained whole leaves the head as it is.
  if (lora.saves(head_path) || lora.targets(head_path)) return "";
  const CheckpointReader reader(base, config);
  const WeightSpec* head = reader.spec_of(path + ".weight");
  if (head == nullptr) return "";
  std::vector<std::uint64_t> hashes;  // of the rows
  bool is_zero = false;
  const auto width = static_cast<std::size_t>(config.hidden_size);
  reader.read(*head, [&](std::size_t, std::span<float> values) {
    for (; !values.empty(); values = values.subspan(width)) {
      const std::span<const float> row = values.first(width);
      if (hashes.size() == static_cast<std::size_t>(end_token_id))
        is_zero = std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
      hashes.push_back(XXH3_64bits(row.data(), row.size_bytes()));
    }
  });
  const auto same = std::count(hashes.begin(), hashes.end(), hashes[static_cast<std::size_t>(end_token_id)]) - 1;
  if (!is_zero && same == 0) return "";
  return fmt::format(
      "the base was never trained with the token that ends a reply ({}): its row of {} is {}, so LoRA of other layers "
      "cannot teach the model to stop; --trainable-tokens {}{} or --modules-to-save {} trains it, or make the tokens "
      "with a template that ends in a token that the base knows",
      end_token_id, path, is_zero ? "zero" : fmt::format("that of {} other token{}", same, same == 1 ? "" : "s"),
      config.tie_word_embeddings ? "" : fmt::format("{},{}=", end_token_id, path), end_token_id,
      head_path.substr(head_path.rfind('.') + 1));
}

}  // namespace matinee
