#include "lib/model/adapter_names.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/words.h"
#include "lib/model/config_fields.h"
#include "lib/model/families.h"
#include "lib/model/lora_tensors.h"

namespace matinee {
namespace {

using Parts = std::vector<std::string>;

// Parts of names that wrappers of torch add.
constexpr std::string_view kWrappers = "_orig_mod _fsdp_wrapped_module _checkpoint_wrapped_module";
// Parts that end the path of the module.
constexpr std::string_view kMarks =
    "lora_A lora_B lora_embedding_A lora_embedding_B lora_magnitude_vector trainable_tokens_delta lora_a lora_b";
// Parts after the path that say where PEFT keeps a tensor, not which one it is.
constexpr std::string_view kPlaces = "base_layer modules_to_save token_adapter";
constexpr const char* kBaseLayer = ".base_layer";

Parts split(const std::string& name) {
  Parts parts;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    parts.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// What PEFT writes after the path, for the mark of a tensor.
std::string suffix_of(const std::string& mark) {
  if (mark == "lora_A" || mark == "lora_B") return "." + mark + ".weight";
  return (mark == "trainable_tokens_delta" ? ".token_adapter." : ".") + mark;
}

}  // namespace

AdapterNames::AdapterNames(const ModelConfig& model)
    : prefix_(family_of(model).names.prefix), embedding_(embed_tokens_path(model)) {
  for (const WeightSpec& spec : weight_specs(model)) paths_.insert(spec.name.substr(0, spec.name.rfind('.')));
  paths_.insert(lm_head_path(model));
}

std::string AdapterNames::key_of(const std::string& name) {
  std::string key = name;
  const std::size_t at = key.find(kBaseLayer);
  return at == std::string::npos ? key : key.erase(at, std::string_view(kBaseLayer).size());
}

// The path of a module of the whole model.
std::string AdapterNames::path_of(const Parts& parts) {
  std::string path = joined(parts, ".");
  if (paths_.contains(path) || !paths_.contains(prefix_ + path)) return path;
  spellings_.insert(fmt::format("without \"{}\", as trained on the bare model", prefix_));
  return prefix_ + path;
}

AdapterNames::Key AdapterNames::read(const std::string& stored) {
  Parts parts = split(stored);
  for (auto part = parts.begin(); part != parts.end();) {
    if (!is_listed(kWrappers, *part) && !(part == parts.begin() && *part == "module")) {
      ++part;
      continue;
    }
    spellings_.insert(fmt::format("with \"{}.\"", *part));
    part = parts.erase(part);
  }
  const bool rooted = parts.size() > 2 && parts[0] == "base_model" && parts[1] == "model";
  if (rooted) parts.erase(parts.begin(), parts.begin() + 2);
  const auto ends_path = [](const std::string& part) { return is_listed(kMarks, part) || is_listed(kPlaces, part); };
  auto mark = std::find_if(parts.begin(), parts.end(), ends_path);
  if (mark == parts.end()) mark = parts.end() - 1;  // "weight", "bias", or "m" of MLX
  const std::string path = path_of({parts.begin(), mark});

  Parts rest(mark, parts.end()), names;
  std::erase_if(rest, [](const std::string& part) { return is_listed(kPlaces, part); });
  std::copy_if(rest.begin(), rest.end(), std::back_inserter(names),
               [](const std::string& part) { return !is_listed(kMarks, part) && !is_listed("weight bias m", part); });
  if (names.size() > 1 || rest.empty()) return {stored};
  if (!names.empty()) {
    spellings_.insert(fmt::format("with the adapter's name \"{}\"", names.front()));
    std::erase(rest, names.front());
  }
  if (rest.empty()) return {stored};
  const std::string kind = rest.front();
  if (kind == "lora_a" || kind == "lora_b" || kind == "m") {
    if (kind == "m") return {kPeftPrefix + path + ".lora_magnitude_vector"};
    const std::string factor = kind == "lora_a" ? "A" : "B";
    return {kPeftPrefix + path + suffix_of((path == embedding_ ? "lora_embedding_" : "lora_") + factor), true};
  }
  if (!rooted) spellings_.insert(fmt::format("without \"{}\"", kPeftPrefix));
  if (rest.back() == "bias") return {kPeftPrefix + path + (kind == "bias" ? "" : "." + kind) + ".bias"};
  return {kPeftPrefix + path + (kind == "weight" ? ".weight" : suffix_of(kind))};
}

}  // namespace matinee
