#include "lib/model/frozen_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "kernels/ops.h"
#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/model_parameters.h"
#include "tests/model/tiny_model.h"
#include "tests/support/guarded_device.h"
#include "tests/support/in_place.h"
#include "tests/support/odd_offsets.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

ParameterSet random_parameters(const ModelConfig& config) {
  ParameterSet parameters;
  initialize_parameters(config, 1, parameters);
  testing::randomise(parameters, 11);
  return parameters;
}

/// Writes the parameters whose names `wanted` accepts, with the changes that a test requests.
struct Writing {
  DType dtype = DType::kF32;
  std::string left_out = {}, other_shape = {}, extra = {};
  void write(const std::string& path, const ParameterSet& parameters, std::size_t begin, std::size_t end) const {
    SafetensorsWriter writer(path, "");
    const auto shape_of = [&](const Parameter& p) {
      return p.name == other_shape ? std::vector<std::int64_t>{static_cast<std::int64_t>(p.value.size())} : p.shape;
    };
    for (std::size_t i = begin; i < end; ++i) {
      const Parameter& p = parameters.all()[i];
      if (p.name != left_out) writer.declare(p.name, dtype, shape_of(p));
    }
    if (!extra.empty()) writer.declare(extra, DType::kF32, {1});
    for (std::size_t i = begin; i < end; ++i) {
      const Parameter& p = parameters.all()[i];
      if (p.name == left_out) continue;
      if (dtype == DType::kF32) {
        writer.write(p.name, in_place(p.value));
        continue;
      }
      // Other types: only the bytes matter here.
      const std::vector<std::byte> bytes(p.value.size() * size_of(dtype), std::byte{0x3c});
      writer.write(p.name, std::span<const std::byte>(bytes));
    }
    const float one = 1;
    if (!extra.empty()) writer.write(extra, std::span<const float>(&one, 1));
    writer.commit();
  }
  void write(const std::string& folder, const ParameterSet& parameters) const {
    write(folder + "/model.safetensors", parameters, 0, parameters.all().size());
  }
};

TEST(Weights, NamesAndShapesAreThoseOfHuggingFace) {
  std::map<std::string, std::vector<std::int64_t>> found;
  for (const WeightSpec& spec : weight_specs(testing::tiny_config(false))) found[spec.name] = spec.shape;
  EXPECT_EQ(found.size(), 3u + 2 * 9);
  EXPECT_EQ(found.at("model.embed_tokens.weight"), (std::vector<std::int64_t>{13, 8}));
  EXPECT_EQ(found.at("model.layers.1.self_attn.q_proj.weight"), (std::vector<std::int64_t>{16, 8}));
  EXPECT_EQ(found.at("model.layers.0.self_attn.k_proj.weight"), (std::vector<std::int64_t>{8, 8}));
  EXPECT_EQ(found.at("model.layers.0.self_attn.o_proj.weight"), (std::vector<std::int64_t>{8, 16}));
  EXPECT_EQ(found.at("model.layers.1.mlp.down_proj.weight"), (std::vector<std::int64_t>{8, 12}));
  EXPECT_EQ(found.at("model.layers.1.post_attention_layernorm.weight"), (std::vector<std::int64_t>{8}));
  EXPECT_EQ(found.at("lm_head.weight"), (std::vector<std::int64_t>{13, 8}));
  EXPECT_EQ(weight_specs(testing::tiny_config(true)).size(), found.size() - 1);
}

TEST(Weights, SavedModelSurvivesARoundTrip) {
  const TemporaryFolder folder;
  for (const bool tied : {true, false}) {
    const ModelConfig config = testing::tiny_config(tied);
    const ParameterSet parameters = random_parameters(config);
    save_model(folder.path(), config, parameters, DType::kF32);
    EXPECT_EQ(read_model_config(folder.path()).tie_word_embeddings, tied);
    ParameterSet again;
    load_parameters(folder.path(), config, again);
    ASSERT_EQ(again.all().size(), parameters.all().size());
    for (std::size_t i = 0; i < again.all().size(); ++i) {
      EXPECT_EQ(again.all()[i].name, parameters.all()[i].name);
      EXPECT_EQ(again.all()[i].value.values(), parameters.all()[i].value.values());
      EXPECT_EQ(again.all()[i].decay, again.all()[i].shape.size() > 1);
    }
  }
}

TEST(Weights, FrozenBfloat16RoundsMatricesAndKeepsNorms) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(false);
  ParameterSet parameters = random_parameters(config);
  save_model(folder.path(), config, parameters, DType::kF32);
  const FrozenWeights wide(folder.path(), config, WeightFormat::kF32),
      narrow(folder.path(), config, WeightFormat::kBF16);
  const Parameter& gate = *parameters.find("model.layers.1.mlp.gate_proj.weight");
  const auto module = static_cast<std::size_t>(Module::kGate);
  const auto* exact = static_cast<const float*>(wide.refs().layers[1].modules[module].view.data);
  const auto* rounded = static_cast<const bf16*>(narrow.refs().layers[1].modules[module].view.data);
  for (std::size_t i = 0; i < gate.value.size(); ++i) {
    EXPECT_EQ(exact[i], in_place(gate.value)[i]);
    EXPECT_EQ(rounded[i].bits, to_bf16(in_place(gate.value)[i]).bits);
  }
  const Parameter& norm = *parameters.find("model.layers.0.input_layernorm.weight");
  for (std::size_t i = 0; i < 8; ++i)
    EXPECT_EQ(narrow.refs().layers[0].input_norm.floats()[i], in_place(norm.value)[i]);
  EXPECT_EQ(wide.bytes(), 4 * static_cast<std::uint64_t>(config.parameters()));
  EXPECT_EQ(narrow.bytes(), 2 * static_cast<std::uint64_t>(config.parameters()) + 2 * 5 * 8);
  EXPECT_EQ(narrow.refs().layers[0].modules[0].grad, nullptr);
}

TEST(Weights, Bfloat16FileReadBackIsExact) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(true);
  const ParameterSet parameters = random_parameters(config);
  save_model(folder.path(), config, parameters, DType::kBF16);
  ParameterSet again;
  load_parameters(folder.path(), config, again);
  for (std::size_t i = 0; i < again.all().size(); ++i) {
    for (std::size_t j = 0; j < again.all()[i].value.size(); ++j) {
      ASSERT_EQ(in_place(again.all()[i].value)[j], to_float(to_bf16(in_place(parameters.all()[i].value)[j])));
    }
  }
  EXPECT_EQ(SafetensorsFile(folder.file("model.safetensors")).metadata().at("format"), "pt");
}

TEST(Weights, HalfPrecisionIsWidenedExactly) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(true);
  Writing{.dtype = DType::kF16}.write(folder.path(), random_parameters(config));
  ParameterSet again;
  load_parameters(folder.path(), config, again);
  // 0x3c3c = 1.0000111100b · 2^0
  for (const Parameter& p : again.all()) {
    for (const float value : in_place(p.value)) ASSERT_EQ(value, 1 + 60.0f / 1024) << p.name;
  }
}

TEST(Weights, ShardsAreOneModel) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(false);
  const ParameterSet parameters = random_parameters(config);
  const std::size_t n = parameters.all().size();
  Writing{}.write(folder.file("model-00001-of-00002.safetensors"), parameters, 0, n / 2);
  Writing{}.write(folder.file("model-00002-of-00002.safetensors"), parameters, n / 2, n);
  std::string map;
  for (std::size_t i = 0; i < n; ++i) {
    map += (i == 0 ? "\"" : ",\"") + parameters.all()[i].name + "\":\"model-0000" + (i < n / 2 ? "1" : "2") +
           "-of-00002.safetensors\"";
  }
  const std::string index = folder.file("model.safetensors.index.json");
  write_file(index, "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  ParameterSet again;
  load_parameters(folder.path(), config, again);
  for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(again.all()[i].value.values(), parameters.all()[i].value.values());

  write_file(index, "{}");
  EXPECT_EQ(error_of([&] { load_parameters(folder.path(), config, again); }), index + ": weight_map: missing");
  write_file(index, R"({"weight_map":{"model.norm.weight":"../secret"}})");
  EXPECT_EQ(error_of([&] { load_parameters(folder.path(), config, again); }),
            index + ": tensor \"model.norm.weight\": expected the name of a file in the same folder");
  write_file(index, R"({"weight_map":{"model.norm.weight":"absent.safetensors"}})");
  EXPECT_EQ(error_of([&] { load_parameters(folder.path(), config, again); }),
            folder.file("absent.safetensors") + ": the shard is missing; " + index +
                " expects tensor \"model.norm.weight\" in it");
  for (const char* outside : {"..", "/etc/passwd", "", ".hidden"}) {
    write_file(index, std::string(R"({"weight_map":{"model.norm.weight":")") + outside + "\"}}");
    EXPECT_NE(error_of([&] { load_parameters(folder.path(), config, again); }).find("tensor \"model.norm.weight\""),
              std::string::npos);
  }
  write_file(index, R"({"weight_map":{"model.norm.weight":"model-00001-of-00002.safetensors"}})");
  EXPECT_EQ(error_of([&] { load_parameters(folder.path(), config, again); }),
            index + ": tensor \"model.norm.weight\" is not in " + folder.file("model-00001-of-00002.safetensors"));
  // A tensor that is in two shards is ambiguous.
  Writing{}.write(folder.file("model-00002-of-00002.safetensors"), parameters, n / 2 - 1, n);
  write_file(index, "{\"weight_map\":{" + map + "}}");
  EXPECT_EQ(error_of([&] { load_parameters(folder.path(), config, again); }),
            folder.file("model-00002-of-00002.safetensors") + ": tensor \"" + parameters.all()[n / 2 - 1].name +
                "\" is in " + folder.file("model-00001-of-00002.safetensors") + " too");
}

TEST(Weights, ErrorsNameTheFault) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(true);
  const ParameterSet parameters = random_parameters(config);
  const std::string file = folder.file("model.safetensors");
  const auto error = [&] { return error_of([&] { FrozenWeights(folder.path(), config, WeightFormat::kBF16); }); };
  EXPECT_EQ(error(), folder.path() +
                         ": expected model.safetensors or its shards, pytorch_model.bin or its shards, or one .gguf "
                         "file; is this a Hugging Face model folder?");
  Writing{.left_out = "model.norm.weight"}.write(folder.path(), parameters);
  EXPECT_EQ(error(), file + ": tensor \"model.norm.weight\" is missing");
  Writing{.other_shape = "model.layers.1.mlp.up_proj.weight"}.write(folder.path(), parameters);
  EXPECT_EQ(error(), file + ": tensor \"model.layers.1.mlp.up_proj.weight\": expected shape [12, 8], found [96]");
  Writing{.dtype = DType::kF64}.write(folder.path(), parameters);
  EXPECT_EQ(error(), file + ": tensor \"model.embed_tokens.weight\": expected dtype F32, F16 or BF16, found F64");
  Writing{.extra = "model.layers.0.self_attn.q_proj.bias"}.write(folder.path(), parameters);
  EXPECT_EQ(error(), file + ": tensor \"model.layers.0.self_attn.q_proj.bias\": the decoder has no place for it");
  for (const char* harmless : {"lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq"}) {
    Writing{.extra = harmless}.write(folder.path(), parameters);
    EXPECT_EQ(error(), "") << harmless;
  }
}

// A small model of another family: fused and transposed tensors, biases, a table of positions.
ModelConfig small_gpt2() {
  return parse_model_config(
      R"({"model_type":"gpt2","vocab_size":11,"n_embd":6,"n_layer":2,"n_head":2,"n_positions":9})", "config.json");
}

TEST(Weights, EveryFamilySurvivesARoundTrip) {
  const TemporaryFolder folder;
  const std::string llama =
      R"("vocab_size":11,"hidden_size":8,"intermediate_size":10,"num_hidden_layers":2,"num_attention_heads":2,)"
      R"("num_key_value_heads":1,"head_dim":4,"attention_bias":)";
  for (const std::string& json :
       {"{\"model_type\":\"llama\"," + llama + "true,\"mlp_bias\":true}",
        "{\"model_type\":\"mistral\"," + llama + "false}", "{\"model_type\":\"qwen2\"," + llama + "true}",
        "{\"model_type\":\"qwen3\"," + llama + "false}",
        std::string(R"({"model_type":"gptj","vocab_size":11,"n_embd":8,"n_layer":2,"n_head":2,"rotary_dim":2})")}) {
    const ModelConfig config = parse_model_config(json, "config.json");
    const ParameterSet parameters = random_parameters(config);
    save_model(folder.path(), config, parameters, DType::kF32);
    const ModelConfig read = read_model_config(folder.path());
    EXPECT_EQ(model_config_json(read, "float32"), model_config_json(config, "float32"));
    ParameterSet again;
    load_parameters(folder.path(), read, again);
    ASSERT_EQ(again.all().size(), parameters.all().size()) << json;
    for (std::size_t i = 0; i < again.all().size(); ++i)
      EXPECT_EQ(again.all()[i].value.values(), parameters.all()[i].value.values());
    EXPECT_EQ(parameters.elements(), config.parameters());
  }
}

TEST(Weights, FusedAndTransposedTensorsOfGpt2) {
  const TemporaryFolder folder;
  const ModelConfig config = small_gpt2();
  const ParameterSet parameters = random_parameters(config);
  save_model(folder.path(), config, parameters, DType::kF32);
  const SafetensorsFile file(folder.file("model.safetensors"));
  EXPECT_EQ(file.get("transformer.h.1.attn.c_attn.weight").shape, (std::vector<std::int64_t>{6, 18}));
  const auto stored = file.view<float>("transformer.h.1.attn.c_attn.weight");
  const FrozenWeights weights(folder.path(), config, WeightFormat::kF32);
  const auto biases = file.view<float>("transformer.h.1.attn.c_attn.bias");
  for (const Module module : {Module::kQ, Module::kK, Module::kV}) {
    const WeightRef& weight = weights.refs().layers[1].modules[index_of(module)];
    for (std::size_t o = 0; o < 6; ++o) {
      const std::size_t column = 6 * index_of(module) + o;
      EXPECT_EQ(weight.bias[o], biases[column]);
      for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(static_cast<const float*>(weight.view.data)[o * 6 + i], stored[i * 18 + column]);
    }
  }
}

// The first GPT-2 was published without the prefix and with its causal masks; its head is tied.
TEST(Weights, CheckpointOfTheBareModel) {
  const TemporaryFolder folder;
  const ModelConfig config = small_gpt2();
  const ParameterSet parameters = random_parameters(config);
  save_model(folder.file("whole"), config, parameters, DType::kF32);
  const SafetensorsFile whole(folder.file("whole") + "/model.safetensors");
  SafetensorsWriter writer(folder.file("model.safetensors"), "");
  const auto bare = [&](const TensorInfo& tensor) { return bare_name(config, tensor.name); };
  for (const TensorInfo& tensor : whole.tensors()) writer.declare(bare(tensor), tensor.dtype, tensor.shape);
  writer.declare("h.0.attn.bias", DType::kF32, {1});
  for (const TensorInfo& tensor : whole.tensors()) writer.write(bare(tensor), whole.view<float>(tensor.name));
  const float one = 1;
  writer.write("h.0.attn.bias", std::span<const float>(&one, 1));
  writer.commit();
  EXPECT_EQ(bare(whole.tensors().front()).find("transformer."), std::string::npos);
  ParameterSet again;
  load_parameters(folder.path(), config, again);
  for (std::size_t i = 0; i < again.all().size(); ++i)
    EXPECT_EQ(again.all()[i].value.values(), parameters.all()[i].value.values());
}

// Larger than the pieces in which it is read; its layers have more rows than are quantized together.
ModelConfig large_config() {
  ModelConfig config = testing::tiny_config(false);
  config.vocab_size = 70001;
  config.hidden_size = 32;
  config.intermediate_size = 2 * QuantizedTensor::kGroup + 5;
  return config;
}

// The numbers of a view on any device.
std::vector<float> numbers_of(Context& context, const WeightView& view, std::int64_t rows, std::int64_t width) {
  DeviceBuffer<float> wide(context.allocator(), static_cast<std::size_t>(rows * width));
  dequantize(context, {.n = rows * width, .width = width, .weight = view, .y = wide.data()});
  return wide.values();
}

TEST(Weights, TensorsStoredAsInMemoryAreCopiedUnchanged) {
  const ModelConfig config = large_config();
  const ParameterSet parameters = random_parameters(config);
  ThreadPool pool(2);
  Context host(pool);
  GuardedContext guarded(pool);
  for (const auto& [dtype, format] :
       {std::pair(DType::kF32, WeightFormat::kF32), {DType::kBF16, WeightFormat::kBF16}}) {
    const TemporaryFolder folder;
    save_model(folder.path(), config, parameters, dtype);
    for (Context* context : {&host, static_cast<Context*>(&guarded)}) {
      const FrozenWeights weights(folder.path(), config, format, {.context = context});
      std::vector<float> wanted = parameters.all().front().value.values();
      if (dtype == DType::kBF16) {
        for (float& value : wanted) value = to_float(to_bf16(value));
      }
      const auto& refs = weights.refs();
      EXPECT_EQ(refs.embed_tokens.view.format, format);
      EXPECT_TRUE(numbers_of(*context, refs.embed_tokens.view, config.vocab_size, config.hidden_size) == wanted);
      std::vector<float> norm(static_cast<std::size_t>(config.hidden_size));
      context->allocator()->download(norm.data(), refs.norm.floats(), norm.size() * sizeof(float));
      for (std::size_t i = 0; i < norm.size(); ++i) {
        const float value = parameters.all()[parameters.all().size() - 2].value.values()[i];
        EXPECT_EQ(norm[i], dtype == DType::kBF16 ? to_float(to_bf16(value)) : value);
      }
    }
  }
}

// bfloat16 is widened on the device; the same numbers in float32 are uploaded as they are.
TEST(Weights, CodesDoNotDependOnTheDtypeOfTheFile) {
  const ModelConfig config = large_config();
  ParameterSet parameters = random_parameters(config);
  for (Parameter& parameter : parameters.all()) {
    for (float& value : in_place(parameter.value)) value = to_float(to_bf16(value));
  }
  const TemporaryFolder narrow, wide;
  save_model(narrow.path(), config, parameters, DType::kBF16);
  save_model(wide.path(), config, parameters, DType::kF32);
  ThreadPool pool(2);
  Context host(pool);
  GuardedContext guarded(pool);
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kNf4}) {
    const FrozenWeights wanted(wide.path(), config, format, {.context = &host});
    for (Context* context : {&host, static_cast<Context*>(&guarded)}) {
      for (const auto& folder : {narrow.path(), wide.path()}) {
        const FrozenWeights found(folder, config, format, {.context = context});
        for (const Module module : {Module::kQ, Module::kGate, Module::kDown}) {
          const auto [out, in] = module_shape(config, module);
          const auto view = [&](const FrozenWeights& weights) {
            return weights.refs().layers[1].modules[index_of(module)].view;
          };
          EXPECT_EQ(view(found).format, format);
          EXPECT_EQ(numbers_of(*context, view(found), out, in), numbers_of(host, view(wanted), out, in));
        }
      }
    }
  }
  in_place(parameters.find("model.layers.1.mlp.up_proj.weight")->value)[70 * 32 + 3] = -INFINITY;
  for (const auto& [dtype, format] : {std::pair(DType::kBF16, WeightFormat::kNf4),
                                      {DType::kBF16, WeightFormat::kBF16},
                                      {DType::kF32, WeightFormat::kF32},
                                      {DType::kF32, WeightFormat::kBF16}}) {
    save_model(narrow.path(), config, parameters, dtype);
    EXPECT_EQ(error_of([&, wanted = format] { FrozenWeights(narrow.path(), config, wanted, {.context = &host}); }),
              narrow.path() +
                  "/model.safetensors: tensor \"model.layers.1.mlp.up_proj.weight\": element [70, 3] is -inf; the file "
                  "is damaged, or its training diverged; fetch it again, or take another");
  }
}

// Data may begin at any byte; then nothing can be copied without a conversion.
TEST(Weights, DoNotDependOnTheAlignmentOfTheFile) {
  const ModelConfig config = testing::tiny_config(false);
  const ParameterSet parameters = random_parameters(config);
  ThreadPool pool(2);
  Context context(pool);
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const TemporaryFolder aligned, odd;
    save_model(aligned.path(), config, parameters, dtype);
    save_model(odd.path(), config, parameters, dtype);
    testing::shift_to_odd_offsets(odd.file("model.safetensors"));
    for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8}) {
      CheckpointHashes hashes[2];
      const FrozenWeights a(aligned.path(), config, format, {.context = &context, .hashes = &hashes[0]});
      const FrozenWeights b(odd.path(), config, format, {.context = &context, .hashes = &hashes[1]});
      EXPECT_EQ(hashes[0].of_files(), hashes[1].of_files());
      for (const Module module : {Module::kQ, Module::kDown}) {
        const auto [out, in] = module_shape(config, module);
        EXPECT_EQ(numbers_of(context, a.refs().layers[1].modules[index_of(module)].view, out, in),
                  numbers_of(context, b.refs().layers[1].modules[index_of(module)].view, out, in));
      }
    }
  }
}

TEST(Weights, MemoryLimitIsHonored) {
  const TemporaryFolder folder;
  const ModelConfig config = testing::tiny_config(true);
  save_model(folder.path(), config, random_parameters(config), DType::kF32);
  const std::uint64_t bytes = FrozenWeights(folder.path(), config, WeightFormat::kF32).bytes();
  EXPECT_EQ(error_of([&] { FrozenWeights(folder.path(), config, WeightFormat::kF32, {.max_host_mem = bytes}); }), "");
  EXPECT_NE(error_of([&] {
              FrozenWeights(folder.path(), config, WeightFormat::kF32, {.max_host_mem = bytes - 1});
            }).find("--max-host-mem"),
            std::string::npos);
  EXPECT_EQ(error_of([&] { FrozenWeights(folder.path(), config, WeightFormat::kBF16, {.max_host_mem = bytes - 1}); }),
            "");
}

TEST(Weights, InitializationIsDrawnFromTheSeed) {
  ModelConfig config = testing::tiny_config(true);
  config.hidden_size = 64;
  config.vocab_size = 500;
  config.num_hidden_layers = 8;
  ParameterSet one, same, other;
  initialize_parameters(config, 5, one);
  initialize_parameters(config, 5, same);
  initialize_parameters(config, 6, other);
  const auto deviation = [&](const char* name) {
    double squares = 0;
    const std::vector<float> values = one.find(name)->value.values();
    for (const float value : values) squares += static_cast<double>(value) * value;
    return std::sqrt(squares / static_cast<double>(values.size()));
  };
  EXPECT_EQ(one.find("model.embed_tokens.weight")->value.values(),
            same.find("model.embed_tokens.weight")->value.values());
  EXPECT_NE(one.find("model.embed_tokens.weight")->value.values(),
            other.find("model.embed_tokens.weight")->value.values());
  // 1024 and 768 draws: within 10 %. √(2·8) = 4.
  EXPECT_NEAR(deviation("model.layers.3.self_attn.q_proj.weight"), 0.02, 0.002);
  EXPECT_NEAR(deviation("model.layers.3.self_attn.o_proj.weight"), 0.005, 0.0005);
  EXPECT_NEAR(deviation("model.layers.3.mlp.down_proj.weight"), 0.005, 0.0005);
  EXPECT_EQ(one.find("model.norm.weight")->value.values(), std::vector<float>(64, 1.0f));
}

}  // namespace
}  // namespace matinee
