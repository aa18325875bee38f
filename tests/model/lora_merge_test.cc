#include "lib/model/lora_merge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/half.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/decoder_session.h"
#include "lib/model/decoder_training.h"
#include "lib/model/float_tensor.h"
#include "lib/model/gguf_model.h"
#include "tests/model/tiny_model.h"
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

// A base in two shards, one in float16 and one in bfloat16, with an index and what else lies in such a folder.
struct Base {
  Base() : config(testing::tiny_config(false)) {
    initialise_parameters(config, 1, parameters);
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
      for (const float value : parameters.all()[i].value) {
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

TEST(LoraMerge, FilesDtypesAndUntouchedTensorsAreTheBases) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  write_merged_checkpoint(base.folder.path(), merge, out.path());
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
  const LoraSlots slots = adapter.slots();
  LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  write_merged_checkpoint(base.folder.path(), merge, out.path());
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const std::string name = module_path(base.config, layer, Module::kUp) + ".weight";
    for (const char* file : kFiles) {
      const SafetensorsFile before(base.folder.file(file)), after(out.file(file));
      if (before.find(name) == nullptr) continue;
      const TensorInfo& tensor = before.get(name);
      std::vector<float> w(12 * 8), merged(12 * 8);
      read_floats(before, tensor, 0, w);
      read_floats(after, after.get(name), 0, merged);
      const LoraSlot& slot = slots.layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(Module::kUp)];
      for (std::size_t o = 0; o < 12; ++o) {
        for (std::size_t i = 0; i < 8; ++i) {
          double sum = w[o * 8 + i];
          for (std::size_t r = 0; r < 3; ++r) {
            sum += static_cast<double>(slot.scaling) * slot.lora_B[o * 3 + r] * slot.lora_A[r * 8 + i];
          }
          // Half of the last place, and the float32 sums before it.
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
    LoraMerge merge(context(threads), base.config, adapter);
    const TemporaryFolder out;
    write_merged_checkpoint(base.folder.path(), merge, out.path());
    write_merged_gguf(base.folder.path(), base.config, merge, GgufFormat::kF16, "tiny", {}, out.file("m.gguf"));
    files.push_back(read_file(out.file(kFiles[0])) + read_file(out.file(kFiles[1])) + read_file(out.file("m.gguf")));
  }
  EXPECT_EQ(files[0], files[1]);
}

TEST(LoraMerge, AnAdapterOfAnotherBaseIsRefused) {
  const Base base;
  ModelConfig wider = base.config;
  wider.intermediate_size = 16;
  LoraAdapter adapter = some_adapter(wider);
  LoraMerge merge(context(), wider, adapter);
  const TemporaryFolder out;
  const std::string error = error_of([&] { write_merged_checkpoint(base.folder.path(), merge, out.path()); });
  EXPECT_NE(error.find("expected shape ["), std::string::npos) << error;
  EXPECT_FALSE(file_exists(out.file(kFiles[1])));
}

std::vector<float> logits_of(const ModelConfig& config, const WeightSlots& weights, const LoraSlots* lora) {
  DecoderTraining decoder(context(), config, weights, lora, 16, Product::kF32);
  return decoder.logits(testing::tiny_samples(config.vocab_size).batch());
}

TEST(LoraMerge, GgufComputesWhatBaseAndAdapterDo) {
  const Base base;
  LoraAdapter adapter = some_adapter(base.config);
  const LoraSlots slots = adapter.slots();
  const FrozenWeights weights(base.folder.path(), base.config, DType::kF32);
  const auto wanted = logits_of(base.config, weights.slots(), &slots);
  LoraMerge merge(context(), base.config, adapter);
  const TemporaryFolder out;
  for (const GgufFormat format : {GgufFormat::kF32, GgufFormat::kF16, GgufFormat::kBF16, GgufFormat::kQ8_0}) {
    write_merged_gguf(base.folder.path(), base.config, merge, format, "tiny",
                      {{"tokenizer.ggml.model", GgufValue::text("gpt2")}}, out.file("m.gguf"));
    const GgufFile file(out.file("m.gguf"));
    EXPECT_EQ(file.get("tokenizer.ggml.model").as_text(), "gpt2");
    EXPECT_EQ(file.get("llama.attention.head_count_kv").as_unsigned(), 2u);
    // Rows of 8 do not divide into blocks of 32.
    EXPECT_EQ(file.tensor("blk.1.ffn_gate.weight").format, format == GgufFormat::kQ8_0 ? GgufFormat::kF16 : format);
    EXPECT_EQ(file.tensor("blk.1.attn_norm.weight").format, GgufFormat::kF32);
    const GgufWeights again(out.file("m.gguf"), base.config, DType::kF32);
    const auto found = logits_of(base.config, again.slots(), nullptr);
    const double bound = format == GgufFormat::kF32 ? 1e-4 : format == GgufFormat::kBF16 ? 0.3 : 0.05;
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], bound) << name_of(format);
  }
}

// Every family's golden with each of its adapters: DoRA, biases, whole layers, tensors that are stored transposed.
void for_goldens(const std::function<void(const std::string& base, const std::string& adapter)>& body) {
  int adapters = 0;
  for (const auto& family : std::filesystem::directory_iterator("testdata/golden/hf")) {
    if (!file_exists(family.path().string() + "/model.safetensors")) continue;
    for (const auto& adapter : std::filesystem::directory_iterator(family)) {
      if (!file_exists(adapter.path().string() + "/adapter_config.json")) continue;
      SCOPED_TRACE(adapter.path().string());
      body(family.path().string(), adapter.path().string());
      ++adapters;
    }
  }
  EXPECT_GE(adapters, 20);
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = a.size() == b.size() ? 0 : 1e9;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = difference <= most ? most : difference;  // NaN too
  }
  return most;
}

TEST(LoraMerge, EveryFamilyAndAdapterComputesTheSameMerged) {
  int refused = 0;
  for_goldens([&](const std::string& golden, const std::string& adapter_folder) {
    const ModelConfig config = read_model_config(golden);
    // In float32, so that nothing is rounded but sums: the goldens are stored in bfloat16.
    const TemporaryFolder wide;
    const std::string& folder = wide.path();
    ParameterSet parameters;
    load_parameters(golden, config, parameters);
    save_model(folder, config, parameters, DType::kF32);
    LoraAdapter adapter(config, adapter_folder);
    const FrozenWeights weights(folder, config, DType::kF32);
    WeightSlots slots = weights.slots();
    adapter.attach_to(slots);
    const LoraSlots lora = adapter.slots();
    const auto wanted = logits_of(config, slots, &lora), without = logits_of(config, weights.slots(), nullptr);
    const TemporaryFolder out;
    const std::string error = error_of([&] {
      LoraMerge merge(context(), config, adapter);
      write_merged_checkpoint(folder, merge, out.path());
    });
    if (!error.empty()) {
      EXPECT_NE(error.find("of a pair that the base ties"), std::string::npos) << error;
      ++refused;
      return;
    }
    const FrozenWeights merged(out.path(), config, DType::kF32);
    const auto found = logits_of(config, merged.slots(), nullptr);
    EXPECT_GT(largest_difference(without, wanted), 1e-3) << "the adapter does nothing, so nothing would be tested";
    EXPECT_LT(largest_difference(found, wanted), 2e-4);
  });
  EXPECT_LE(refused, 6);
}

TEST(LoraMerge, EveryFamilyDecodesWithItsAdapterBesideAQuantisedBase) {
  for_goldens([&](const std::string& folder, const std::string& adapter_folder) {
    const ModelConfig config = read_model_config(folder);
    LoraAdapter adapter(config, adapter_folder);
    const LoraSlots lora = adapter.slots();
    for (const DType format : {DType::kI8, DType::kU8}) {
      const FrozenWeights weights(folder, config, format, 0, &context());
      WeightSlots slots = weights.slots();
      adapter.attach_to(slots);
      const testing::Samples sample({3, 1, 4, 1, 5, 9, 2, 6});
      DecoderTraining training(context(), config, slots, &lora, 16, Product::kF32);
      const auto wanted = training.logits(sample.batch());
      DecoderSession session(context(), config, slots, 16, Product::kF32, &lora);
      session.append(std::span(sample.tokens).first(6));
      session.append(std::span(sample.tokens).subspan(6, 1));
      const auto found = session.append(std::span(sample.tokens).subspan(7, 1));
      const std::vector<float> last(wanted.end() - config.vocab_size, wanted.end());
      EXPECT_LT(largest_difference({found.begin(), found.end()}, last), 5e-4) << name_of(format);
    }
  });
}

TEST(LoraMerge, GgufRowsOfAHeadAreNeighboursRotated) {
  // Of a head of 8: rows 0 and 4 rotate together in Hugging Face's order, rows 0 and 1 in llama.cpp's.
  EXPECT_EQ(reordered_row(0, 8, true), 0);
  EXPECT_EQ(reordered_row(1, 8, true), 4);
  EXPECT_EQ(reordered_row(2, 8, true), 1);
  EXPECT_EQ(reordered_row(8 + 7, 8, true), 8 + 7);
  for (std::int64_t row = 0; row < 32; ++row) EXPECT_EQ(reordered_row(reordered_row(row, 8, true), 8, false), row);
}

}  // namespace
}  // namespace matinee
