#include "lib/model/checkpoint_files.h"

#include <map>

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

using Files = std::vector<std::unique_ptr<SafetensorsFile>>;

using Shards = std::map<std::string, std::vector<std::string>>;  // the tensors that each shard should hold

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

Files open_shards(const std::string& folder, const std::string& index) {
  const Shards shards = read_weight_map(index);
  if (shards.empty()) throw bad_data("{}: weight_map is empty", index);
  Files files;
  std::map<std::string_view, const SafetensorsFile*> holders;
  for (const auto& [shard, tensors] : shards) {
    const std::string path = fmt::format("{}/{}", folder, shard);
    if (!file_exists(path)) {
      throw missing("{}: the shard is missing; {} expects tensor \"{}\" in it", path, index, tensors.front());
    }
    const SafetensorsFile& file = *files.emplace_back(std::make_unique<SafetensorsFile>(path));
    for (const std::string& tensor : tensors) {
      if (file.find(tensor) == nullptr) throw bad_data("{}: tensor \"{}\" is not in {}", index, tensor, path);
    }
    for (const TensorInfo& tensor : file.tensors()) {
      const auto [other, fresh] = holders.emplace(tensor.name, &file);
      if (!fresh) throw bad_data("{}: tensor \"{}\" is in {} too", path, tensor.name, other->second->path());
    }
  }
  return files;
}

}  // namespace

Files open_checkpoint(const std::string& folder) {
  const std::string single = folder + "/model.safetensors", index = single + ".index.json";
  if (file_exists(single)) {
    Files files;
    files.push_back(std::make_unique<SafetensorsFile>(single));
    return files;
  }
  if (file_exists(index)) return open_shards(folder, index);
  throw missing("{}: expected model.safetensors or model.safetensors.index.json; is this a Hugging Face model folder?",
                folder);
}

}  // namespace matinee
