#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/half.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/decoder_training.h"
#include "lib/model/float_tensor.h"
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

Context& context(int threads = 2) {
  static ThreadPool one(1), two(2);
  static Context first(one), second(two);
  return threads == 1 ? first : second;
}

LoraAdapter some_adapter(const ModelConfig& config) {
  LoraConfig lora;
  lora.rank = 3;
  lora.target_modules = {"q_proj", "k_proj", "o_proj", "up_proj", "down_proj"};
  LoraAdapter adapter(config, lora, 5);
  testing::randomise(adapter.parameters(), 8);
  return adapter;
}

// A base in two shards, one in float16 and one in bfloat16, with an index and the other files of such a folder.
struct Base {
  Base() : config(testing::tiny_config(false)) {
    initialize_parameters(config, 1, parameters);
    testing::randomise(parameters, 11);
    const std::size_t n = parameters.all().size(), half = n / 2;
    write("model-00001-of-00002.safetensors", 0, half, DType::kF16);
    write("model-00002-of-00002.safetensors", half, n, DType::kBF16);
    std::string map;
    for (std::size_t i = 0; i < n; ++i) {
      map += (i == 0 ? "\"" : ",\"") + parameters.all()[i].name + "\":\"model-0000" + (i < half ? "1" : "2") +
             "-of-00002.safetensors\"";
    }
    write_file(folder.file("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    write_file(folder.file("config.json"), model_config_json(config, "float16"));
    write_file(folder.file("tokenizer.json"), "{}");
    write_file(folder.file("other.bin"), "weights in another format");
  }
  void write(const std::string& name, std::size_t begin, std::size_t end, DType dtype) const {
    SafetensorsWriter writer(folder.file(name), "", {{"format", "pt"}});
    for (std::size_t i = begin; i < end; ++i) {
      writer.declare(parameters.all()[i].name, dtype, parameters.all()[i].shape);
    }
    for (std::size_t i = begin; i < end; ++i) {
      std::vector<std::uint16_t> narrow;
      for (const float value : in_place(parameters.all()[i].value)) {
        narrow.push_back(dtype == DType::kF16 ? to_half(value) : to_bf16(value).bits);
      }
      writer.write(parameters.all()[i].name, std::as_bytes(std::span(narrow)));
    }
    writer.commit();
  }
  ModelConfig config;
  ParameterSet parameters;
  TemporaryFolder folder;
};

constexpr const char* kFiles[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};

TEST(LoraMerge, KeepsTheFilesDtypesAndUntouchedTensorsOfTheBase) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  const LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  write_merged_checkpoint(base.folder.path(), base.config, merge, out.path());
  int changed = 0;
  for (const char* name : kFiles) {
    const SafetensorsFile before(base.folder.file(name)), after(out.file(name));
    EXPECT_EQ(after.metadata(), before.metadata());
    ASSERT_EQ(after.tensors().size(), before.tensors().size());
    for (std::size_t i = 0; i < before.tensors().size(); ++i) {
      const TensorInfo &a = before.tensors()[i], &b = after.tensors()[i];
      EXPECT_EQ(b.name, a.name);
      EXPECT_EQ(b.dtype, a.dtype);
      EXPECT_EQ(b.shape, a.shape);
      const bool same = std::memcmp(before.data(a).data(), after.data(b).data(), a.bytes) == 0;
      EXPECT_EQ(same, !merge.changes(a.name)) << a.name;
      changed += same ? 0 : 1;
    }
  }
  EXPECT_EQ(changed, 10);
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors.index.json"}) {
    EXPECT_EQ(read_file(out.file(name)), read_file(base.folder.file(name)));
  }
  EXPECT_FALSE(file_exists(out.file("other.bin")));
}

TEST(LoraMerge, EveryNumberIsTheSumRoundedOnce) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  const LoraWeights refs = adapter.factors();
  const LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  write_merged_checkpoint(base.folder.path(), base.config, merge, out.path());
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const std::string name = module_path(base.config, layer, Module::kUp) + ".weight";
    for (const char* file : kFiles) {
      const SafetensorsFile before(base.folder.file(file)), after(out.file(file));
      if (before.find(name) == nullptr) continue;
      const TensorInfo& tensor = before.get(name);
      std::vector<float> w(12 * 8), merged(12 * 8);
      to_floats(tensor.dtype, before.data(tensor), w);
      to_floats(tensor.dtype, after.data(after.get(name)), merged);
      const LoraFactors& factors = refs.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(Module::kUp)];
      for (std::size_t o = 0; o < 12; ++o) {
        for (std::size_t i = 0; i < 8; ++i) {
          double sum = w[o * 8 + i];
          for (std::size_t r = 0; r < 3; ++r) {
            sum += static_cast<double>(factors.scaling) * factors.lora_B[o * 3 + r] * factors.lora_A[r * 8 + i];
          }
          // Half a unit in the last place, plus the error of the float32 sums.
          const double bound = std::fabs(sum) / (tensor.dtype == DType::kF16 ? 2048 : 256) + 1e-5;
          EXPECT_NEAR(merged[o * 8 + i], sum, bound) << name;
        }
      }
    }
  }
}

TEST(LoraMerge, TheSameBytesAtAnyNumberOfThreads) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  std::vector<std::string> files;
  for (const int threads : {1, 2}) {
    const LoraMerge merge(context(threads), base.config, adapter);
    const TemporaryFolder out;
    write_merged_checkpoint(base.folder.path(), base.config, merge, out.path());
    write_merged_gguf(base.folder.path(), base.config, merge, gguf_mixture("f16"), "tiny", {}, out.file("m.gguf"));
    files.push_back(read_file(out.file(kFiles[0])) + read_file(out.file(kFiles[1])) + read_file(out.file("m.gguf")));
  }
  EXPECT_EQ(files[0], files[1]);
}

TEST(LoraMerge, WhatIsNotFiniteOrTooLargeForFloat16IsRefusedWithItsPlace) {
  const Base base;
  for (const bool to_gguf : {false, true}) {
    LoraAdapter adapter = some_adapter(base.config);
    const LoraMerge merge(context(), base.config, adapter);
    const TemporaryFolder out;
    // The first shard of the base is float16, and has the first layer's q.
    const auto refusal = [&] {
      return error_of([&] {
        if (to_gguf)
          return write_merged_gguf(base.folder.path(), base.config, merge, gguf_mixture("f16"), "x", {}, out.file("m"));
        write_merged_checkpoint(base.folder.path(), base.config, merge, out.path());
      });
    };
    const std::string name = module_path(base.config, 0, Module::kQ) + ".weight";
    for (Parameter& parameter : adapter.parameters().all()) {
      if (parameter.name.find("0.self_attn.q_proj") == std::string::npos) continue;
      for (float& value : in_place(parameter.value)) value = 0;
      in_place(parameter.value)[0] = 1e4f;
    }
    const std::string large = refusal();
    EXPECT_NE(large.find("the merged tensor \"" + name + "\": element [0, 0] is "), std::string::npos) << large;
    EXPECT_NE(large.find("which float16 does not hold; take a base, or a --format, of bfloat16"), std::string::npos);
    for (Parameter& parameter : adapter.parameters().all()) {
      if (parameter.name.find("0.self_attn.q_proj") != std::string::npos) in_place(parameter.value)[0] = NAN;
    }
    EXPECT_NE(refusal().find("\"" + name + "\": element [0, 0] is nan"), std::string::npos) << refusal();
    EXPECT_FALSE(file_exists(out.file(kFiles[0])));
    EXPECT_FALSE(file_exists(out.file("m")));
    EXPECT_NE(error_of([&] {
                FrozenWeights(base.folder.path(), base.config, WeightFormat::kBF16, {.merge = &merge});
              }).find(" with its adapter: tensor \"" + name + "\": element [0, 0] is nan"),
              std::string::npos);
  }
}

TEST(LoraMerge, BaseOfAnotherShapeIsRefused) {
  const Base base;
  ModelConfig wider = base.config;
  wider.intermediate_size = 16;
  LoraAdapter adapter = some_adapter(wider);
  const LoraMerge merge(context(), wider, adapter);
  const TemporaryFolder out;
  const std::string error = error_of([&] { write_merged_checkpoint(base.folder.path(), wider, merge, out.path()); });
  EXPECT_NE(error.find("expected shape ["), std::string::npos) << error;
  EXPECT_FALSE(file_exists(out.file(kFiles[1])));
}

std::vector<float> logits_of(const ModelConfig& config, const ModelWeights& weights, const LoraWeights* lora) {
  DecoderTraining decoder(context(), config, weights, lora, 16, MatmulPrecision::kF32);
  return decoder.logits(testing::tiny_samples(config.vocab_size).batch());
}

TEST(LoraMerge, GgufEqualsBaseWithAdapter) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  const LoraWeights refs = adapter.factors();
  const FrozenWeights weights(base.folder.path(), base.config, WeightFormat::kF32);
  const auto wanted = logits_of(base.config, weights.refs(), &refs);
  const LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  for (const std::string format : {"f32", "f16", "bf16", "q8_0", "q4_k_m"}) {
    write_merged_gguf(base.folder.path(), base.config, merge, gguf_mixture(format), "tiny",
                      {{"tokenizer.ggml.model", GgufValue::text("gpt2")}}, out.file("m.gguf"));
    const GgufFile file(out.file("m.gguf"));
    EXPECT_EQ(file.get("tokenizer.ggml.model").as_text(), "gpt2");
    EXPECT_EQ(file.get("llama.attention.head_count_kv").as_unsigned(), 2u);
    // Rows of 8 do not divide into blocks of 32.
    EXPECT_EQ(file.tensor("blk.1.ffn_gate.weight").format,
              format.starts_with("q") ? GgufFormat::kF16 : gguf_mixture(format).format);
    EXPECT_EQ(file.tensor("blk.1.attn_norm.weight").format, GgufFormat::kF32);
    const FrozenWeights again(out.file("m.gguf"), base.config, WeightFormat::kF32);
    const auto found = logits_of(base.config, again.refs(), nullptr);
    const double bound = format == "f32" ? 1e-4 : format == "bf16" ? 0.3 : 0.05;
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], bound) << format;
  }
}

TEST(LoraMerge, GgufInterleavesTheRowsOfEachHead) {
  // In a head of 8, rows 0 and 4 rotate together in Hugging Face's order, rows 0 and 1 in llama.cpp's.
  EXPECT_EQ(reordered_row(0, 8, true), 0);
  EXPECT_EQ(reordered_row(1, 8, true), 4);
  EXPECT_EQ(reordered_row(2, 8, true), 1);
  EXPECT_EQ(reordered_row(8 + 7, 8, true), 8 + 7);
  for (std::int64_t row = 0; row < 32; ++row) EXPECT_EQ(reordered_row(reordered_row(row, 8, true), 8, false), row);
}

// Every family with every adapter feature: ranks by pattern, DoRA, biases, embedding and head trained whole.
class MergedFamily : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {
 protected:
  MergedFamily() : config(GetParam().second) {
    ParameterSet parameters;
    initialize_parameters(config, 1, parameters);
    testing::randomise(parameters, 11);
    save_model(folder.file("base"), config, parameters, DType::kF32);
  }
  LoraAdapter adapter(const LoraConfig& lora) const {
    LoraAdapter adapter(config, lora, 5);
    testing::randomise(adapter.parameters(), 8);
    return adapter;
  }
  std::vector<LoraConfig> adapters() const {
    LoraConfig plain, whole;
    plain.rank = 3;
    plain.rank_pattern = {{"layers.1.*|h.1.*", 2}};
    whole.rank = 2;
    whole.use_dora = true;
    whole.bias = LoraBias::kLoraOnly;
    if (!config.tie_word_embeddings) {
      const std::string embedding = embed_tokens_path(config);
      whole.modules_to_save = {embedding.substr(embedding.rfind('.') + 1), lm_head_path(config)};
    }
    return {plain, whole};
  }
  // The logits of the base with the unmerged adapter.
  std::vector<float> wanted(LoraAdapter& adapter) const {
    const FrozenWeights weights(folder.file("base"), config, WeightFormat::kF32);
    ModelWeights refs = weights.refs();
    adapter.attach_to(refs);
    const LoraWeights lora = adapter.factors();
    return logits_of(config, refs, &lora);
  }
  void expect_near(const std::vector<float>& found, const std::vector<float>& expected, double bound) const {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], bound) << i;
  }

  TemporaryFolder folder;
  ModelConfig config;
};

TEST_P(MergedFamily, WrittenAndLoadedMergeEqualBaseWithAdapter) {
  for (const LoraConfig& lora : adapters()) {
    LoraAdapter fresh = adapter(lora);
    const auto expected = wanted(fresh);
    const LoraMerge merge(context(), config, fresh);
    const TemporaryFolder out;
    write_merged_checkpoint(folder.file("base"), config, merge, out.path());
    const FrozenWeights merged(out.path(), read_model_config(out.path()), WeightFormat::kF32);
    expect_near(logits_of(config, merged.refs(), nullptr), expected, 2e-4);
    const FrozenWeights loaded(folder.file("base"), config, WeightFormat::kF32, {.merge = &merge});
    EXPECT_EQ(logits_of(config, loaded.refs(), nullptr), logits_of(config, merged.refs(), nullptr));
    // The tensor layout is that of the base.
    const SafetensorsFile before(folder.file("base") + "/model.safetensors"), after(out.file("model.safetensors"));
    ASSERT_EQ(after.tensors().size(), before.tensors().size());
    for (std::size_t i = 0; i < before.tensors().size(); ++i) {
      EXPECT_EQ(after.tensors()[i].name, before.tensors()[i].name);
      EXPECT_EQ(after.tensors()[i].shape, before.tensors()[i].shape);
    }
  }
}

bool has_gguf(const ModelConfig& config) {
  return error_of([&] { gguf_architecture_of(config); }).empty();
}

TEST_P(MergedFamily, GgufEqualsBaseWithAdapterOrIsRefusedWithTheReason) {
  const std::string name = GetParam().first;
  for (const LoraConfig& lora : adapters()) {
    LoraAdapter fresh = adapter(lora);
    const LoraMerge merge(context(), config, fresh);
    const std::string path = folder.file("m.gguf");
    const auto write = [&](const char* format) {
      write_merged_gguf(folder.file("base"), config, merge, gguf_mixture(format), "small", {}, path);
    };
    if (!has_gguf(config)) {
      const std::string error = error_of([&] { write("f32"); });
      const bool no_family = name.starts_with("gptj") || name.starts_with("gpt_neox");
      EXPECT_NE(error.find(no_family ? "GGUF files of this family" : "llama.cpp"), std::string::npos) << error;
      continue;
    }
    const auto expected = wanted(fresh);
    for (const auto& [format, bound] : {std::pair{"f32", 2e-4}, {"f16", 0.1}}) {
      write(format);
      const FrozenWeights again(path, config, WeightFormat::kF32);
      expect_near(logits_of(config, again.refs(), nullptr), expected, bound);
    }
    const GgufFile file(path);
    const std::string architecture = file.get("general.architecture").as_text();
    EXPECT_EQ(architecture, name == "mistral" || name == "llama_with_biases" ? "llama"
                            : name.starts_with("gemma3")                     ? "gemma3"
                                                                             : config.model_type);
    // llama.cpp does not know Mistral's window, so the context ends with the window: within it, all tokens are visible.
    const std::uint64_t length = file.get(architecture + ".context_length").as_unsigned();
    EXPECT_EQ(length, name == "mistral" ? 4u : name == "phi3" ? 5u : 16u);
  }
}

// Checks the stored bytes themselves, not only that we can read them back. llama.cpp's architecture llama interleaves
// the two halves of each head, the other architectures keep them; each bias is permuted with its row.
TEST_P(MergedFamily, GgufHasRowsInTheOrderOfItsArchitecture) {
  if (!has_gguf(config)) return;
  LoraAdapter fresh = adapter(LoraConfig());
  const LoraMerge merge(context(), config, fresh);
  const FrozenWeights weights(folder.file("base"), config, WeightFormat::kF32, {.merge = &merge});
  write_merged_gguf(folder.file("base"), config, merge, gguf_mixture("f32"), "small", {}, folder.file("m.gguf"));
  const GgufFile file(folder.file("m.gguf"));
  const auto numbers = [&](const std::string& tensor) {
    std::vector<float> values(file.data(file.tensor(tensor)).size() / sizeof(float));
    decode_gguf(GgufFormat::kF32, file.data(file.tensor(tensor)), values);
    return values;
  };
  const std::string architecture = file.get("general.architecture").as_text();
  const bool neighbors = architecture == "llama" || architecture == "granite";
  const bool fused = architecture == "gpt2" || architecture == "phi3";
  const auto width = static_cast<std::size_t>(config.hidden_size), head = static_cast<std::size_t>(config.head_dim);
  for (const Module module : {Module::kQ, Module::kK, Module::kV}) {
    const WeightRef& weight = weights.refs().layers[1].modules[index_of(module)];
    const auto rows = static_cast<std::size_t>(module_shape(config, module)[0]);
    const std::string tensor = std::string("blk.1.attn_") + (fused                  ? "qkv"
                                                             : module == Module::kQ ? "q"
                                                             : module == Module::kK ? "k"
                                                                                    : "v");
    const std::vector<float> matrix = numbers(tensor + ".weight");
    const std::vector<float> bias = config.qkv_bias ? numbers(tensor + ".bias") : std::vector<float>();
    std::size_t before = 0;  // rows of the modules before it in the same tensor
    for (int m = 0; fused && m < static_cast<int>(index_of(module)); ++m) {
      before += static_cast<std::size_t>(module_shape(config, static_cast<Module>(m))[0]);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t in_head = row % head;
      const std::size_t from =
          neighbors && module != Module::kV ? row - in_head + in_head % 2 * (head / 2) + in_head / 2 : row;
      for (std::size_t i = 0; i < width; ++i) {
        ASSERT_EQ(matrix[(before + row) * width + i], static_cast<const float*>(weight.view.data)[from * width + i]);
      }
      if (!bias.empty()) {
        ASSERT_EQ(bias[before + row], weight.bias[from]);
      }
    }
  }
}

class TiedFamily : public MergedFamily {};

TEST_P(TiedFamily, UntiesWhenLoadedAndWhenWritten) {
  for (const std::string& path : {embed_tokens_path(config), lm_head_path(config)}) {
    LoraConfig lora;
    lora.modules_to_save = {path};
    LoraAdapter fresh = adapter(lora);
    const LoraMerge merge(context(), config, fresh);
    const FrozenWeights loaded(folder.file("base"), config, WeightFormat::kF32, {.merge = &merge});
    expect_near(logits_of(config, loaded.refs(), nullptr), wanted(fresh), 2e-4);
    const TemporaryFolder out;
    write_merged_checkpoint(folder.file("base"), config, merge, out.path());
    const ModelConfig untied = read_model_config(out.path());
    EXPECT_FALSE(untied.tie_word_embeddings);
    const FrozenWeights written(out.path(), untied, WeightFormat::kF32);
    expect_near(logits_of(untied, written.refs(), nullptr), wanted(fresh), 2e-4);
    if (!has_gguf(untied)) continue;
    write_merged_gguf(folder.file("base"), config, merge, gguf_mixture("f32"), "x", {}, out.file("x.gguf"));
    const FrozenWeights gguf(out.file("x.gguf"), untied, WeightFormat::kF32);
    expect_near(logits_of(untied, gguf.refs(), nullptr), wanted(fresh), 2e-4);
  }
}

std::vector<std::pair<std::string, ModelConfig>> tied_families() {
  auto all = testing::small_families(8);
  std::erase_if(all, [](const auto& family) { return !family.second.tie_word_embeddings; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Families, TiedFamily, ::testing::ValuesIn(tied_families()),
                         [](const auto& test) { return test.param.first; });
INSTANTIATE_TEST_SUITE_P(Families, MergedFamily, ::testing::ValuesIn(testing::small_families(8)),
                         [](const auto& test) { return test.param.first; });

// Adapters made by PEFT (testdata/golden/hf) with DoRA, biases, whole layers and patterns; GPT-2's tensors are
// transposed.
TEST(LoraMerge, GoldenAdaptersOfPeftComputeTheSameMerged) {
  int compared = 0, untied = 0;
  for (const auto& family : std::filesystem::directory_iterator("testdata/golden/hf")) {
    if (!family.is_directory()) continue;
    const ModelConfig config = read_model_config(family.path().string());
    // In float32, so that only sums are rounded; the goldens are stored in bfloat16.
    const TemporaryFolder wide;
    ParameterSet parameters;
    load_parameters(family.path().string(), config, parameters);
    save_model(wide.path(), config, parameters, DType::kF32);
    for (const auto& folder : std::filesystem::directory_iterator(family)) {
      if (!file_exists(folder.path().string() + "/adapter_config.json")) continue;
      SCOPED_TRACE(folder.path().string());
      LoraAdapter adapter(config, folder.path().string());
      const FrozenWeights weights(wide.path(), config, WeightFormat::kF32);
      ModelWeights refs = weights.refs();
      adapter.attach_to(refs);
      const LoraWeights lora = adapter.factors();
      const auto wanted = logits_of(config, refs, &lora), without = logits_of(config, weights.refs(), nullptr);
      const LoraMerge merge(context(), config, adapter);
      const TemporaryFolder out;
      write_merged_checkpoint(wide.path(), config, merge, out.path());
      const ModelConfig merged_to = read_model_config(out.path());
      untied += merged_to.tie_word_embeddings != config.tie_word_embeddings;
      const FrozenWeights merged(out.path(), merged_to, WeightFormat::kF32);
      const auto found = logits_of(merged_to, merged.refs(), nullptr);
      double changed = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], wanted[i], 2e-4) << i;
        changed = std::max(changed, std::fabs(static_cast<double>(without[i]) - static_cast<double>(wanted[i])));
      }
      EXPECT_GT(changed, 1e-3) << "the adapter does nothing, so nothing would be tested";
      ++compared;
    }
  }
  EXPECT_GE(compared, 20);
  EXPECT_GE(untied, 2);
}

// A sharded base: the last shard is not the one with the embedding, and the file may have a head that is not used.
TEST(LoraMerge, UntiedHeadIsStoredWithTheEmbeddingAndIndexed) {
  const auto families = testing::small_families(8);
  ModelConfig config = families.front().second;
  config.tie_word_embeddings = true;
  ParameterSet parameters;
  initialize_parameters(config, 3, parameters);
  const std::string embedding = embed_tokens_path(config) + ".weight", head = lm_head_path(config) + ".weight";
  for (const bool stored : {false, true}) {
    const TemporaryFolder base, out;
    std::string index;
    for (const std::string shard : {"a.safetensors", "b.safetensors"}) {
      SafetensorsWriter writer(base.file(shard), "");
      const auto in_shard = [&](const Parameter& p) { return (p.name == embedding) == (shard == "a.safetensors"); };
      const std::vector<float> nonsense(static_cast<std::size_t>(config.vocab_size * config.hidden_size), 7.0f);
      const bool with_head = stored && shard == "b.safetensors";
      for (const Parameter& p : parameters.all()) {
        if (!in_shard(p)) continue;
        writer.declare(p.name, DType::kF32, p.shape);
        index += (index.empty() ? "\"" : ",\"") + p.name + "\":\"" + shard + "\"";
      }
      if (with_head) {
        writer.declare(head, DType::kF32, {config.vocab_size, config.hidden_size});
        index += ",\"" + head + "\":\"" + shard + "\"";
      }
      for (const Parameter& p : parameters.all())
        if (in_shard(p)) writer.write(p.name, std::span<const float>(p.value.values()));
      if (with_head) writer.write(head, std::span<const float>(nonsense));
      writer.commit();
    }
    write_file(base.file("model.safetensors.index.json"), "{\"weight_map\":{" + index + "}}");
    write_file(base.file("config.json"), model_config_json(config, "float32"));
    LoraConfig lora;
    lora.modules_to_save = {"embed_tokens"};
    LoraAdapter adapter(config, lora, 3);
    testing::randomise(adapter.parameters(), 8);
    const LoraMerge merge(context(), config, adapter);
    write_merged_checkpoint(base.path(), config, merge, out.path());
    const ModelConfig untied = read_model_config(out.path());
    ASSERT_FALSE(untied.tie_word_embeddings);
    ParameterSet merged;
    load_parameters(out.path(), untied, merged);
    EXPECT_EQ(merged.find(head)->value.values(), parameters.find(embedding)->value.values());
    EXPECT_EQ(merged.find(embedding)->value.values(),
              adapter.parameters().find("base_model.model." + embedding)->value.values());
    const std::string place = stored ? "b.safetensors" : "a.safetensors";
    EXPECT_NE(read_file(out.file("model.safetensors.index.json")).find("\"" + head + "\":\"" + place + "\""),
              std::string::npos);
  }
}

// Large enough that it is transposed in several bands.
TEST(LoraMerge, LargeTransposedTensorIsReadAndWrittenInBands) {
  const ModelConfig config = parse_model_config(
      R"({"model_type":"gpt2","vocab_size":5,"n_embd":160,"n_layer":1,"n_head":2,"n_positions":4})", "config.json");
  const TemporaryFolder base, out;
  ParameterSet parameters;
  initialize_parameters(config, 1, parameters);
  save_model(base.path(), config, parameters, DType::kF32);
  LoraConfig lora;
  lora.rank = 1;
  lora.target_modules = {"c_fc", "c_attn"};
  for (const bool dora : {false, true}) {
    lora.use_dora = dora;
    LoraAdapter adapter(config, lora, 3);
    testing::randomise(adapter.parameters(), 8);
    const LoraMerge merge(context(), config, adapter);
    write_merged_checkpoint(base.path(), config, merge, out.path());
    ParameterSet merged;
    load_parameters(out.path(), config, merged);
    for (const char* path : {"transformer.h.0.mlp.c_fc", "transformer.h.0.attn.c_attn"}) {
      const std::string name = path, factor = "base_model.model." + name;
      const std::vector<float> before = parameters.find(name + ".weight")->value.values();
      const std::vector<float> after = merged.find(name + ".weight")->value.values();
      const std::vector<float> a = adapter.parameters().find(factor + ".lora_A.weight")->value.values();
      const std::vector<float> b = adapter.parameters().find(factor + ".lora_B.weight")->value.values();
      ASSERT_EQ(after.size(), 160 * b.size());
      for (std::size_t row = 0; row < b.size(); ++row) {
        std::vector<double> expected(160);
        double squares = 0;
        for (std::size_t i = 0; i < 160; ++i) {
          expected[i] = static_cast<double>(before[row * 160 + i]) + 32.0 * static_cast<double>(b[row] * a[i]);
          squares += expected[i] * expected[i];
        }
        const double length = dora ? static_cast<double>(in_place(
                                         adapter.parameters().find(factor + ".lora_magnitude_vector")->value)[row])
                                   : 1;
        for (std::size_t i = 0; i < 160; ++i)
          ASSERT_NEAR(after[row * 160 + i], dora ? expected[i] * length / std::sqrt(squares) : expected[i], 1e-4)
              << name << " " << row << " " << i;
      }
    }
  }
}

// llama.cpp divides angles by these factors; our rotary tables must be made with the same ones.
TEST(LoraMerge, GgufCarriesTheScalingOfRotaryFrequencies) {
  ModelConfig config = testing::tiny_config(true);
  EXPECT_TRUE(gguf_rotary_factors(config).empty());
  config.rope_scaling = RotaryScaling::kLlama3;
  config.head_dim = 16;
  config.rope_factor = 8;
  config.rope_original_max_positions = 64;
  const std::vector<float> factors = gguf_rotary_factors(config).at(0).values;
  ASSERT_EQ(factors.size(), 8u);
  // Wavelengths from 6 to 20,000: 64 / 6 turns are more than 4, 64 / 20,000 fewer than 1.
  EXPECT_EQ(factors.front(), 1);
  EXPECT_EQ(factors.back(), 8);
  EXPECT_TRUE(std::is_sorted(factors.begin(), factors.end()));
  ModelConfig qwen = testing::small_families(8)[3].second;
  qwen.rope_scaling = RotaryScaling::kLlama3;
  EXPECT_NE(error_of([&] { gguf_names(qwen); }).find("no rope_scaling llama3"), std::string::npos);
  qwen.rope_scaling = RotaryScaling::kNone;
  qwen.head_dim *= 2;
  EXPECT_NE(error_of([&] { gguf_names(qwen); }).find("only heads of hidden_size"), std::string::npos);
}

}  // namespace
}  // namespace matinee
