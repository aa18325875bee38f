#include "lib/model/adapter_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/text_reader.h"
#include "lib/model/adapter_names.h"
#include "lib/model/finite_values.h"
#include "lib/model/lora_config_file.h"

namespace matinee {
namespace {

constexpr const char* kConfigFile = "/adapter_config.json";
constexpr const char* kWeightsFile = "/adapter_model.safetensors";
constexpr const char* kMlxWeightsFile = "/adapters.safetensors";

// The file with the tensors. Others that adapters were saved in are named, with what converts them.
std::string weights_path(const std::string& folder) {
  if (file_exists(folder + kWeightsFile)) return folder + kWeightsFile;
  if (file_exists(folder + kMlxWeightsFile)) return folder + kMlxWeightsFile;
  if (file_exists(folder + "/adapter_model.bin")) {
    throw bad_data("{}/adapter_model.bin: this adapter is a pickle of torch, which can hold code", folder)
        .add_remedy(fmt::format("convert it: python3 -c \"import torch, safetensors.torch as s; "
                                "s.save_file({{k: v.contiguous() for k, v in torch.load('{0}/adapter_model.bin', "
                                "weights_only=True).items()}}, '{0}/adapter_model.safetensors')\"",
                                folder));
  }
  if (file_exists(folder + "/adapters.npz")) {
    throw bad_data("{}/adapters.npz: this is an adapter of an old MLX", folder)
        .add_remedy(fmt::format("convert it: python3 -c \"import numpy, safetensors.numpy as s; "
                                "s.save_file(dict(numpy.load('{0}/adapters.npz')), '{0}/adapters.safetensors')\"",
                                folder));
  }
  return folder + kWeightsFile;
}

std::string quoted(const TensorSource& file, const SourceTensor& tensor) {
  return fmt::format("{}: tensor \"{}\"", file.path(), tensor.name);
}

}  // namespace

AdapterFile::AdapterFile(const ModelConfig& model, const std::string& folder) : model_(model) {
  const std::string path = folder + kConfigFile;
  json_ = read_text(path);
  mlx_ = is_mlx_config(json_);
  config_ = mlx_ ? parse_mlx_config(json_, path) : parse_lora_config(json_, path);
  file_.emplace(weights_path(folder));
  metadata_ = file_->metadata();
  read_names();
  find_replaced();
  if (mlx_) find_adapted();
  with_context(path, [&] { config_.resolve(model_); });
}

void AdapterFile::read_names() {
  AdapterNames names(model_);
  for (const SourceTensor& tensor : file_->tensors()) {
    const AdapterNames::Key key = names.read(tensor.name);
    const auto [at, is_new] = tensors_.emplace(key.name, Stored{&tensor, key.transposed});
    if (!is_new) {
      throw bad_data("{}: tensors \"{}\" and \"{}\" are both {}", file_->path(), at->second.tensor->name, tensor.name,
                     key.name)
          .add_remedy("are these two adapters in one file?");
    }
  }
  if (mlx_) {
    note_ = file_->path() + ": an adapter of MLX";
  } else if (!names.spellings().empty()) {
    note_ = fmt::format("{}: names of tensors are {}; they are read as PEFT's", file_->path(),
                        fmt::join(names.spellings(), ", "));
  }
}

// Embedding and head that are saved although they are not trained: PEFT does so for adapted and for resized ones.
void AdapterFile::find_replaced() {
  for (const std::string& path : {embed_tokens_path(model_), lm_head_path(model_)}) {
    if (!config_.saves(path) && tensors_.contains(kPeftPrefix + path + ".weight"))
      config_.replaced_modules.push_back(path);
  }
}

// MLX adapts the last blocks; only the names of tensors say which.
void AdapterFile::find_adapted() {
  std::vector<std::string> paths;
  std::vector<LinearLayer> layers{embedding_layer(model_), head_layer(model_)};
  std::set<std::string> names;
  config_.target_modules.clear();
  config_.target_pattern.clear();
  for (std::int64_t block = 0; block < model_.num_hidden_layers; ++block) {
    const auto linear = linear_layers(model_, block);
    layers.insert(layers.end(), linear.begin(), linear.end());
    const bool adapted = std::any_of(linear.begin(), linear.end(), [&](const LinearLayer& layer) {
      return tensors_.contains(kPeftPrefix + layer.path + ".lora_A.weight");
    });
    if (adapted) config_.layers_to_transform.push_back(block);
  }
  for (const LinearLayer& layer : layers) {
    const std::string at = kPeftPrefix + layer.path;
    if (!tensors_.contains(at + ".lora_A.weight") && !tensors_.contains(at + ".lora_embedding_A")) continue;
    paths.push_back(layer.path);
    names.insert(layer.path.substr(layer.path.rfind('.') + 1));
  }
  if (paths.empty()) throw bad_data("{}: no tensor \"lora_a\" of this base was found", file_->path());
  // Names and blocks where they say it exactly, else all paths.
  config_.target_modules.assign(names.begin(), names.end());
  const auto matches = [&](const LinearLayer& layer) {
    return config_.targets(layer) == (std::find(paths.begin(), paths.end(), layer.path) != paths.end());
  };
  if (config_.layers_to_transform.size() == static_cast<std::size_t>(model_.num_hidden_layers))
    config_.layers_to_transform.clear();
  if (std::all_of(layers.begin(), layers.end(), matches)) return;
  config_.layers_to_transform.clear();
  config_.target_modules = paths;
}

const AdapterFile::Stored& AdapterFile::stored(const LoraTensor& tensor) const {
  const auto found = tensors_.find(AdapterNames::key_of(tensor.name));
  if (found == tensors_.end()) {
    throw missing("{}: tensor \"{}\" is missing", file_->path(), tensor.name)
        .add_remedy("is this the adapter of another base?");
  }
  return found->second;
}

// A table with other rows than the base's means that the base was resized.
void AdapterFile::require_rows(const LoraTensor& tensor, const SourceTensor& found) const {
  if (tensor.kind != LoraTensor::Kind::kWhole && tensor.kind != LoraTensor::Kind::kReplaced) return;
  if (found.shape.size() != tensor.shape.size() || found.shape.front() == model_.vocab_size) return;
  throw bad_data("{} has {} rows, but the base has a vocabulary of {}: the base was resized before the training",
                 quoted(*file_, found), found.shape.front(), model_.vocab_size)
      .add_remedy(fmt::format(
          "resize it the same way: python3 -c \"import transformers as t; m = t.AutoModelForCausalLM.from_pretrained("
          "'BASE'); m.resize_token_embeddings({}); m.save_pretrained('RESIZED')\", copy the adapter's tokenizer files "
          "into RESIZED, and use it as the base",
          found.shape.front()));
}

void AdapterFile::read(const LoraTensor& tensor, DeviceSpan<float>& to) const {
  const Stored& from = stored(tensor);
  const bool transposed = tensor.is_stored_transposed() != from.transposed;
  std::vector<std::int64_t> shape = tensor.shape;
  if (transposed) std::reverse(shape.begin(), shape.end());
  require_rows(tensor, *from.tensor);
  try {
    file_->require(from.tensor->name, shape);
  } catch (Error& error) {
    error.add_remedy("is this the adapter of another base?");
    throw;
  }
  const std::string name = quoted(*file_, *from.tensor);
  const bool by_head = tensor.order.heads > 0;
  std::vector<float> piece(transposed || by_head ? to.size() : std::min(kDevicePiece, to.size()));
  for (std::size_t first = 0; first < to.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), to.size() - first));
    file_->read(*from.tensor, first, some);
    with_context(name, [&] { require_finite(some, first, shape); });
    if (!transposed && !by_head) to.upload(some, first);
  }
  if (by_head) to.upload(tensor.order.to_decoder(piece));
  if (!transposed) return;
  const auto rows = static_cast<std::size_t>(shape[0]), columns = static_cast<std::size_t>(shape[1]);
  std::vector<float> values(piece.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) values[c * rows + r] = piece[r * columns + c];
  }
  to.upload(values);
}

void AdapterFile::require_no_others(const std::vector<LoraTensor>& tensors) const {
  std::set<std::string> keys;
  for (const LoraTensor& tensor : tensors) keys.insert(AdapterNames::key_of(tensor.name));
  for (const auto& [key, from] : tensors_) {
    if (!keys.contains(key)) throw bad_data("{} has no place in this base", quoted(*file_, *from.tensor));
  }
}

std::uint64_t AdapterFile::hash() const { return hash64(MappedFile(file_->path()).text(), hash64(json_)); }

Metadata read_adapter_metadata(const std::string& folder) { return SafetensorsFile(weights_path(folder)).metadata(); }

}  // namespace matinee
