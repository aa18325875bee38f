#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/dtype.h"

namespace matinee {

/// A piece of memory of a PyTorch checkpoint: the bytes under `key` (an entry of its archive).
struct TorchStorage {
  std::string key;
  DType dtype = DType::kF32;
  std::uint64_t elements = 0;
};

/// A tensor as a pickle describes it: a view of a storage, in elements. Not checked against the storage.
struct TorchTensor {
  TorchStorage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// A value in a pickle. Containers refer to values of the same machine.
struct PickleValue {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInteger,
    kReal,
    kText,
    kTuple,
    kList,
    kDict,
    kName,  ///< a Python class or function
    kStorage,
    kTensor
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;
  std::string text;                 ///< kText, kName
  std::vector<PickleValue*> items;  ///< of a tuple or list; of a dict keys and values by turns
  TorchTensor tensor;               ///< kTensor; kStorage: its storage only
};

/// Evaluates pickles as torch.save writes them (protocols 2 to 5), executing nothing: the names that such a file needs
/// (OrderedDict, the storage classes, the functions that rebuild tensors and parameters) are built in, and every other
/// is refused by its name. Values live as long as the machine.
class PickleMachine {
 public:
  /// `bytes` must outlive this.
  explicit PickleMachine(std::span<const std::byte> bytes) : bytes_(bytes) {}
  PickleMachine(const PickleMachine&) = delete;
  PickleMachine& operator=(const PickleMachine&) = delete;

  /// Evaluates the next pickle. Throws Error(kBadData) naming the byte where one is broken or asks for more than the
  /// above.
  const PickleValue& next();
  /// Bytes that were read so far.
  std::size_t position() const { return at_; }

 private:
  using Kind = PickleValue::Kind;

  void step(std::uint8_t opcode);
  bool push_constant(std::uint8_t opcode);
  bool push_container(std::uint8_t opcode);
  bool change_container(std::uint8_t opcode);
  bool use_memo(std::uint8_t opcode);
  void name_class(const std::string& module, const std::string& name);
  void call();
  void rebuild_tensor(const PickleValue& arguments);
  void load_storage();

  std::span<const std::byte> take(std::uint64_t n);
  template <class T>
  T number();
  std::string line();
  std::string text(std::uint64_t n);
  PickleValue& push(Kind kind);
  PickleValue* pop();
  PickleValue& top(Kind kind, const char* what);
  std::vector<PickleValue*> pop_to_mark();
  void add_pairs(const std::vector<PickleValue*>& items);

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::deque<PickleValue> values_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::map<std::uint64_t, PickleValue*> memo_;
  bool done_ = false;
};

}  // namespace matinee
