#include "lib/io/torch_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/io/zip_archive.h"

namespace matinee {
namespace {

using Kind = PickleValue::Kind;
using Storages = std::map<std::string, std::span<const std::byte>, std::less<>>;

constexpr std::string_view kZipMagic = "PK\x03\x04";
// The first pickle of the older format: the number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kOldMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The number of elements; throws where it overflows.
std::uint64_t elements_of(const std::vector<std::int64_t>& shape) {
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(product, static_cast<std::uint64_t>(extent), &product))
      throw bad_data("its shape overflows");
  }
  return product;
}

// Whether the strides, from the smallest on, are those of a contiguous tensor.
bool is_without_gaps(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // stride, extent
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) axes.emplace_back(strides[d], shape[d]);
  }
  std::sort(axes.begin(), axes.end());
  std::int64_t expected = 1;
  for (const auto& [stride, extent] : axes) {
    if (stride != expected) return false;
    expected *= extent;
  }
  return true;
}

bool is_in_order(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  std::int64_t expected = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] != 1 && strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

TorchTensorInfo resolve(std::string name, const TorchTensor& tensor, const Storages& storages) {
  const auto found = storages.find(tensor.storage.key);
  if (found == storages.end()) throw bad_data("its storage \"{}\" is not in the file", tensor.storage.key);
  TorchTensorInfo info{std::move(name), tensor.storage.dtype, tensor.shape, tensor.strides, true, {}};
  const std::uint64_t elements = elements_of(info.shape), size = size_of(info.dtype);
  const std::uint64_t held = found->second.size() / size, first = static_cast<std::uint64_t>(tensor.offset);
  if (first > held || elements > held - first) {
    throw bad_data("{} elements from {} on are beyond the {} of its storage \"{}\"", elements, tensor.offset, held,
                   tensor.storage.key);
  }
  if (elements > 0 && !is_without_gaps(info.shape, info.strides)) {
    throw bad_data("it is a view of another tensor with gaps or repeated elements")
        .add_remedy("save it with .contiguous()");
  }
  info.in_order = elements == 0 || is_in_order(info.shape, info.strides);
  info.data = found->second.subspan(first * size, elements * size);
  return info;
}

std::vector<TorchTensorInfo> tensors_in(const PickleValue& root, const Storages& storages) {
  if (root.kind != Kind::kDict) throw bad_data("expected a dict of tensors");
  std::vector<TorchTensorInfo> tensors;
  std::set<std::string> names;
  for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const PickleValue &key = *root.items[i], &value = *root.items[i + 1];
    if (key.kind != Kind::kText) throw bad_data("expected a dict of tensors by names");
    with_context("tensor \"" + key.text + "\"", [&] {
      if (value.kind != Kind::kTensor) {
        throw bad_data("expected a tensor")
            .add_remedy("is this a checkpoint of a training run, with more than weights?");
      }
      if (!names.insert(key.text).second) throw bad_data("it is there twice");
      tensors.push_back(resolve(key.text, value.tensor, storages));
    });
  }
  return tensors;
}

}  // namespace

TorchCheckpoint::TorchCheckpoint(const std::string& path) : file_(path), name_(path) {
  with_context(name_, [&] { parse(file_.bytes()); });
}

TorchCheckpoint::TorchCheckpoint(std::span<const std::byte> data, std::string name) : name_(std::move(name)) {
  with_context(name_, [&] { parse(data); });
}

void TorchCheckpoint::parse(std::span<const std::byte> all) {
  if (begins_with(all, kZipMagic)) return read_archive(all);
  if (begins_with(all, kOldMagic)) return read_old_format(all);
  if (begins_with(all, "version https://git-lfs")) {
    throw bad_data("not a PyTorch checkpoint").add_remedy("this is a git-lfs pointer, not the file; run git lfs pull");
  }
  throw bad_data("not a PyTorch checkpoint: it begins neither like a zip archive nor like a file of torch.save");
}

// ROOT/data.pkl, ROOT/data/KEY for each storage, ROOT/byteorder; ROOT is any name.
void TorchCheckpoint::read_archive(std::span<const std::byte> all) {
  const auto entries = zip_entries(all);
  constexpr std::string_view kPickle = "/data.pkl", kOrder = "/byteorder";
  const auto pickle =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first.ends_with(kPickle); });
  if (pickle == entries.end()) throw bad_data("zip archive: it has no data.pkl; is it made by torch.save?");
  const std::string root = pickle->first.substr(0, pickle->first.size() - kPickle.size());
  if (const auto order = entries.find(root + std::string(kOrder));
      order != entries.end() && as_text(order->second) != "little") {
    throw bad_data("expected little-endian numbers, found byteorder \"{}\"", as_text(order->second));
  }
  Storages storages;
  const std::string folder = root + "/data/";
  for (auto entry = entries.lower_bound(folder); entry != entries.end() && entry->first.starts_with(folder); ++entry) {
    storages.emplace(entry->first.substr(folder.size()), entry->second);
  }
  PickleMachine machine(pickle->second);
  tensors_ = tensors_in(machine.next(), storages);
}

// Pickles of a magic number, a version, facts about the system, the dict and the list of keys; then for each key the
// number of elements (int64) and the elements.
void TorchCheckpoint::read_old_format(std::span<const std::byte> all) {
  PickleMachine machine(all.subspan(kOldMagic.size()));
  machine.next();
  const PickleValue& system = machine.next();
  for (std::size_t i = 0; i + 1 < system.items.size(); i += 2) {
    const PickleValue &key = *system.items[i], &value = *system.items[i + 1];
    if (key.text == "little_endian" && value.kind == Kind::kBool && value.integer == 0)
      throw bad_data("expected little-endian numbers, found big-endian ones");
  }
  const PickleValue& root = machine.next();
  const PickleValue& keys = machine.next();
  if (keys.kind != Kind::kList) throw bad_data("the list of storages is missing");
  // The sizes of the elements are known from the tensors.
  std::map<std::string_view, DType> dtypes;
  for (const PickleValue* value : root.items) {
    if (value->kind == Kind::kTensor) dtypes.emplace(value->tensor.storage.key, value->tensor.storage.dtype);
  }
  Storages storages;
  auto rest = all.subspan(kOldMagic.size() + machine.position());
  for (const PickleValue* key : keys.items) {
    const auto dtype = dtypes.find(key->text);
    if (key->kind != Kind::kText || dtype == dtypes.end()) throw bad_data("the list of storages is not understood");
    std::uint64_t elements = 0;
    if (rest.size() >= sizeof(elements)) std::memcpy(&elements, rest.data(), sizeof(elements));
    const std::uint64_t size = size_of(dtype->second);
    if (rest.size() < sizeof(elements) || elements > (rest.size() - sizeof(elements)) / size) {
      throw bad_data("storage \"{}\" is beyond the end: the file is cut off", key->text);
    }
    storages.emplace(key->text, rest.subspan(sizeof(elements), elements * size));
    rest = rest.subspan(sizeof(elements) + elements * size);
  }
  tensors_ = tensors_in(root, storages);
}

void TorchCheckpoint::release(const TorchTensorInfo& tensor) const {
  if (file_.bytes().empty() || tensor.data.empty()) return;
  file_.release(static_cast<std::size_t>(tensor.data.data() - file_.bytes().data()), tensor.data.size());
}

}  // namespace matinee
