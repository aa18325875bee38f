// GGUF files as bases: configuration, weights in every format, hashes, and merging from them.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/io/gguf_writer.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/decoder_training.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/gguf_model.h"
#include "lib/model/merged_model.h"
#include "lib/model/model_parameters.h"
#include "tests/model/small_families.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

Context& context() {
  static ThreadPool pool(2);
  static Context context(pool);
  return context;
}

std::vector<float> logits_of(const ModelConfig& config, const ModelWeights& weights) {
  DecoderTraining decoder(context(), config, weights, nullptr, 16, MatmulPrecision::kF32);
  return decoder.logits(testing::tiny_samples(config.vocab_size).batch());
}

std::vector<float> logits_of_base(const std::string& base) {
  const ModelConfig config = read_model_config(base);
  const FrozenWeights weights(base, config, WeightFormat::kF32);
  return logits_of(config, weights.refs());
}

// An adapter that changes nothing (B is 0), to write a base as a GGUF file.
LoraAdapter no_change(const ModelConfig& config) {
  LoraConfig lora;
  lora.rank = 2;
  return LoraAdapter(config, lora, 5);
}

void write_gguf(const std::string& base, const ModelConfig& config, const char* mixture, const std::string& path) {
  LoraAdapter adapter = no_change(config);
  const LoraMerge merge(context(), config, adapter);
  write_merged_gguf(base, config, merge, gguf_mixture(mixture), "small", {}, path);
}

// A folder "hf" with a model of random weights, and the same as a GGUF file.
struct Pair {
  explicit Pair(ModelConfig model, const char* format = "f32") : config(std::move(model)) {
    ParameterSet parameters;
    initialize_parameters(config, 1, parameters);
    testing::randomise(parameters, 11);
    save_model(hf(), config, parameters, DType::kF32);
    write_gguf(hf(), config, format, gguf());
  }
  std::string hf() const { return folder.file("hf"); }
  std::string gguf() const { return folder.file("model.gguf"); }

  ModelConfig config;
  TemporaryFolder folder;
};

std::vector<std::pair<std::string, ModelConfig>> families_in_gguf(std::int64_t hidden_size) {
  auto all = testing::small_families(hidden_size);
  std::erase_if(all, [](const auto& family) {
    return !error_of([&] { gguf_names(family.second); }).empty();  // without GGUF files
  });
  return all;
}

class GgufBase : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {};

TEST_P(GgufBase, HasTheConfigurationAndTheLogitsOfItsFolder) {
  const Pair pair(GetParam().second);
  ModelConfig wanted = pair.config;
  const ModelConfig found = read_model_config(pair.gguf());
  // llama.cpp computes no window in most families, so the context is no longer than that, and Mistral is LLaMA.
  if (wanted.sliding_window > 0 && !gguf_architecture_of(wanted).windows) {
    wanted.max_position_embeddings = std::exchange(wanted.sliding_window, 0);
    if (wanted.model_type == "mistral") wanted.model_type = "llama";
  }
  EXPECT_EQ(model_config_json(found, "float32"), model_config_json(wanted, "float32"));
  EXPECT_EQ(found.qkv_bias, wanted.qkv_bias);
  EXPECT_EQ(found.mlp_bias, wanted.mlp_bias);
  EXPECT_EQ(logits_of(pair.config, FrozenWeights(pair.gguf(), pair.config, WeightFormat::kF32).refs()),
            logits_of_base(pair.hf()));
  ParameterSet from_hf, from_gguf;
  load_parameters(pair.hf(), pair.config, from_hf);
  load_parameters(pair.folder.path(), found, from_gguf);  // the folder holds one .gguf file
  for (std::size_t i = 0; i < from_hf.all().size(); ++i)
    EXPECT_EQ(from_gguf.all()[i].value.values(), from_hf.all()[i].value.values());
}

TEST_P(GgufBase, MergesToTheSameModelAsItsFolder) {
  const Pair pair(GetParam().second);
  const ModelConfig config = read_model_config(pair.gguf());
  LoraConfig lora;
  lora.rank = 3;
  LoraAdapter adapter(config, lora, 5);
  testing::randomise(adapter.parameters(), 8);
  const LoraMerge merge(context(), config, adapter);
  const TemporaryFolder out;
  for (const char* folder : {"from_gguf", "from_hf"}) make_folders(out.file(folder));
  write_merged_checkpoint(pair.gguf(), config, merge, out.file("from_gguf"));
  write_merged_checkpoint(pair.hf(), pair.config, merge, out.file("from_hf"));
  const ModelConfig merged = read_model_config(out.file("from_gguf"));
  EXPECT_EQ(model_config_json(merged, ""), model_config_json(config, ""));
  EXPECT_EQ(logits_of(pair.config, FrozenWeights(out.file("from_gguf"), merged, WeightFormat::kF32).refs()),
            logits_of(pair.config, FrozenWeights(out.file("from_hf"), pair.config, WeightFormat::kF32).refs()));
  for (const char* name : {"f32", "q8_0"}) {
    const GgufMixture& format = gguf_mixture(name);
    write_merged_gguf(pair.gguf(), config, merge, format, "x", {}, out.file("a.gguf"));
    write_merged_gguf(pair.hf(), config, merge, format, "x", {}, out.file("b.gguf"));
    EXPECT_TRUE(read_file(out.file("a.gguf")) == read_file(out.file("b.gguf")));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GgufBase, ::testing::ValuesIn(families_in_gguf(8)),
                         [](const auto& test) { return test.param.first; });

// Blocks are decoded straight into the wanted format, with the numbers of a folder that has the decoded ones.
TEST(GgufBaseFormats, EveryFormatGivesTheWeightsOfTheDecodedNumbers) {
  const ModelConfig config = families_in_gguf(256).front().second;
  for (const char* format : {"q8_0", "q4_0", "q4_k_m", "f16", "bf16"}) {
    const Pair pair(config, format);
    ParameterSet decoded;
    load_parameters(pair.gguf(), config, decoded);
    save_model(pair.folder.file("decoded"), config, decoded, DType::kF32);
    for (const WeightFormat wanted :
         {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
      const FrozenWeights a(pair.gguf(), config, wanted, {.context = &context()});
      const FrozenWeights b(pair.folder.file("decoded"), config, wanted, {.context = &context()});
      EXPECT_EQ(logits_of(config, a.refs()), logits_of(config, b.refs())) << format;
    }
  }
}

TEST(GgufBaseFormats, AMergedFolderHasTheDtypeOfTheFile) {
  const ModelConfig config = families_in_gguf(64).front().second;
  for (const auto& [format, dtype, stored] : {std::tuple("q8_0", "bfloat16", DType::kBF16),
                                              {"f16", "float16", DType::kF16},
                                              {"f32", "float32", DType::kF32}}) {
    const Pair pair(config, format);
    LoraAdapter adapter = no_change(config);
    const LoraMerge merge(context(), config, adapter);
    const TemporaryFolder out;
    write_merged_checkpoint(pair.gguf(), config, merge, out.path());
    EXPECT_NE(read_file(out.file("config.json")).find(fmt::format("\"torch_dtype\":\"{}\"", dtype)), std::string::npos);
    const SafetensorsFile file(out.file("model.safetensors"));
    EXPECT_EQ(file.get("model.layers.1.mlp.up_proj.weight").dtype, stored);
  }
}

TEST(GgufBaseFormats, EveryTensorChangesTheHashOfTheFile) {
  const Pair pair(testing::small_families(8).front().second);
  const auto hash = [&] {
    CheckpointHashes hashes;
    const FrozenWeights weights(pair.gguf(), pair.config, WeightFormat::kBF16, {.hashes = &hashes});
    EXPECT_EQ(hashes.of_files().size(), 1u);
    return hashes.of_files().front();
  };
  const auto whole = hash();
  EXPECT_EQ(whole.first, "model.gguf");
  const std::string bytes = read_file(pair.gguf());
  std::vector<std::size_t> places;
  {
    const GgufFile file(pair.gguf());
    const auto* begin = file.data(file.tensors().front()).data() - file.tensors().front().offset;
    std::size_t end = 0;
    for (const GgufTensor& tensor : file.tensors()) end = std::max<std::size_t>(end, tensor.offset + tensor.bytes);
    for (const GgufTensor& tensor : file.tensors())
      places.push_back(bytes.size() - end + static_cast<std::size_t>(file.data(tensor).data() - begin));
  }
  for (const std::size_t place : places) {
    std::string changed = bytes;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    write_file(pair.gguf(), changed);
    EXPECT_NE(hash().second, whole.second);
  }
}

TEST(GgufBaseFormats, Llama3ScalingIsReadFromItsFactors) {
  const auto config_of = [](const std::string& scaling) {
    return parse_model_config(
        R"({"model_type":"llama","vocab_size":13,"hidden_size":64,"intermediate_size":32,"num_hidden_layers":1,)"
        R"("num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":131072,"rope_theta":500000.0,)"
        R"("rope_scaling":{"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
        R"("original_max_position_embeddings":)" +
            scaling + "}}",
        "c");
  };
  const Pair pair(config_of("8192"));
  EXPECT_EQ(model_config_json(read_model_config(pair.gguf()), ""), model_config_json(pair.config, ""));
  // Any other factors are taken as they are.
  const Pair other(config_of("1024"));
  const ModelConfig found = read_model_config(other.gguf());
  EXPECT_EQ(found.rope_scaling, RotaryScaling::kLongrope);
  EXPECT_EQ(found.rope_long_factors, found.rope_short_factors);
}

TEST(GgufBaseFormats, PartsOfAModelAreNoBase) {
  const TemporaryFolder folder;
  const auto error = [&](const char* key, GgufValue value) {
    GgufWriter writer(folder.file("m.gguf"));
    writer.add("general.architecture", GgufValue::text("llama"));
    writer.add(key, std::move(value));
    writer.commit();
    return error_of([&] { read_model_config(folder.file("m.gguf")); });
  };
  EXPECT_EQ(
      error("split.count", GgufValue::u32(3)),
      folder.file("m.gguf") +
          ": this is one of 3 parts of a model; put them together: llama-gguf-split --merge FIRST_PART model.gguf");
  EXPECT_EQ(error("general.type", GgufValue::text("adapter")),
            folder.file("m.gguf") + ": this is an adapter, not a model");
}

TEST(GgufBaseFormats, ErrorsNameTheFault) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& architecture, const std::string& extra) {
    GgufWriter writer(folder.file("m.gguf"));
    writer.add("general.architecture", GgufValue::text(architecture));
    writer.declare("token_embd.weight", GgufFormat::kF32, {13, 8});
    if (!extra.empty()) writer.declare(extra, GgufFormat::kF32, {1});
    writer.write("token_embd.weight", std::vector<float>(13 * 8, NAN));
    if (!extra.empty()) writer.write(extra, std::vector<float>(1));
    writer.commit();
    return error_of([&] {
      if (extra.empty()) return (void)read_model_config(folder.file("m.gguf"));
      FrozenWeights(folder.file("m.gguf"), testing::tiny_config(true), WeightFormat::kBF16);
    });
  };
  const std::string file = folder.file("m.gguf");
  EXPECT_EQ(error("mamba", ""), file + ": general.architecture \"mamba\": this family is not supported as a GGUF file");
  EXPECT_EQ(error("llama", ""), file + ": metadata \"llama.embedding_length\" is missing");
  EXPECT_EQ(error("llama", "blk.0.ffn_gate_exps.weight"),
            file + ": tensor \"blk.0.ffn_gate_exps.weight\": the decoder has no place for it");
  EXPECT_NE(error("llama", "rope_freqs.weight").find("tensor \"model.embed_tokens.weight\": element [0, 0] is nan"),
            std::string::npos);
}

}  // namespace
}  // namespace matinee
