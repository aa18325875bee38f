// Which files of a folder are read, and models in files of PyTorch.
#include "lib/model/checkpoint_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/merged_model.h"
#include "lib/model/model_parameters.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

constexpr const char* kGpt2 = "testdata/golden/hf/gpt2";

// GPT-2's golden as a folder with one of PyTorch's files.
void write_torch_gpt2(const TemporaryFolder& folder) {
  write_file(folder.file("config.json"), read_file(std::string(kGpt2) + "/config.json"));
  write_file(folder.file("pytorch_model.bin"), read_file("testdata/torch/gpt2.bin"));
}

// The numbers of all tensors of the decoder.
std::vector<std::vector<float>> numbers_of(const std::string& base) {
  ParameterSet parameters;
  load_parameters(base, read_model_config(base), parameters);
  std::vector<std::vector<float>> numbers;
  for (const Parameter& parameter : parameters.all()) numbers.push_back(parameter.value.values());
  return numbers;
}

TEST(CheckpointFiles, APyTorchFileHasTheNumbersOfTheSafetensors) {
  const TemporaryFolder folder;
  write_torch_gpt2(folder);
  EXPECT_EQ(numbers_of(folder.path()), numbers_of(kGpt2));
  CheckpointHashes hashes;
  ParameterSet parameters;
  load_parameters(folder.path(), read_model_config(folder.path()), parameters, &hashes);
  ASSERT_EQ(hashes.of_files().size(), 1u);
  EXPECT_EQ(hashes.of_files().front().first, "pytorch_model.bin");
}

TEST(CheckpointFiles, APyTorchFileIsMergedIntoSafetensors) {
  const TemporaryFolder folder, out;
  write_torch_gpt2(folder);
  const ModelConfig config = read_model_config(folder.path());
  LoraConfig lora;
  lora.rank = 2;
  LoraAdapter adapter(config, lora, 5);
  testing::randomise(adapter.parameters(), 8);
  ThreadPool pool(2);
  Context context(pool);
  const LoraMerge merge(context, config, adapter);
  for (const char* made : {"torch", "safetensors"}) make_folders(out.file(made));
  write_merged_checkpoint(folder.path(), config, merge, out.file("torch"));
  write_merged_checkpoint(kGpt2, config, merge, out.file("safetensors"));
  EXPECT_FALSE(file_exists(out.file("torch") + "/pytorch_model.bin"));
  EXPECT_EQ(numbers_of(out.file("torch")), numbers_of(out.file("safetensors")));
  const SafetensorsFile merged(out.file("torch") + "/model.safetensors");
  EXPECT_EQ(merged.get("transformer.h.0.attn.bias").dtype, DType::kBool);  // what the decoder does not read is kept
}

// A tiny model in two shards, without an index.
struct Shards {
  Shards() : config(testing::tiny_config(false)) {
    initialize_parameters(config, 1, parameters);
    for (const int shard : {1, 2}) {
      SafetensorsWriter writer(folder.file(name(shard)), "");
      for (const bool write : {false, true}) {
        for (std::size_t i = static_cast<std::size_t>(shard - 1); i < parameters.all().size(); i += 2) {
          Parameter& p = parameters.all()[i];
          write ? writer.write(p.name, std::span<const float>(in_place(p.value)))
                : writer.declare(p.name, DType::kF32, p.shape);
        }
      }
      writer.commit();
    }
    write_file(folder.file("config.json"), model_config_json(config, "float32"));
  }
  static std::string name(int shard) { return fmt::format("model-{:05}-of-00002.safetensors", shard); }

  ModelConfig config;
  ParameterSet parameters;
  TemporaryFolder folder;
};

TEST(CheckpointFiles, ShardsAreReadWithoutAnIndex) {
  Shards shards;
  const auto numbers = numbers_of(shards.folder.path());
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], shards.parameters.all()[i].value.values());
  EXPECT_EQ(note_on_checkpoint(shards.folder.path()), "");
  // transformers takes the single file.
  save_model(shards.folder.path(), shards.config, shards.parameters, DType::kF32);
  EXPECT_EQ(open_checkpoint(shards.folder.path(), shards.config).size(), 1u);
  EXPECT_EQ(note_on_checkpoint(shards.folder.path()), shards.folder.path() +
                                                          ": reading model.safetensors, as transformers does; " +
                                                          Shards::name(1) + " beside it is not read");
  std::remove(shards.folder.file("model.safetensors").c_str());
  std::remove(shards.folder.file(Shards::name(2)).c_str());
  EXPECT_EQ(error_of([&] { numbers_of(shards.folder.path()); }),
            shards.folder.file(Shards::name(2)) + ": the shard is missing");
}

TEST(CheckpointFiles, SafetensorsComeBeforePyTorch) {
  const TemporaryFolder folder;
  write_torch_gpt2(folder);
  write_file(folder.file("model.safetensors"), read_file(std::string(kGpt2) + "/model.safetensors"));
  EXPECT_EQ(open_checkpoint(folder.path(), read_model_config(kGpt2)).front()->file_name(), "model.safetensors");
}

TEST(CheckpointFiles, OtherWeightsAreNamedWithWhatToDo) {
  const auto error = [](const std::string& name) {
    const TemporaryFolder folder;
    if (!name.empty()) write_file(folder.file(name), "");
    std::string text = error_of([&] { open_checkpoint(folder.path(), testing::tiny_config(false)); });
    return text.substr(text.find("or one .gguf file; ") + 19);
  };
  EXPECT_EQ(error(""), "is this a Hugging Face model folder?");
  EXPECT_EQ(error("adapter_model.safetensors"),
            "found adapter_model.safetensors: an adapter; give its base as --base and this folder as --adapter");
  EXPECT_NE(error("consolidated.00.pth")
                .find("found consolidated.00.pth: weights in Meta's own layout; convert them "
                      "with transformers: python src/transformers/models/llama/"
                      "convert_llama_weights_to_hf.py --input_dir /"),
            std::string::npos);
  EXPECT_NE(error("consolidated.safetensors").find("convert_mistral_weights_to_hf.py /"), std::string::npos);
  EXPECT_NE(error("tf_model.h5").find("from_tf=True"), std::string::npos);
  EXPECT_NE(error("pytorch_model-00001-of-00002.bin").find("not a PyTorch checkpoint"), std::string::npos);
}

}  // namespace
}  // namespace matinee
