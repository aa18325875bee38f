#include "lib/model/checkpoint_hashes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/model_parameters.h"
#include "lib/model/parameter_set.h"
#include "lib/model/safetensors_source.h"
#include "tests/model/small_families.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using Hashes = std::vector<std::pair<std::string, std::uint64_t>>;

// Two shards with alternating tensors, and the index.
void write_shards(const std::string& folder, const ModelConfig& config) {
  ParameterSet parameters;
  initialize_parameters(config, 7, parameters);
  std::string index;
  for (const std::size_t shard : {0u, 1u}) {
    const std::string name = shard == 0 ? "a.safetensors" : "b.safetensors";
    SafetensorsWriter writer(folder + "/" + name, "");
    const auto specs = weight_specs(config);
    for (std::size_t i = shard; i < specs.size(); i += 2) {
      writer.declare(specs[i].name, DType::kF32, specs[i].stored_shape());
      index += (index.empty() ? "" : ",") + ("\"" + specs[i].name + "\":\"" + name + "\"");
    }
    for (std::size_t i = shard; i < specs.size(); i += 2)
      writer.write(specs[i].name, std::span<const float>(parameters.all()[i].value.values()));
    writer.commit();
  }
  write_file(folder + "/model.safetensors.index.json", "{\"weight_map\":{" + index + "}}");
}

Hashes hashes_of(const std::string& folder, const ModelConfig& config) {
  CheckpointHashes hashes;
  ParameterSet parameters;
  load_parameters(folder, config, parameters, &hashes);
  return hashes.of_files();
}

TEST(CheckpointHashes, EveryByteOfEveryTensorChangesTheHashOfItsFileOnly) {
  // GPT-2's tensors are transposed, and q, k and v are one tensor.
  for (const auto& [family, config] : testing::small_families(8)) {
    if (family != "llama" && family != "gpt2") continue;
    TemporaryFolder folder;
    write_shards(folder.path(), config);
    const Hashes whole = hashes_of(folder.path(), config);
    ASSERT_EQ(whole.size(), 2u);
    EXPECT_NE(whole[0].second, whole[1].second);
    for (const std::size_t shard : {0u, 1u}) {
      const std::string path = folder.file(whole[shard].first), bytes = read_file(path);
      std::vector<std::size_t> places;
      {
        const SafetensorsFile file(path);
        const std::size_t header = bytes.size() - (file.tensors().back().offset + file.tensors().back().bytes);
        // The first, a middle and the last element of each tensor; only the lowest bits, so that numbers stay finite.
        for (const TensorInfo& tensor : file.tensors())
          for (const std::size_t at : {std::size_t{0}, tensor.bytes / 8 * 4, tensor.bytes - 4})
            places.push_back(header + tensor.offset + at);
      }
      for (const std::size_t place : places) {
        std::string changed = bytes;
        changed[place] = static_cast<char>(changed[place] ^ 1);
        write_file(path, changed);
        const Hashes now = hashes_of(folder.path(), config);
        EXPECT_NE(now[shard].second, whole[shard].second) << family << ", " << path << ", byte " << place;
        EXPECT_EQ(now[1 - shard], whole[1 - shard]);
      }
      write_file(path, bytes);
    }
    EXPECT_EQ(hashes_of(folder.path(), config), whole);
  }
}

TEST(CheckpointHashes, DoesNotDependOnTheWeightFormat) {
  const ModelConfig config = testing::small_families(64).front().second;
  TemporaryFolder folder;
  write_shards(folder.path(), config);
  const Hashes whole = hashes_of(folder.path(), config);
  ThreadPool pool(2);
  Context context(pool);
  for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
    CheckpointHashes hashes;
    const FrozenWeights weights(folder.path(), config, format, {.context = &context, .hashes = &hashes});
    EXPECT_EQ(hashes.of_files(), whole);
  }
}

TEST(CheckpointHashes, SwappedTensorsOfOneShapeAreDetected) {
  const auto hash_of = [](const std::string& first) {
    TemporaryFolder folder;
    SafetensorsWriter writer(folder.file("model.safetensors"), "");
    const std::vector<float> ones(4, 1), twos(4, 2);
    writer.declare("a", DType::kF32, {4});
    writer.declare("b", DType::kF32, {4});
    writer.write("a", std::span<const float>(first == "a" ? ones : twos));
    writer.write("b", std::span<const float>(first == "a" ? twos : ones));
    writer.commit();
    const SafetensorsSource file(folder.file("model.safetensors"));
    CheckpointHashes hashes;
    for (const SourceTensor& tensor : file.tensors()) hashes.add(file, tensor, 0, file.data(tensor));
    return hashes.of_files().front().second;
  };
  EXPECT_NE(hash_of("a"), hash_of("b"));
}

}  // namespace
}  // namespace matinee
