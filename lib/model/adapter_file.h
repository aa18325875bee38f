#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/io/safetensors.h"
#include "lib/model/lora_config.h"
#include "lib/model/lora_tensors.h"
#include "lib/model/safetensors_source.h"

namespace matinee {

/// The files of an adapter: adapter_config.json with adapter_model.safetensors (PEFT) or adapters.safetensors (MLX).
/// The names of tensors are read in any spelling (AdapterNames).
class AdapterFile {
 public:
  /// Reads the configuration and the list of tensors. Throws Error(kBadData) where they are not understood or do not
  /// agree, Error(kMissing) without the files; says how other kinds of adapters are converted.
  AdapterFile(const ModelConfig& model, const std::string& folder);

  /// Resolved for the model; with replaced_modules.
  const LoraConfig& config() const { return config_; }
  const Metadata& metadata() const { return metadata_; }
  /// Of all bytes of both files.
  std::uint64_t hash() const;
  /// How the names of tensors differ from PEFT's, as a sentence; "": they do not.
  const std::string& note() const { return note_; }

  /// Reads a tensor in pieces. Throws Error(kBadData) where it is missing, has another shape or another dtype than F32,
  /// F16 and BF16, or a number that is not finite.
  void read(const LoraTensor& tensor, DeviceSpan<float>& to) const;
  /// Throws Error(kBadData) for a tensor of the file that is not among `tensors`.
  void require_no_others(const std::vector<LoraTensor>& tensors) const;

 private:
  struct Stored {
    const SourceTensor* tensor = nullptr;
    bool transposed = false;  // with respect to PEFT
  };

  void read_names();
  void find_replaced();
  void find_adapted();
  const Stored& stored(const LoraTensor& tensor) const;
  void require_rows(const LoraTensor& tensor, const SourceTensor& found) const;

  ModelConfig model_;
  std::string json_;  // adapter_config.json
  std::optional<SafetensorsSource> file_;
  Metadata metadata_;
  bool mlx_ = false;
  LoraConfig config_;
  std::map<std::string, Stored> tensors_;  // by AdapterNames::key_of
  std::string note_;
};

/// The `matinee.*` metadata of the adapter in `folder`, without reading its tensors.
Metadata read_adapter_metadata(const std::string& folder);

}  // namespace matinee
