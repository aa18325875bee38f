#include "lib/train/untrained_end_token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using testing::tiny_config;

// What is said of token 5 in a base whose head (or the embedding that is the head) `change` has changed.
template <class Change>
std::string said(bool tied, const std::vector<std::string>& saved, Change change) {
  const TemporaryFolder folder;
  ModelConfig config = tiny_config();
  config.tie_word_embeddings = tied;
  ParameterSet parameters;
  initialize_parameters(config, 3, parameters);
  const std::string name = tied ? "model.embed_tokens.weight" : "lm_head.weight";
  const auto width = static_cast<std::size_t>(config.hidden_size);
  const std::span<float> values = in_place(parameters.find(name)->value);
  change([&](std::size_t row) { return values.subspan(row * width, width); });
  save_model(folder.file("base"), config, parameters, DType::kF32);
  LoraConfig lora;
  lora.modules_to_save = saved;
  lora.resolve(config);
  return untrained_end_token(folder.file("base"), config, lora, 5);
}

TEST(UntrainedEndToken, IsARowThatIsZeroOrNotItsOwn) {
  const auto nothing = [](auto) {};
  const auto zero = [](auto row) { std::ranges::fill(row(5), 0.0F); };
  const auto equal = [](auto row) {
    for (const std::size_t other : {2, 30}) std::ranges::copy(row(5), row(other).begin());
  };
  const std::string advice =
      ", so LoRA of other layers cannot teach the model to stop; --trainable-tokens 5,lm_head=5 or "
      "--modules-to-save lm_head trains it, or make the tokens with a template that ends in a token that the base "
      "knows";
  EXPECT_EQ(said(false, {}, nothing), "");
  EXPECT_EQ(said(false, {}, zero),
            "the base was never trained with the token that ends a reply (5): its row of lm_head is zero" + advice);
  EXPECT_EQ(
      said(false, {}, equal),
      "the base was never trained with the token that ends a reply (5): its row of lm_head is that of 2 other tokens" +
          advice);
  EXPECT_EQ(said(false, {"lm_head"}, zero), "");
  EXPECT_NE(said(false, {"embed_tokens"}, zero), "");
  const std::string tied = said(true, {}, equal);
  EXPECT_NE(tied.find("its row of model.embed_tokens is"), std::string::npos) << tied;
  EXPECT_NE(tied.find("--trainable-tokens 5 or --modules-to-save lm_head"), std::string::npos) << tied;
  EXPECT_EQ(said(true, {"embed_tokens"}, equal), tied);
  EXPECT_EQ(said(true, {"lm_head"}, equal), "");
}

}  // namespace
}  // namespace matinee
