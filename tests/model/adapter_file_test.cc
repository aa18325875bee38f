#include "lib/model/adapter_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/safetensors.h"
#include "lib/model/adapter_names.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/lora_config_file.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using testing::tiny_config;

// A tensor of a file to be written.
struct Stored {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

void write_tensors(const std::string& path, const std::vector<Stored>& tensors) {
  SafetensorsWriter writer(path, "");
  for (const Stored& tensor : tensors) writer.declare(tensor.name, DType::kF32, tensor.shape);
  for (const Stored& tensor : tensors) writer.write(tensor.name, std::span<const float>(tensor.values));
  writer.commit();
}

LoraConfig small() {
  LoraConfig config;
  config.rank = 2;
  config.lora_alpha = 6;
  config.target_modules = {"q_proj", "down_proj"};
  return config;
}

// An adapter in `folder`, and its tensors, to be written again otherwise.
struct Saved {
  explicit Saved(const LoraConfig& config = small(), bool tied = true)
      : model(tiny_config(tied)), adapter(model, config, 3) {
    testing::randomise(adapter.parameters(), 5);
    adapter.save(folder.path(), {});
    for (const Parameter& p : adapter.parameters().all()) tensors.push_back({p.name, p.shape, p.value.values()});
  }
  std::string weights() const { return folder.file("adapter_model.safetensors"); }
  void write() const { write_tensors(weights(), tensors); }
  void respell(const std::function<std::string(std::string)>& spell) {
    for (Stored& tensor : tensors) tensor.name = spell(tensor.name);
    write();
  }
  std::string error() const {
    return error_of([&] { LoraAdapter(model, folder.path()); });
  }
  void expect_same_values() const {
    const LoraAdapter read(model, folder.path());
    ASSERT_EQ(read.parameters().all().size(), adapter.parameters().all().size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(read.parameters().all()[i].name, adapter.parameters().all()[i].name);
      EXPECT_EQ(read.parameters().all()[i].value.values(), adapter.parameters().all()[i].value.values());
    }
  }
  ModelConfig model;
  LoraAdapter adapter;
  TemporaryFolder folder;
  std::vector<Stored> tensors;
};

std::string without(std::string text, const std::string& part) {
  const std::size_t at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

TEST(AdapterNames, AllSpellingsOfATensorHaveOneKey) {
  const ModelConfig model = tiny_config(false);
  const std::string a = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight";
  for (const char* stored :
       {"base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
        "base_model.model.model.layers.1.self_attn.q_proj.lora_A.default.weight",
        "model.layers.1.self_attn.q_proj.lora_A.weight", "base_model.model.layers.1.self_attn.q_proj.lora_A.weight",
        "layers.1.self_attn.q_proj.lora_A.my_adapter.weight",
        "_orig_mod.base_model.model.model.layers.1.self_attn.q_proj.lora_A.default.weight",
        "base_model.model._orig_mod.model.layers.1.self_attn.q_proj.lora_A.weight",
        "module.base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
        "base_model.model.model.layers.1._fsdp_wrapped_module.self_attn.q_proj.lora_A.weight"}) {
    EXPECT_EQ(AdapterNames(model).read(stored).name, a) << stored;
    EXPECT_FALSE(AdapterNames(model).read(stored).transposed) << stored;
  }
  const auto key = [&](const std::string& stored) { return AdapterNames(model).read(stored).name; };
  const std::string layer = "base_model.model.model.layers.1.mlp.up_proj", head = "base_model.model.lm_head",
                    embedding = "base_model.model.model.embed_tokens";
  EXPECT_EQ(key(layer + ".lora_magnitude_vector"), layer + ".lora_magnitude_vector");
  EXPECT_EQ(key(layer + ".lora_magnitude_vector.default.weight"), layer + ".lora_magnitude_vector");
  EXPECT_EQ(key("lm_head.modules_to_save.default.weight"), head + ".weight");
  EXPECT_EQ(key(head + ".base_layer.weight"), head + ".weight");
  EXPECT_EQ(key("embed_tokens.lora_embedding_B.default"), embedding + ".lora_embedding_B");
  EXPECT_EQ(key(embedding + ".token_adapter.trainable_tokens_delta.default"),
            embedding + ".token_adapter.trainable_tokens_delta");
  // Of MLX, which stores transposed.
  const AdapterNames::Key mlx = AdapterNames(model).read("model.layers.1.mlp.up_proj.lora_a");
  EXPECT_EQ(mlx.name, layer + ".lora_A.weight");
  EXPECT_TRUE(mlx.transposed);
  EXPECT_EQ(key("model.layers.1.mlp.up_proj.m"), layer + ".lora_magnitude_vector");
  // What is not understood stays what it is, so that it is refused by its name.
  for (const char* other : {"", "a", "base_model.model.x.lora_A.one.two.weight", "layers..lora_B.bias"}) {
    EXPECT_NO_THROW(key(other)) << other;
  }
  EXPECT_EQ(key("base_model.model.x.lora_A.one.two.weight"), "base_model.model.x.lora_A.one.two.weight");
}

TEST(AdapterFile, OtherSpellingsAreReadWithANote) {
  const std::string root = "base_model.model.";
  const std::vector<std::pair<std::function<std::string(std::string)>, std::string>> spellings{
      {[](const std::string& name) { return name; }, ""},
      {[&](const std::string& name) { return without(name, root); }, "without \"base_model.model.\""},
      {[&](const std::string& name) { return root + without(name, root + "model."); },
       "without \"model.\", as trained on the bare model"},
      {[](const std::string& name) { return without(name, ".weight") + ".default.weight"; },
       "with the adapter's name \"default\""},
      {[](const std::string& name) { return "_orig_mod." + name; }, "with \"_orig_mod.\""}};
  for (const auto& [spell, note] : spellings) {
    Saved saved;
    saved.respell(spell);
    saved.expect_same_values();
    const std::string found = LoraAdapter(saved.model, saved.folder.path()).note();
    EXPECT_EQ(found,
              note.empty() ? "" : saved.weights() + ": names of tensors are " + note + "; they are read as PEFT's");
  }
}

TEST(AdapterFile, TwoAdaptersInOneFileAreRefused) {
  Saved saved;
  const std::string name = saved.tensors.front().name, again = without(name, ".weight") + ".other.weight";
  saved.tensors.push_back({again, saved.tensors.front().shape, saved.tensors.front().values});
  saved.write();
  const std::string found = saved.error();
  EXPECT_NE(found.find("are both " + name + "; are these two adapters in one file?"), std::string::npos) << found;
}

TEST(AdapterFile, NumbersThatAreNotFiniteAreRefusedByTensorAndElement) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (std::size_t t = 0; t < 2; ++t) {
      Saved saved;
      Stored& tensor = saved.tensors[t];
      const auto width = static_cast<std::size_t>(tensor.shape[1]);
      tensor.values[width + 1] = bad;
      saved.write();
      EXPECT_EQ(saved.error(), saved.weights() + ": tensor \"" + tensor.name + "\": element [1, 1] is " +
                                   (std::isnan(bad) ? "nan" : "inf"));
    }
  }
}

TEST(AdapterFile, EmbeddingSavedBesideReplacesTheBases) {
  Saved saved;
  const std::string name = "base_model.model.model.embed_tokens.weight";
  saved.tensors.push_back({name, {13, 8}, std::vector<float>(13 * 8, 0.25f)});
  saved.write();
  LoraAdapter read(saved.model, saved.folder.path());
  EXPECT_EQ(read.config().replaced_modules, std::vector<std::string>{"model.embed_tokens"});
  EXPECT_EQ(read.parameters().find(name)->value.values(), saved.tensors.back().values);
  EXPECT_EQ(read.parameters().find(name)->lr_factor, 0);  // frozen, as in PEFT
  // It is part of what is written again.
  const TemporaryFolder again;
  read.save(again.path(), {});
  EXPECT_EQ(LoraAdapter(saved.model, again.path()).parameters().find(name)->value.values(),
            saved.tensors.back().values);
  // More rows than the base has.
  saved.tensors.back() = {name, {15, 8}, std::vector<float>(15 * 8, 0.25f)};
  saved.write();
  const std::string found = saved.error();
  EXPECT_TRUE(found.starts_with(saved.weights() + ": tensor \"" + name +
                                "\" has 15 rows, but the base has a vocabulary of 13: the base was resized"))
      << found;
  EXPECT_NE(found.find("resize_token_embeddings(15)"), std::string::npos) << found;
}

TEST(AdapterFile, AdaptersThatAreNotSafetensorsAreNamedWithTheirConversion) {
  const Saved saved;
  std::filesystem::rename(saved.weights(), saved.folder.file("adapter_model.bin"));
  const std::string found = saved.error();
  EXPECT_TRUE(found.starts_with(saved.folder.path() + "/adapter_model.bin: this adapter is a pickle of torch"))
      << found;
  EXPECT_NE(found.find("convert it: python3 -c"), std::string::npos) << found;
  std::filesystem::rename(saved.folder.file("adapter_model.bin"), saved.folder.file("adapters.npz"));
  EXPECT_NE(saved.error().find("adapters.npz: this is an adapter of an old MLX; convert it"), std::string::npos);
}

// The adapter as mlx_lm.lora saves it: other names, transposed factors, `scale` instead of alpha / rank.
void save_as_mlx(const Saved& saved, const std::string& folder, const std::string& config) {
  std::vector<Stored> tensors;
  for (const Stored& tensor : saved.tensors) {
    std::string name = without(tensor.name, "base_model.model.");
    const bool is_A = name.find("lora_A") != std::string::npos;
    name = name.substr(0, name.find(".lora_")) + (is_A ? ".lora_a" : ".lora_b");
    const auto rows = static_cast<std::size_t>(tensor.shape[0]), columns = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<float> values(tensor.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i % columns * rows + i / columns] = tensor.values[i];
    tensors.push_back({name, {tensor.shape[1], tensor.shape[0]}, values});
  }
  write_tensors(folder + "/adapters.safetensors", tensors);
  write_file(folder + "/adapter_config.json", config);
}

TEST(AdapterFile, MlxAdaptersAreRead) {
  const std::string fields = R"("lora_parameters":{"rank":2,"dropout":0.0,"scale":3.0},"num_layers":1,"model":"x"})";
  for (const bool last_layer : {false, true}) {
    LoraConfig config = small();
    if (last_layer) config.layers_to_transform = {1};
    const Saved saved(config);
    const TemporaryFolder mlx;
    save_as_mlx(saved, mlx.path(), R"({"fine_tune_type":"lora",)" + fields);
    const LoraAdapter read(saved.model, mlx.path());
    EXPECT_EQ(read.config().layers_to_transform, config.layers_to_transform);
    EXPECT_EQ(read.config().target_modules, (std::vector<std::string>{"down_proj", "q_proj"}));
    EXPECT_FLOAT_EQ(read.config().scaling_of(linear_layers(saved.model, 1).front()), 3);
    EXPECT_EQ(read.note(), mlx.file("adapters.safetensors") + ": an adapter of MLX");
    ASSERT_EQ(read.parameters().all().size(), saved.tensors.size());
    for (const Stored& tensor : saved.tensors) {
      const auto& all = read.parameters().all();
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const Parameter& p) { return p.name == tensor.name; });
      ASSERT_NE(found, all.end()) << tensor.name;
      EXPECT_EQ(found->value.values(), tensor.values) << tensor.name;
    }
    write_file(mlx.file("adapter_config.json"), R"({"fine_tune_type":"full",)" + fields);
    EXPECT_NE(
        error_of([&] { LoraAdapter(saved.model, mlx.path()); }).find("fine_tune_type: full: this is a whole model"),
        std::string::npos);
  }
}

}  // namespace
}  // namespace matinee
