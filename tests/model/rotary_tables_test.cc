// Frequencies and attention factors of scaled rotary embedding, compared with transformers 5.24's ROPE_INIT_FUNCTIONS.

#include "lib/model/rotary_tables.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

// `fields` follow those of a model with 28 heads of 128 elements and 32,768 positions.
ModelConfig wide_model(const std::string& fields) {
  return parse_model_config(
      R"({"model_type":"llama","vocab_size":100,"hidden_size":3584,"intermediate_size":100,"num_hidden_layers":1,)"
      R"("num_attention_heads":28,"num_key_value_heads":4,"max_position_embeddings":32768,)" +
          fields + "}",
      "config.json");
}

std::string list(double first, double step, double power, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? "," : "") + std::to_string(first + step * std::pow(static_cast<double>(i), power));
  return "[" + text + "]";
}

ModelConfig phi3(std::int64_t heads, const std::string& fields) {
  return parse_model_config(
      R"({"model_type":"phi3","vocab_size":100,"hidden_size":3072,"intermediate_size":100,"num_hidden_layers":1,)"
      R"("num_attention_heads":)" +
          std::to_string(heads) + R"(,"max_position_embeddings":131072,"original_max_position_embeddings":4096,)" +
          fields + "}",
      "config.json");
}

struct Golden {
  std::int64_t pair;
  double frequency;
};

void expect_frequencies(const ModelConfig& config, double attention_factor, const std::vector<Golden>& goldens) {
  const std::vector<double> found = rotary_frequencies(config);
  ASSERT_EQ(static_cast<std::int64_t>(found.size()), config.rotated_elements() / 2);
  // transformers computes them in float32.
  for (const auto& [pair, frequency] : goldens)
    EXPECT_NEAR(found[static_cast<std::size_t>(pair)] / frequency, 1, 1e-6) << pair;
  EXPECT_NEAR(config.rope_attention_factor, attention_factor, 1e-12);
}

// As the model card of Qwen2.5 says for long texts.
TEST(RotaryTables, Yarn) {
  const ModelConfig config = wide_model(R"("rope_theta":1000000.0,"rope_scaling":{"type":"yarn","factor":4.0,)"
                                        R"("original_max_position_embeddings":32768})");
  expect_frequencies(config, 1.138629436111989,
                     {{0, 1},
                      {1, 0.805842221},
                      {16, 0.0316227786},
                      {29, 0.00140511245},
                      {32, 0.000602941145},
                      {39, 6.4903943e-05},
                      {48, 7.90569356e-06},
                      {63, 3.10234441e-07}});
  EXPECT_EQ(config.max_position_embeddings, 131072);
}

TEST(RotaryTables, YarnWithStrengthsOfItsAttention) {
  const ModelConfig config = wide_model(
      R"("rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":40.0,"beta_fast":32,"beta_slow":1,)"
      R"("original_max_position_embeddings":4096,"mscale":1.0,"mscale_all_dim":0.707})");
  expect_frequencies(config, 1.0857263992561355,
                     {{0, 1},
                      {1, 0.865964353},
                      {16, 0.100000001},
                      {29, 0.010202013},
                      {32, 0.00550000044},
                      {39, 0.00104987563},
                      {48, 2.49999994e-05},
                      {63, 2.88695469e-06}});
}

TEST(RotaryTables, YarnThatBlendsBetweenPairs) {
  const ModelConfig config = wide_model(
      R"("rope_theta":150000,"rope_scaling":{"rope_type":"yarn","factor":32.0,"beta_fast":16.0,"beta_slow":2.0,)"
      R"("original_max_position_embeddings":4096,"truncate":false,"attention_factor":1.25})");
  expect_frequencies(config, 1.25,
                     {{0, 1},
                      {1, 0.830086946},
                      {16, 0.0508132726},
                      {29, 0.000953309878},
                      {32, 8.0687154e-05},
                      {39, 2.19113645e-05},
                      {48, 4.09997847e-06},
                      {63, 2.50977735e-07}});
}

TEST(RotaryTables, LinearAndDynamic) {
  expect_frequencies(wide_model(R"("rope_theta":1000000,"rope_scaling":{"type":"linear","factor":4.0})"), 1,
                     {{0, 0.25}, {29, 0.000477738213}, {63, 3.10234441e-07}});
  // Within max_position_embeddings nothing changes, whatever the first length is.
  const ModelConfig dynamic = wide_model(R"("rope_theta":1000000,"rope_scaling":{"rope_type":"dynamic","factor":2.0,)"
                                         R"("original_max_position_embeddings":4096})");
  expect_frequencies(dynamic, 1, {{0, 1}, {29, 0.00191095285}, {63, 1.24093776e-06}});
  EXPECT_EQ(dynamic.max_position_embeddings, 32768);
}

TEST(RotaryTables, LongropeTakesItsLongFactorsForLongRuns) {
  ModelConfig config = phi3(32, R"("rope_scaling":{"type":"longrope","short_factor":)" + list(1, 0.05, 1, 48) +
                                    R"(,"long_factor":)" + list(1, 1.0 / 32, 2, 48) + "}");
  const std::vector<Golden> short_goldens{{0, 1},
                                          {1, 0.786099255},
                                          {12, 0.0625},
                                          {21, 0.00867453404},
                                          {24, 0.0045454544},
                                          {31, 0.00102359126},
                                          {36, 0.000357142853},
                                          {47, 3.61650018e-05}};
  const std::vector<Golden> long_goldens{{0, 1},
                                         {1, 0.800391912},
                                         {12, 0.0181818176},
                                         {21, 0.00120306434},
                                         {24, 0.000526315765},
                                         {31, 8.41138462e-05},
                                         {36, 2.40963855e-05},
                                         {47, 1.72998125e-06}};
  constexpr double kFactor = 1.1902380714238083;
  expect_frequencies(config, kFactor, short_goldens);
  config.longest_text = 4096;
  expect_frequencies(config, kFactor, short_goldens);
  config.longest_text = 4097;
  EXPECT_TRUE(takes_long_factors(config));
  EXPECT_EQ(
      describe_longrope(config),
      "longrope: the factors for long texts, as the longest text of this run has 4097 tokens and the first length "
      "is 4096");
  expect_frequencies(config, kFactor, long_goldens);
  // Phi-4-mini: three quarters of a head are rotated, and a factor for the attention is given.
  ModelConfig partial =
      phi3(24, R"("num_key_value_heads":8,"partial_rotary_factor":0.75,"rope_scaling":{"type":"su","factor":16.0,)"
               R"("short_factor":)" +
                   list(1, 0, 1, 48) + R"(,"long_factor":)" + list(1, 1.0 / 32, 2, 48) + "}");
  EXPECT_EQ(partial.rotated_elements(), 96);
  partial.longest_text = 8192;
  expect_frequencies(partial, 1.1547005383792517, long_goldens);
}

TEST(RotaryTables, ParametersThatCannotBeAreRefused) {
  const auto refuses = [](const std::string& fields, const std::string& why) {
    const std::string error = error_of([&] { wide_model(fields); });
    EXPECT_NE(error.find(why), std::string::npos) << error;
  };
  refuses(R"("rope_scaling":{"type":"yarn","factor":4.0,"low_freq_factor":1.0})", "low_freq_factor: 1.0");
  refuses(R"("rope_scaling":{"type":"yarn","factor":-4.0})", "expected a positive number");
  refuses(R"("rope_scaling":{"type":"longrope","long_factor":[1]})", "short_factor");
  refuses(R"("rope_scaling":{"type":"yarn","factor":2.0,"mscale":-9,"mscale_all_dim":-20})", "attention factor of");
  refuses(R"("partial_rotary_factor":0.5)", "partial_rotary_factor: expected 1.0");
}

}  // namespace
}  // namespace matinee
