// For scripts/compare-base-formats: writes a copy of a base in which the linear layers of one kind have the values that
// a quantized format would give them; the other layers are unchanged.
//   rounded_base BASE FORMAT MODULE OUTPUT
// FORMAT is int8 or nf4; MODULE is a part of the layers' names, such as q_proj or down_proj. Prints the relative error
// ‖W − Q(W)‖ / ‖W‖ of each of these layers and of all together.
#include <fmt/core.h>

#include <cmath>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/model_weights.h"
#include "lib/model/quantized_tensor.h"

namespace matinee {
namespace {

struct Squares {
  double errors = 0, values = 0;
  double relative() const { return std::sqrt(errors / values); }
};

Squares round_through(Context& context, WeightFormat format, const WeightSpec& spec, std::vector<float>& values) {
  QuantizedTensor quantized(context, format, spec.shape[0], spec.shape[1]);
  quantized.append(values);
  std::vector<float> rounded(values.size());
  dequantize(context,
             {.n = spec.elements(), .width = spec.shape[1], .weight = quantized.finish(), .y = rounded.data()});
  Squares sums;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums.errors += std::pow(static_cast<double>(values[i]) - rounded[i], 2);
    sums.values += std::pow(static_cast<double>(values[i]), 2);
  }
  values = rounded;
  return sums;
}

void round_base(const std::string& base, WeightFormat format, const std::string& module, const std::string& output) {
  ThreadPool pool(0);
  Context context(pool);
  const ModelConfig config = read_model_config(base);
  const CheckpointReader reader(base, config);
  make_folders(output);
  SafetensorsWriter writer(output + "/model.safetensors", "", {{"format", "pt"}});
  for (const WeightSpec& spec : reader.specs()) writer.declare(spec.name, DType::kF32, spec.shape);
  Squares all;
  for (const WeightSpec& spec : reader.specs()) {
    if (spec.transposed)
      throw bad_data("{}: tensor \"{}\" is stored transposed; take a base of another family", base, spec.name);
    std::vector<float> values;
    reader.read(spec,
                [&](std::size_t, std::span<float> part) { values.insert(values.end(), part.begin(), part.end()); });
    if (is_quantized(spec, format) && spec.name.find(module) != std::string::npos) {
      const Squares sums = round_through(context, format, spec, values);
      fmt::print("{} {:.4f}\n", spec.name, sums.relative());
      all.errors += sums.errors;
      all.values += sums.values;
    }
    writer.write(spec.name, std::span<const float>(values));
  }
  if (all.values == 0) throw bad_data("{}: no linear layer has \"{}\" in its name", base, module);
  writer.commit();
  fmt::print("all {:.4f}\n", all.relative());
  for (const auto& entry : std::filesystem::directory_iterator(base)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".index.json"))
      write_file(output + "/" + name, read_file(base + "/" + name));
  }
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() != 4 || (words[1] != "int8" && words[1] != "nf4")) {
      fmt::print(stderr, "usage: rounded_base BASE int8|nf4 MODULE OUTPUT\n");
      return 2;
    }
    matinee::round_base(words[0], words[1] == "int8" ? matinee::WeightFormat::kInt8 : matinee::WeightFormat::kNf4,
                        words[2], words[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rounded_base: {}\n", error.what());
    return 1;
  }
  return 0;
}
