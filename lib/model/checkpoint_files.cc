#include "lib/model/checkpoint_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <string_view>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/base_files.h"
#include "lib/io/json_reader.h"
#include "lib/io/text_reader.h"
#include "lib/model/gguf_source.h"
#include "lib/model/safetensors_source.h"
#include "lib/model/torch_source.h"

namespace matinee {
namespace {

using Files = std::vector<std::unique_ptr<TensorSource>>;
using Shards = std::map<std::string, std::vector<std::string>>;  // the tensors that each shard should hold

// How transformers names the files of a folder: STEM ENDING, STEM ENDING .index.json, STEM-00001-of-00002 ENDING.
struct Naming {
  const char *stem, *ending;
  std::unique_ptr<TensorSource> (*open)(const std::string& path);
  std::string single() const { return std::string(stem) + ending; }
  std::string index() const { return single() + ".index.json"; }
};

template <class Source>
std::unique_ptr<TensorSource> open_as(const std::string& path) {
  return std::make_unique<Source>(path);
}

// In the order in which transformers looks for them.
constexpr std::array<Naming, 2> kNamings{
    {{"model", ".safetensors", open_as<SafetensorsSource>}, {"pytorch_model", ".bin", open_as<TorchSource>}}};

Shards read_weight_map(const std::string& index) {
  return read_json(read_text(index), index, [](const JsonNode& root) {
    Shards shards;
    for (const auto& [tensor, shard] : root.get("weight_map").fields()) {
      const std::string_view name = shard.is_string() ? shard.view() : "";
      if (name.empty() || name.front() == '.' ||
          name.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos) {
        throw bad_data("tensor \"{}\": expected the name of a file in the same folder", tensor);
      }
      shards[std::string(name)].emplace_back(tensor);
    }
    return shards;
  });
}

// `index` is for messages; "": there is none.
Files open_shards(const std::string& folder, const Naming& naming, const Shards& shards, const std::string& index) {
  Files files;
  std::map<std::string_view, const TensorSource*> holders;
  for (const auto& [shard, tensors] : shards) {
    const std::string path = fmt::format("{}/{}", folder, shard);
    if (!file_exists(path)) {
      throw index.empty()
          ? missing("{}: the shard is missing", path)
          : missing("{}: the shard is missing; {} expects tensor \"{}\" in it", path, index, tensors.front());
    }
    const TensorSource& file = *files.emplace_back(naming.open(path));
    for (const std::string& tensor : tensors) {
      if (file.find(tensor) == nullptr) throw bad_data("{}: tensor \"{}\" is not in {}", index, tensor, path);
    }
    for (const SourceTensor& tensor : file.tensors()) {
      const auto [other, fresh] = holders.emplace(tensor.name, &file);
      if (!fresh) throw bad_data("{}: tensor \"{}\" is in {} too", path, tensor.name, other->second->path());
    }
  }
  return files;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// N of "STEM-00001-of-0000N ENDING"; 0: the name is another.
int shards_of_name(const std::string& name, const Naming& naming) {
  const std::string_view stem = naming.stem, ending = naming.ending;
  if (!name.starts_with(stem) || !name.ends_with(ending) || name.size() != stem.size() + ending.size() + 15) return 0;
  const std::string_view part = std::string_view(name).substr(stem.size(), 15);  // "-00001-of-00002"
  if (part[0] != '-' || part.substr(6, 4) != "-of-") return 0;
  int total = 0;
  std::from_chars(part.data() + 10, part.data() + part.size(), total);
  return total;
}

// All names of a numbered series of which the folder has at least one; empty: it has none.
Shards numbered_shards(const std::vector<std::string>& names, const Naming& naming) {
  Shards shards;
  for (const std::string& name : names) {
    const int total = shards_of_name(name, naming);
    for (int i = 1; i <= total && shards.size() < static_cast<std::size_t>(total); ++i)
      shards[fmt::format("{}-{:05}-of-{:05}{}", naming.stem, i, total, naming.ending)];
  }
  return shards;
}

// What a folder without weights of ours has instead, and what to do.
Error no_weights(const std::string& folder, const std::vector<std::string>& names) {
  struct Other {
    const char *beginning, *ending, *what, *remedy;
  };
  constexpr std::array<Other, 6> kOthers{
      {{"adapter_", "", "an adapter", "give its base as --base and this folder as --adapter"},
       {"consolidated.", ".safetensors", "weights in Mistral's own layout",
        "convert them with transformers: python src/transformers/models/mistral/convert_mistral_weights_to_hf.py {} "
        "OUT"},
       {"consolidated.", ".pth", "weights in Meta's own layout",
        "convert them with transformers: python src/transformers/models/llama/convert_llama_weights_to_hf.py "
        "--input_dir {} --model_size SIZE --output_dir OUT"},
       {"tf_model", ".h5", "TensorFlow weights",
        "convert them with transformers: AutoModelForCausalLM.from_pretrained(\"{}\", "
        "from_tf=True).save_pretrained(OUT)"},
       {"flax_model", ".msgpack", "Flax weights",
        "convert them with transformers: AutoModelForCausalLM.from_pretrained(\"{}\", "
        "from_flax=True).save_pretrained(OUT)"},
       {"", ".ckpt", "a checkpoint of another program", "save its weights as model.safetensors"}}};
  const std::string expected = fmt::format(
      "{}: expected model.safetensors or its shards, pytorch_model.bin or its "
      "shards, or one .gguf file",
      folder);
  for (const Other& other : kOthers) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(other.beginning) && name.ends_with(other.ending);
    });
    if (found == names.end()) continue;
    return missing("{}; found {}: {}", expected, *found, other.what)
        .add_remedy(fmt::format(fmt::runtime(other.remedy), folder));
  }
  return missing("{}; is this a Hugging Face model folder?", expected);
}

}  // namespace

Files open_checkpoint(const std::string& base, const ModelConfig& config) {
  Files files;
  if (const auto gguf = gguf_of_base(base)) {
    files.push_back(std::make_unique<GgufSource>(*gguf, config));
    return files;
  }
  const std::vector<std::string> names = names_in(base);
  for (const Naming& naming : kNamings) {
    const std::string single = fmt::format("{}/{}", base, naming.single()),
                      index = fmt::format("{}/{}", base, naming.index());
    if (file_exists(single)) {
      files.push_back(naming.open(single));
      return files;
    }
    if (file_exists(index)) {
      const Shards shards = read_weight_map(index);
      if (shards.empty()) throw bad_data("{}: weight_map is empty", index);
      return open_shards(base, naming, shards, index);
    }
    if (const Shards shards = numbered_shards(names, naming); !shards.empty()) {
      return open_shards(base, naming, shards, "");
    }
  }
  throw no_weights(base, names);
}

std::string note_on_checkpoint(const std::string& base) {
  if (gguf_of_base(base)) return "";
  const std::vector<std::string> names = names_in(base);
  for (const Naming& naming : kNamings) {
    const bool has_single = std::find(names.begin(), names.end(), naming.single()) != names.end();
    const Shards shards = numbered_shards(names, naming);
    if (has_single && !shards.empty()) {
      return fmt::format("{}: reading {}, as transformers does; {} beside it is not read", base, naming.single(),
                         shards.begin()->first);
    }
    if (has_single || !shards.empty()) return "";
  }
  return "";
}

}  // namespace matinee
