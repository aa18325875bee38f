// testdata/torch was made by PyTorch itself (scripts/make-torch-goldens).
#include "lib/io/torch_checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "lib/base/half.h"
#include "lib/io/zip_archive.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using namespace std::string_literals;
using testing::error_of;

const TorchTensorInfo& get(const TorchCheckpoint& file, const std::string& name) {
  for (const TorchTensorInfo& tensor : file.tensors()) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error(name + " is missing");
}

template <class T>
T element(const TorchTensorInfo& tensor, std::size_t at) {
  T value;
  std::memcpy(&value, tensor.data.data() + at * sizeof(T), sizeof(T));
  return value;
}

// The numbers of a float tensor, row by row, through its strides.
std::vector<float> numbers(const TorchTensorInfo& tensor) {
  std::vector<float> found;
  std::size_t elements = 1;
  for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
  for (std::size_t i = 0; i < elements; ++i) {
    std::size_t rest = i, at = 0;
    for (std::size_t d = tensor.shape.size(); d-- > 0;) {
      at += rest % static_cast<std::size_t>(tensor.shape[d]) * static_cast<std::size_t>(tensor.strides[d]);
      rest /= static_cast<std::size_t>(tensor.shape[d]);
    }
    found.push_back(tensor.dtype == DType::kF16    ? half_to_float(element<std::uint16_t>(tensor, at))
                    : tensor.dtype == DType::kBF16 ? to_float(element<bf16>(tensor, at))
                                                   : element<float>(tensor, at));
  }
  return found;
}

std::vector<float> table(std::size_t first, std::size_t n) {
  std::vector<float> values;
  for (std::size_t i = first; i < first + n; ++i) values.push_back(static_cast<float>(i) / 8 - 0.5f);
  return values;
}

using Shape = std::vector<std::int64_t>;

class TorchFormat : public ::testing::TestWithParam<const char*> {};

TEST_P(TorchFormat, HasTheTensorsThatPyTorchSaved) {
  const TorchCheckpoint file(std::string("testdata/torch/") + GetParam());
  ASSERT_EQ(file.tensors().size(), 11u);
  EXPECT_EQ(get(file, "f32").shape, (Shape{3, 4}));
  EXPECT_EQ(numbers(get(file, "f32")), table(0, 12));
  EXPECT_TRUE(get(file, "f32").in_order);
  EXPECT_EQ(get(file, "transposed").shape, (Shape{4, 3}));
  EXPECT_FALSE(get(file, "transposed").in_order);
  EXPECT_EQ(numbers(get(file, "transposed"))[1], table(4, 1)[0]);
  EXPECT_EQ(get(file, "transposed").data.data(), get(file, "f32").data.data());  // one storage
  EXPECT_EQ(numbers(get(file, "rows")), table(4, 8));
  EXPECT_EQ(get(file, "permuted").shape, (Shape{4, 2, 3}));
  EXPECT_FALSE(get(file, "permuted").in_order);
  EXPECT_EQ(numbers(get(file, "permuted")),
            (std::vector<float>{0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23}));
  EXPECT_EQ(get(file, "f16").dtype, DType::kF16);
  EXPECT_EQ(numbers(get(file, "f16")), table(0, 12));
  EXPECT_EQ(get(file, "bf16").dtype, DType::kBF16);  // a parameter
  EXPECT_EQ(numbers(get(file, "bf16")), table(0, 12));
  EXPECT_EQ(get(file, "mask").dtype, DType::kBool);
  EXPECT_EQ(element<std::uint8_t>(get(file, "mask"), 1), 0);
  EXPECT_EQ(element<std::int64_t>(get(file, "i64"), 0), -2);
  EXPECT_EQ(element<std::int64_t>(get(file, "i64"), 1), std::int64_t{1} << 40);
  EXPECT_EQ(get(file, "scalar").shape, Shape{});
  EXPECT_EQ(numbers(get(file, "scalar")), std::vector<float>{2.5f});
  EXPECT_EQ(get(file, "none").shape, (Shape{0, 3}));
  EXPECT_TRUE(get(file, "none").data.empty());
  EXPECT_EQ(numbers(get(file, "one_row")), table(0, 4));
}

// Each cut-off file, and each with one bit flipped, gives an Error or tensors within the file.
TEST_P(TorchFormat, DamageIsAnErrorOrStillAFile) {
  const std::string good = read_file(std::string("testdata/torch/") + GetParam());
  const auto refusal = [](const std::string& bytes) {
    return error_of([&] { TorchCheckpoint(std::as_bytes(std::span(bytes.data(), bytes.size())), "f"); });
  };
  EXPECT_EQ(refusal(good), "");
  for (std::size_t n = 0; n < good.size(); n += 3) EXPECT_NE(refusal(good.substr(0, n)), "") << n;
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    refused += refusal(bad).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 300);
}

INSTANTIATE_TEST_SUITE_P(Formats, TorchFormat, ::testing::Values("zip.bin", "old.bin"),
                         [](const auto& test) { return std::string(test.param).substr(0, 3); });

TEST(TorchCheckpoint, WhatItWantsToCallIsNamedAndNotCalled) {
  const std::string error = error_of([] { TorchCheckpoint("testdata/torch/evil.bin"); });
  EXPECT_NE(error.find("testdata/torch/evil.bin: pickle, byte "), std::string::npos) << error;
  EXPECT_NE(
      error.find("it wants to use Python's \"posix.system\", which weights do not need; nothing of it was executed"),
      std::string::npos)
      << error;
}

// A zip archive with stored entries; times and checksums are not read.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries, std::uint16_t method = 0) {
  std::string file, directory;
  const auto put = [](std::string& to, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
  };
  for (const auto& [name, data] : entries) {
    const std::size_t at = file.size();
    file += "PK\3\4" + std::string(22, '\0');
    put(file, name.size(), 2);
    put(file, 0, 2);
    file += name + data;
    directory += std::string("PK\1\2") + std::string(4, '\0');
    put(directory, 0, 2);
    put(directory, method, 2);
    directory += std::string(8, '\0');
    put(directory, data.size(), 4);
    put(directory, data.size(), 4);
    put(directory, name.size(), 2);
    directory += std::string(12, '\0');
    put(directory, at, 4);
    directory += name;
  }
  const std::size_t at = file.size();
  file += directory + "PK\5\6" + std::string(4, '\0');
  put(file, entries.size(), 2);
  put(file, entries.size(), 2);
  put(file, directory.size(), 4);
  put(file, at, 4);
  put(file, 0, 2);
  return file;
}

// torch.save's pickle of {"w": a tensor}; `view` are the operations for offset, size and stride.
std::string pickle_of(const std::string& view) {
  return "\x80\x02}X\1\0\0\0w"s +
         "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s +
         "0X\3\0\0\0cpuK\4tQ"s + view + "\x89Nt" + "Rs.";
}

std::string refusal_of(const std::string& pickle, const std::string& order = "little") {
  const std::string bytes =
      zip_of({{"a/data.pkl", pickle}, {"a/byteorder", order}, {"a/data/0", std::string(16, '\0')}});
  return error_of([&] { TorchCheckpoint(std::as_bytes(std::span(bytes.data(), bytes.size())), "f"); });
}

TEST(TorchCheckpoint, NamesEachBrokenRule) {
  EXPECT_EQ(refusal_of(pickle_of("K\0K\2K\2\x86K\2K\1\x86"s)), "");
  EXPECT_EQ(refusal_of(pickle_of("K\1K\2K\2\x86K\2K\1\x86"s)),
            "f: tensor \"w\": 4 elements from 1 on are beyond the 4 of its storage \"0\"");
  EXPECT_EQ(
      refusal_of(pickle_of("K\0K\2K\2\x86K\0K\1\x86"s)),
      "f: tensor \"w\": it is a view of another tensor with gaps or repeated elements; save it with .contiguous()");
  EXPECT_EQ(
      refusal_of(pickle_of("K\0K\2K\1\x86K\2K\2\x86"s)),
      "f: tensor \"w\": it is a view of another tensor with gaps or repeated elements; save it with .contiguous()");
  EXPECT_EQ(refusal_of(pickle_of("K\0K\2K\2\x86K\2K\1\x86"s), "big"),
            "f: expected little-endian numbers, found byteorder \"big\"");
  EXPECT_EQ(refusal_of("\x80\x02}X\1\0\0\0wK\1s."s),
            "f: tensor \"w\": expected a tensor; is this a checkpoint of a training run, with more than weights?");
  EXPECT_EQ(refusal_of("\x80\x02K\1."), "f: expected a dict of tensors");
  EXPECT_EQ(refusal_of("\x80\x02i."), "f: pickle, byte 2: operation 0x69 is none that torch.save writes for tensors");
  EXPECT_EQ(refusal_of("\x80\x09."), "f: pickle, byte 0: expected protocol 2 to 5, found 9");
  EXPECT_EQ(refusal_of("\x80\x02}"), "f: pickle, byte 3: it is cut off: 1 bytes are needed, 0 follow");
  const auto error = [](const std::string& bytes) {
    return error_of([&] { TorchCheckpoint(std::as_bytes(std::span(bytes.data(), bytes.size())), "f"); });
  };
  EXPECT_EQ(error(zip_of({{"a/data.pkl", "x"}}, 8)),
            "f: zip archive: entry \"a/data.pkl\": expected stored data, found compressed data");
  EXPECT_EQ(error(zip_of({{"word/document.xml", "x"}})),
            "f: zip archive: it has no data.pkl; is it made by torch.save?");
  EXPECT_EQ(error(zip_of({{"a", "x"}, {"a", "y"}})), "f: zip archive: entry \"a\" is there twice");
  EXPECT_EQ(error("version https://git-lfs.github.com/spec/v1"),
            "f: not a PyTorch checkpoint; this is a git-lfs pointer, not the file; run git lfs pull");
}

}  // namespace
}  // namespace matinee
