#include "lib/catalog/artifact_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/table/table_reader.h"

namespace matinee {
namespace {

// The shortest digits that read back as the same float; null for NaN and infinity, which JSON lacks.
void append_float(JsonWriter& json, float value) {
  if (std::isfinite(value)) {
    json.raw(fmt::format("{}", value));
  } else {
    json.null();
  }
}

// One element of a tensor as JSON.
void append_element(JsonWriter& json, const SafetensorsFile& file, const TensorInfo& tensor, std::size_t index) {
  const std::byte* at = file.data(tensor).data() + index * size_of(tensor.dtype);
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (tensor.dtype) {
    case DType::kBool: json.boolean(read(std::uint8_t{}) != 0); break;
    case DType::kU8: json.integer(read(std::uint8_t{})); break;
    case DType::kI8: json.integer(read(std::int8_t{})); break;
    case DType::kI16: json.integer(read(std::int16_t{})); break;
    case DType::kF16: append_float(json, half_to_float(read(std::uint16_t{}))); break;
    case DType::kU16: json.integer(read(std::uint16_t{})); break;
    case DType::kBF16: json.number(static_cast<double>(to_float(read(bf16{})))); break;
    case DType::kI32: json.integer(read(std::int32_t{})); break;
    case DType::kU32: json.integer(read(std::uint32_t{})); break;
    case DType::kF32: append_float(json, read(float{})); break;
    case DType::kI64: json.integer(read(std::int64_t{})); break;
    case DType::kU64: json.unsigned_integer(read(std::uint64_t{})); break;
    case DType::kF64: json.number(read(double{})); break;
  }
}

// A column of rows, read from one tensor or from the two or three tensors of a string or list column.
struct Column {
  std::string name;
  std::int64_t rows;
  std::function<void(JsonWriter&, std::size_t)> append;
};

bool ends_with_part(const SafetensorsFile& file, const std::string& name, const char* part, std::string& stem) {
  if (!name.ends_with(part)) return false;
  stem = name.substr(0, name.size() - std::strlen(part));
  return file.find(stem + ".offsets") != nullptr || file.find(stem + ".rows") != nullptr;
}

// Names for the values of a list column of a catalog; empty for other columns and files.
StringColumn referenced_names(const SafetensorsFile& file, const std::string& column) {
  const auto kind = file.metadata().find("matinee.kind");
  if (kind == file.metadata().end() || kind->second != kCatalogKind) return {};
  if (column == "genres") return StringColumn(file, "genre_names");
  if (column == "cast" || column == "directors" || column == "writers") return StringColumn(file, "nconst");
  return {};
}

std::vector<Column> columns_of(const SafetensorsFile& file) {
  std::vector<Column> columns;
  std::string stem;
  for (const TensorInfo& tensor : file.tensors()) {
    if (ends_with_part(file, tensor.name, ".bytes", stem) || ends_with_part(file, tensor.name, ".values", stem) ||
        tensor.name.ends_with(".order"))
      continue;
    if (tensor.name.ends_with(".offsets")) {
      stem = tensor.name.substr(0, tensor.name.size() - 8);
      const StringColumn strings(file, stem);
      columns.push_back({stem, static_cast<std::int64_t>(strings.size()),
                         [strings](JsonWriter& json, std::size_t row) { json.string(strings[row]); }});
    } else if (tensor.name.ends_with(".rows") &&
               file.find(tensor.name.substr(0, tensor.name.size() - 5) + ".values") != nullptr) {
      stem = tensor.name.substr(0, tensor.name.size() - 5);
      const auto offsets = file.view<std::int64_t>(tensor.name);
      const TensorInfo& values = file.get(stem + ".values");
      if (offsets.empty() || offsets.front() != 0 || !std::is_sorted(offsets.begin(), offsets.end()) ||
          static_cast<std::uint64_t>(offsets.back()) * size_of(values.dtype) != values.bytes) {
        throw bad_data("{}: column \"{}\": its rows do not cut its values", file.path(), stem);
      }
      const StringColumn names = referenced_names(file, stem);
      const auto ids = names.size() > 0 ? file.view<std::int32_t>(stem + ".values") : std::span<const std::int32_t>();
      columns.push_back({stem, static_cast<std::int64_t>(offsets.size()) - 1,
                         [offsets, &file, &values, names, ids](JsonWriter& json, std::size_t row) {
                           json.begin_array();
                           for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
                             const auto at = static_cast<std::size_t>(i);
                             if (names.size() > 0 && ids[at] >= 0 && static_cast<std::size_t>(ids[at]) < names.size()) {
                               json.string(names[static_cast<std::size_t>(ids[at])]);
                             } else {
                               append_element(json, file, values, at);
                             }
                           }
                           json.end_array();
                         }});
    } else if (!tensor.shape.empty()) {
      const auto width = tensor.shape[0] == 0 ? 0
                                              : static_cast<std::size_t>(tensor.bytes / size_of(tensor.dtype)) /
                                                    static_cast<std::size_t>(tensor.shape[0]);
      const bool scalar = tensor.shape.size() == 1;
      columns.push_back(
          {tensor.name, tensor.shape[0], [&file, &tensor, width, scalar](JsonWriter& json, std::size_t row) {
             if (!scalar) json.begin_array();
             for (std::size_t i = 0; i < width; ++i) append_element(json, file, tensor, row * width + i);
             if (!scalar) json.end_array();
           }});
    }
  }
  return columns;
}

}  // namespace

void write_artifact_listing(const std::string& path, OutputFile& out) {
  const SafetensorsFile file(path);
  for (const auto& [key, value] : file.metadata()) out.write(fmt::format("# {}\t{}\n", key, value));
  for (const TensorInfo& tensor : file.tensors()) {
    std::string line;
    JsonWriter json(line);
    json.begin_object().field("tensor", tensor.name).field("dtype", name_of(tensor.dtype)).key("shape").begin_array();
    for (const std::int64_t extent : tensor.shape) json.integer(extent);
    json.end_array().key("first").begin_array();
    const std::size_t count = std::min<std::size_t>(4, tensor.bytes / size_of(tensor.dtype));
    for (std::size_t i = 0; i < count; ++i) append_element(json, file, tensor, i);
    json.end_array().end_object();
    out.write(line + "\n");
  }
}

namespace {

// An object for each row: numbers as such, \N as null.
void write_table_objects(const std::string& path, OutputFile& out, const std::function<void(std::uint64_t)>& on_rows) {
  TableReader table(path);
  const auto& columns = table.columns();
  ThreadPool alone(1);  // in order
  table.for_each_block(alone, [&](std::size_t, const TableBlock& block) {
    std::vector<std::vector<std::string_view>> texts(columns.size());
    std::vector<std::vector<std::int32_t>> numbers(columns.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      block.texts(c, texts[c]);
      if (columns[c].type != ColumnType::kText) block.numbers(c, numbers[c]);
    }
    std::string line;
    for (std::size_t row = 0; row < block.rows(); ++row) {
      line.clear();
      JsonWriter json(line);
      json.begin_object();
      for (std::size_t c = 0; c < columns.size(); ++c) {
        json.key(columns[c].name);
        if (texts[c][row] == "\\N") {
          json.null();
        } else if (columns[c].type == ColumnType::kText) {
          json.string(texts[c][row]);
        } else if (columns[c].type == ColumnType::kInteger) {
          json.integer(numbers[c][row]);
        } else {
          json.raw(fmt::format("{}.{}", numbers[c][row] / 10, numbers[c][row] % 10));
        }
      }
      json.end_object();
      line += '\n';
      out.write(line);
    }
    on_rows(block.rows());
  });
}

}  // namespace

void write_artifact_text(const std::string& path, ArtifactFormat format, OutputFile& out, ThreadPool& pool,
                         const RowProgress& progress) {
  const SafetensorsFile file(path);
  const auto kind = file.metadata().find("matinee.kind");
  if (kind != file.metadata().end() && kind->second == "table") {
    if (format == ArtifactFormat::kJsonLines) {
      write_table_objects(path, out, [&, rows = std::uint64_t{0}](std::uint64_t more) mutable {
        if (progress) progress(rows += more, static_cast<std::uint64_t>(TableDescription(file).rows));
      });
    } else {
      write_table_tsv(path, out, pool, progress);
    }
    return;
  }
  // The rows of a catalog are its movies. In other files all columns must have the same number of rows; otherwise the
  // file is listed, because the first dimension of a weight does not count rows.
  const auto columns = columns_of(file);
  std::map<std::int64_t, int> votes;
  for (const Column& column : columns) ++votes[column.rows];
  const auto most =
      std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const bool catalog = kind != file.metadata().end() && kind->second == kCatalogKind;
  if (most == votes.end() || most->second < 2 || (!catalog && votes.size() > 1)) {
    write_artifact_listing(path, out);
    return;
  }
  std::string line;
  if (format == ArtifactFormat::kTsv) {
    for (const Column& column : columns) {
      if (column.rows == most->first) line += (line.empty() ? "" : "\t") + column.name;
    }
    out.write(line + "\n");
  }
  for (std::int64_t row = 0; row < most->first; ++row) {
    line.clear();
    JsonWriter json(line);
    if (format != ArtifactFormat::kTsv) json.begin_object();
    bool first = true;
    for (const Column& column : columns) {
      if (column.rows != most->first) continue;
      if (format == ArtifactFormat::kTsv) {
        if (!first) line += '\t';
        JsonWriter field(line);
        column.append(field, static_cast<std::size_t>(row));
      } else {
        json.key(column.name);
        column.append(json, static_cast<std::size_t>(row));
      }
      first = false;
    }
    if (format != ArtifactFormat::kTsv) json.end_object();
    out.write(line + "\n");
    if (progress) progress(static_cast<std::uint64_t>(row) + 1, static_cast<std::uint64_t>(most->first));
  }
}

}  // namespace matinee
