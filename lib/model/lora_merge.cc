#include "lib/model/lora_merge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <span>

#include "kernels/ops.h"
#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/families.h"
#include "lib/model/float_tensor.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

// Numbers that are in memory at a time, at least a row.
constexpr std::int64_t kPiece = std::int64_t{1} << 20;

// Calls piece(first, n_rows, values) for a matrix of `file` in float32 with the adapter in it, some rows at a time.
template <class Piece>
void for_rows(const SafetensorsFile& file, const TensorInfo& tensor, LoraMerge& merge, std::int64_t multiple,
              const Piece& piece) {
  const std::int64_t width = tensor.shape.empty() ? 1 : tensor.shape.back();
  const std::int64_t rows =
      std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>()) /
      std::max<std::int64_t>(width, 1);
  const std::int64_t fits = std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(width, 1) / multiple) * multiple;
  const std::int64_t some = merge.wants_whole(tensor.name) ? rows : fits;
  std::vector<float> values;
  for (std::int64_t first = 0; first < rows; first += some) {
    const std::int64_t n = std::min(some, rows - first);
    values.resize(static_cast<std::size_t>(n * width));
    read_floats(file, tensor, static_cast<std::size_t>(first * width), values);
    merge.apply(tensor.name, first, n, width, values.data());
    piece(first, n, std::span<const float>(values));
  }
  file.release(tensor);
}

void write_as(SafetensorsWriter& writer, const TensorInfo& tensor, std::span<const float> values,
              std::vector<std::uint16_t>& narrow) {
  if (tensor.dtype == DType::kF32) return writer.write(tensor.name, values);
  narrow.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow[i] = tensor.dtype == DType::kF16 ? to_half(values[i]) : to_bf16(values[i]).bits;
  }
  writer.write(tensor.name, std::span<const std::uint16_t>(narrow));
}

void copy_tensor(const SafetensorsFile& file, const TensorInfo& tensor, SafetensorsWriter& writer) {
  auto bytes = file.data(tensor);
  if (bytes.empty()) writer.write(tensor.name, bytes);
  while (!bytes.empty()) {
    const auto some = bytes.first(std::min<std::size_t>(bytes.size(), 4 * kPiece));
    writer.write(tensor.name, some);
    bytes = bytes.subspan(some.size());
  }
  file.release(tensor);
}

void write_file_merged(const SafetensorsFile& file, LoraMerge& merge, const std::string& path) {
  SafetensorsWriter writer(path, "", file.metadata());
  std::vector<const TensorInfo*> order;
  for (const TensorInfo& tensor : file.tensors()) order.push_back(&tensor);
  // The writer's own order, so that nothing has to wait in memory.
  std::stable_sort(order.begin(), order.end(),
                   [](const TensorInfo* a, const TensorInfo* b) { return size_of(a->dtype) > size_of(b->dtype); });
  for (const TensorInfo* tensor : order) writer.declare(tensor->name, tensor->dtype, tensor->shape);
  std::vector<std::uint16_t> narrow;
  for (const TensorInfo* tensor : order) {
    if (!merge.changes(tensor->name)) {
      copy_tensor(file, *tensor, writer);
      continue;
    }
    for_rows(file, *tensor, merge, 1, [&](std::int64_t, std::int64_t, std::span<const float> values) {
      write_as(writer, *tensor, values, narrow);
    });
  }
  writer.commit();
}

// Configuration and tokenizer; not weights in other formats that may lie there too.
void copy_companions(const std::string& from, const std::string& to) {
  constexpr std::array<const char*, 4> kEndings{".json", ".txt", ".model", ".jinja"};
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        std::any_of(kEndings.begin(), kEndings.end(), [&](const char* end) { return name.ends_with(end); });
    if (wanted && entry.is_regular_file()) write_file(fmt::format("{}/{}", to, name), read_file(entry.path().string()));
  }
}

}  // namespace

LoraMerge::LoraMerge(Context& context, const ModelConfig& config, LoraAdapter& adapter) : context_(context) {
  const LoraSlots slots = adapter.slots();
  const bool transposed = family_of(config).names.transposed;
  const auto tensors = lora_tensors(config, adapter.config());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const LoraTensor& tensor = tensors[t];
    Target target;
    std::string name = tensor.base_name;
    if (tensor.kind == LoraTensor::Kind::kA) {
      target.slot = slots.layers[static_cast<std::size_t>(tensor.layer)][index_of(tensor.linear.first)];
      target.out = tensor.linear.out;
      target.in = tensor.linear.in;
      target.transposed = transposed;
      name = tensor.linear.path + ".weight";
    } else if (tensor.kind == LoraTensor::Kind::kBias || tensor.kind == LoraTensor::Kind::kWhole) {
      target.instead = &adapter.parameters().all()[t];
      const bool tied = config.tie_word_embeddings && tensor.kind == LoraTensor::Kind::kWhole;
      if (tied)
        throw bad_data("the adapter trained \"{}\" alone of a pair that the base ties; it cannot be merged", name);
    } else {
      continue;
    }
    targets_[bare_name(config, name)] = target;
    targets_[name] = target;
  }
}

bool LoraMerge::wants_whole(const std::string& tensor) const {
  const auto found = targets_.find(tensor);
  return found != targets_.end() && found->second.transposed && found->second.slot.magnitude != nullptr;
}

// Lengths of DoRA: rows of W [out, in], which are columns of a transposed tensor.
void LoraMerge::scale_rows(const Target& target, std::int64_t first, std::int64_t n_rows, std::int64_t width,
                           float* values) const {
  const std::int64_t lines = target.transposed ? width : n_rows, length = target.transposed ? n_rows : width;
  const std::int64_t line_step = target.transposed ? 1 : width, step = target.transposed ? width : 1;
  for (std::int64_t line = 0; line < lines; ++line) {
    float* at = values + line * line_step;
    double squares = 0;
    for (std::int64_t i = 0; i < length; ++i) squares += static_cast<double>(at[i * step]) * at[i * step];
    if (squares == 0) continue;
    const std::int64_t row = target.transposed ? line : first + line;
    const auto factor = static_cast<float>(target.slot.magnitude[row] / std::sqrt(squares));
    for (std::int64_t i = 0; i < length; ++i) at[i * step] *= factor;
  }
}

void LoraMerge::apply(const std::string& tensor, std::int64_t first, std::int64_t n_rows, std::int64_t width,
                      float* values) {
  const auto found = targets_.find(tensor);
  if (found == targets_.end()) return;
  const Target& target = found->second;
  if (target.instead != nullptr) {
    const auto at = static_cast<std::size_t>(first * width), n = static_cast<std::size_t>(n_rows * width);
    if (at + n > target.instead->value.size()) throw bad_data("tensor \"{}\": is larger than the adapter's", tensor);
    std::copy_n(target.instead->value.begin() + static_cast<std::ptrdiff_t>(at), n, values);
    return;
  }
  const std::int64_t rows = target.transposed ? target.in : target.out,
                     columns = target.transposed ? target.out : target.in;
  if (width != columns || first + n_rows > rows) {
    throw bad_data("tensor \"{}\": expected shape [{}, {}]; is this the adapter of another base?", tensor, rows,
                   columns);
  }
  // Rows of (scaling·B)·A, or of its transpose Aᵀ·(scaling·Bᵀ): the product of a gradient with a weight.
  const std::int64_t rank = target.slot.rank;
  left_.resize(static_cast<std::size_t>(n_rows * rank));
  const float* right = target.slot.lora_A;
  if (target.transposed) {
    right_.resize(static_cast<std::size_t>(rank * columns));
    for (std::int64_t o = 0; o < columns; ++o) {
      for (std::int64_t r = 0; r < rank; ++r) {
        right_[static_cast<std::size_t>(r * columns + o)] = target.slot.lora_B[o * rank + r];
      }
    }
    right = right_.data();
  }
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::int64_t r = 0; r < rank; ++r) {
      const float value =
          target.transposed ? target.slot.lora_A[r * rows + first + row] : target.slot.lora_B[(first + row) * rank + r];
      left_[static_cast<std::size_t>(row * rank + r)] = target.slot.scaling * value;
    }
  }
  matmul_backward_input(context_, {.n_rows = n_rows,
                                   .in = width,
                                   .out = rank,
                                   .grad_y = left_.data(),
                                   .weight = {right, DType::kF32},
                                   .grad_x = values,
                                   .accumulate = true,
                                   .product = Product::kF32});
  if (target.slot.magnitude != nullptr) scale_rows(target, first, n_rows, width, values);
}

void write_merged_checkpoint(const std::string& base, LoraMerge& merge, const std::string& output) {
  for (const auto& file : open_checkpoint(base)) {
    const std::string name = file->path().substr(file->path().rfind('/') + 1);
    write_file_merged(*file, merge, fmt::format("{}/{}", output, name));
  }
  copy_companions(base, output);
}

void write_merged_gguf(const std::string& base, const ModelConfig& config, LoraMerge& merge, GgufFormat format,
                       const std::string& name, const GgufMetadata& vocabulary, const std::string& output) {
  const auto files = open_checkpoint(base);
  const auto names = gguf_names(config);
  GgufWriter writer(output);
  add_gguf_config(writer, config, format, name);
  for (const auto& [key, value] : vocabulary) writer.add(key, value);
  for (const GgufName& tensor : names) {
    const bool divides = static_cast<std::uint64_t>(tensor.spec.shape.back()) % gguf_block(format) == 0;
    const bool matrix = tensor.spec.shape.size() > 1;
    writer.declare(tensor.gguf, !matrix ? GgufFormat::kF32 : divides ? format : GgufFormat::kF16, tensor.spec.shape);
  }
  std::vector<float> sorted;
  for (const GgufName& tensor : names) {
    std::string stored = tensor.spec.name;
    const auto holds = [&](const auto& file) { return file->find(stored) != nullptr; };
    auto holder = std::find_if(files.begin(), files.end(), holds);
    if (holder == files.end()) {
      stored = bare_name(config, stored);
      holder = std::find_if(files.begin(), files.end(), holds);
    }
    if (holder == files.end()) throw missing("{}: tensor \"{}\" is missing", base, tensor.spec.name);
    const TensorInfo& info = require_float_tensor(**holder, stored, tensor.spec.shape);
    // Whole heads at a time, since rows change places within one.
    const std::int64_t multiple = tensor.heads > 0 ? config.head_dim : 1;
    for_rows(**holder, info, merge, multiple, [&](std::int64_t, std::int64_t n_rows, std::span<const float> values) {
      if (tensor.heads == 0) return writer.write(tensor.gguf, values);
      const std::size_t width = values.size() / static_cast<std::size_t>(n_rows);
      sorted.clear();
      for (std::int64_t row = 0; row < n_rows; ++row) {
        const auto from = static_cast<std::size_t>(reordered_row(row, config.head_dim, true)) * width;
        sorted.insert(sorted.end(), values.begin() + static_cast<std::ptrdiff_t>(from),
                      values.begin() + static_cast<std::ptrdiff_t>(from + width));
      }
      writer.write(tensor.gguf, sorted);
    });
  }
  writer.commit();
}

}  // namespace matinee
