#pragma once

#include <set>
#include <string>
#include <vector>

#include "lib/model/model_config.h"

namespace matinee {

/// Reads the names of an adapter's tensors, however the program that saved it spells them: PEFT's, with or without
/// "base_model.model.", with an adapter's name after the factor ("lora_A.default.weight"), of the bare model
/// ("layers.0..."), with what torch.compile, FSDP and DDP add ("_orig_mod.", "module."), and MLX's ("lora_a").
class AdapterNames {
 public:
  explicit AdapterNames(const ModelConfig& model);

  struct Key {
    std::string name;         ///< PEFT's, without ".base_layer"
    bool transposed = false;  ///< stored transposed, as MLX does
  };
  /// The key of a stored name. One that cannot be read stays as it is.
  Key read(const std::string& stored);
  /// The key of a name as lora_tensors has it.
  static std::string key_of(const std::string& name);
  /// What the names read so far have that PEFT's have not, in words: "without "base_model.model."" ...
  const std::set<std::string>& spellings() const { return spellings_; }

 private:
  std::string path_of(const std::vector<std::string>& parts);

  std::string prefix_, embedding_;
  std::set<std::string> paths_;  // of all modules
  std::set<std::string> spellings_;
};

}  // namespace matinee
