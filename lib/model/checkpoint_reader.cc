#include "lib/model/checkpoint_reader.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/finite_values.h"

namespace matinee {
namespace {

// Elements converted at a time; at least one row. Pages are released after kPiecesKept of these.
constexpr std::int64_t kPiece = std::int64_t{1} << 16;
constexpr std::int64_t kPiecesKept = 64;
// The same for elements passed on without conversion.
constexpr std::int64_t kStoredPiece = std::int64_t{1} << 21;
constexpr std::int64_t kStoredPiecesKept = 4;

std::pair<std::int64_t, std::int64_t> rows_and_width(const WeightSpec& spec) {
  return {spec.shape.size() > 1 ? spec.shape[0] : 1, spec.shape.back()};
}

// A multiple of `multiple` rows with about `elements` elements.
std::int64_t rows_of_piece(std::int64_t elements, std::int64_t width, std::int64_t multiple) {
  return std::max<std::int64_t>(1, elements / std::max<std::int64_t>(width, 1) / multiple) * multiple;
}

bool follows_from_config(const std::string& name) {
  // Older checkpoints store rotary frequencies, and the causal masks of GPTs.
  constexpr std::array<const char*, 5> ends{".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                                            ".attention.bias", ".attention.masked_bias"};
  return std::any_of(ends.begin(), ends.end(), [&](const char* end) { return name.ends_with(end); });
}

// `values` are elements of the tensor from `first` on, in the order of the file's kind.
template <class T>
void check_finite(const TensorSource& file, const SourceTensor& tensor, std::size_t first, std::span<const T> values) {
  try {
    require_finite(values, first, tensor.shape);
  } catch (Error& error) {
    error.add_context(fmt::format("{}: tensor \"{}\"", file.path(), tensor.name));
    error.add_remedy("the file is damaged, or its training diverged; fetch it again, or take another");
    throw;
  }
}

void read_finite(const TensorSource& file, const SourceTensor& tensor, std::size_t first, std::span<float> to) {
  file.read(tensor, first, to);
  check_finite<float>(file, tensor, first, to);
}

// Rows [first, first + n) of a matrix [out, in] that the file stores as [in, out].
void read_columns(const TensorSource& file, const SourceTensor& tensor, std::int64_t out, std::int64_t first,
                  std::int64_t n, std::span<float> rows) {
  const std::size_t in = rows.size() / static_cast<std::size_t>(n);
  std::vector<float> line(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < in; ++i) {
    read_finite(file, tensor, i * static_cast<std::size_t>(out) + static_cast<std::size_t>(first), line);
    for (std::size_t o = 0; o < line.size(); ++o) rows[o * in + i] = line[o];
  }
}

// Rows of a tensor whose file has them in the order of RowOrder, from `first` on.
void read_by_head(const TensorSource& file, const SourceTensor& tensor, const WeightSpec& spec, std::size_t first,
                  std::span<float> rows) {
  const std::size_t width = spec.bias ? 1 : static_cast<std::size_t>(spec.shape[1]);
  const RowOrder order{spec.heads, spec.n_modules, spec.shape[0]};
  for (std::size_t at = 0; at < rows.size(); at += width) {
    const std::int64_t stored = order.stored(static_cast<std::int64_t>((first + at) / width));
    read_finite(file, tensor, static_cast<std::size_t>(stored) * width, rows.subspan(at, width));
  }
}

}  // namespace

CheckpointReader::CheckpointReader(const std::string& base, const ModelConfig& config, CheckpointHashes* hashes)
    : config_(config), specs_(weight_specs(config)), files_(open_checkpoint(base, config)), hashes_(hashes) {
  for (const WeightSpec& spec : specs_) {
    by_name_[spec.name] = &spec;
    by_name_[bare_name(config, spec.name)] = &spec;
  }
  // Many checkpoints store a tied head too; it is not read.
  const std::string head = lm_head_path(config) + ".weight";
  for (const auto& file : files_) {
    for (const SourceTensor& tensor : file->tensors()) {
      if (by_name_.contains(tensor.name) || tensor.name == head || follows_from_config(tensor.name)) continue;
      throw bad_data("{}: tensor \"{}\": the decoder has no place for it", file->path(), tensor.name);
    }
  }
}

const WeightSpec* CheckpointReader::spec_of(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

CheckpointReader::Place CheckpointReader::find(const WeightSpec& spec) const {
  for (const std::string& called : {spec.name, bare_name(config_, spec.name)}) {
    for (const auto& file : files_) {
      if (file->find(called) == nullptr) continue;
      const bool as_decoder = file->in_decoder_layout(), transposed = spec.transposed && !as_decoder;
      return {file.get(), &file->require(called, transposed ? spec.stored_shape() : spec.shape), transposed,
              as_decoder ? 0 : spec.offset};
    }
  }
  throw missing("{}: tensor \"{}\" is missing", files_.front()->path(), spec.name);
}

void CheckpointReader::read(const WeightSpec& spec, const Piece& piece, std::int64_t multiple) const {
  const auto [file, tensor, transposed, offset] = find(spec);
  const auto [rows, width] = rows_and_width(spec);
  const std::int64_t some = rows_of_piece(kPiece, width, multiple);
  std::vector<float> values(static_cast<std::size_t>(std::min(some, rows) * width));
  // A tensor that is not read in the order of its bytes is hashed up front, and keeps its pages while it is read: each
  // group of rows may need all of them.
  const bool by_head = spec.heads > 0 && !file->in_decoder_layout();
  const bool in_order = tensor->in_order && !transposed && !by_head;
  if (hashes_ != nullptr && !in_order) hashes_->add(*file, *tensor, 0, file->data(*tensor));
  for (std::int64_t row = 0; row < rows; row += some) {
    const std::int64_t n = std::min(some, rows - row);
    const auto part = std::span(values).first(static_cast<std::size_t>(n * width));
    const auto first = static_cast<std::size_t>(row * width);
    if (transposed) {
      read_columns(*file, *tensor, rows, row, n, part);
    } else if (by_head) {
      read_by_head(*file, *tensor, spec, first, part);
    } else {
      if (hashes_ != nullptr && in_order) {
        hashes_->add(*file, *tensor, first / tensor->block * tensor->block_bytes,
                     file->data(*tensor, first, part.size()));
      }
      read_finite(*file, *tensor, first, part);
    }
    if (offset != 0) {
      for (float& value : part) value += offset;
    }
    piece(first, part);
    if (in_order && row / some % kPiecesKept == kPiecesKept - 1) file->release(*tensor);
  }
  file->release(*tensor);
}

bool CheckpointReader::is_stored_as(const WeightSpec& spec, DType dtype) const {
  const auto [file, tensor, transposed, offset] = find(spec);
  return tensor->dtype == dtype && tensor->in_order && !transposed && offset == 0 &&
         (spec.heads == 0 || file->in_decoder_layout()) &&
         reinterpret_cast<std::uintptr_t>(file->data(*tensor).data()) % size_of(dtype) == 0;
}

template <class T>
void CheckpointReader::read_as(const WeightSpec& spec, const StoredPiece<T>& piece, std::int64_t multiple) const {
  const Place place = find(spec);
  const auto [rows, width] = rows_and_width(spec);
  const std::int64_t some = rows_of_piece(kStoredPiece, width, multiple);
  for (std::int64_t row = 0; row < rows; row += some) {
    const auto first = static_cast<std::size_t>(row * width);
    const auto n = static_cast<std::size_t>(std::min(some, rows - row) * width);
    const auto bytes = place.file->data(*place.tensor, first, n);
    // Hashing loads the pages, so `piece` finds them in the cache.
    if (hashes_ != nullptr) hashes_->add(*place.file, *place.tensor, first * sizeof(T), bytes);
    const std::span values(reinterpret_cast<const T*>(bytes.data()), n);
    check_finite(*place.file, *place.tensor, first, values);
    piece(first, values);
    if (row / some % kStoredPiecesKept == kStoredPiecesKept - 1) place.file->release(*place.tensor);
  }
  place.file->release(*place.tensor);
}

template void CheckpointReader::read_as(const WeightSpec&, const StoredPiece<float>&, std::int64_t) const;
template void CheckpointReader::read_as(const WeightSpec&, const StoredPiece<bf16>&, std::int64_t) const;

}  // namespace matinee
