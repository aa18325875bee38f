#include "lib/io/pickle_machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMaxValues = std::size_t{1} << 20;  // more than any checkpoint has; bounds the memory

// Opcodes of Python's pickletools.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyTuple = ')',
  kEmptyList = ']',
  kEmptyDict = '}',
  kBinFloat = 'G',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95
};

struct StorageClass {
  const char* name;
  DType dtype;
};
constexpr std::array<StorageClass, 10> kStorageClasses{{{"torch.FloatStorage", DType::kF32},
                                                        {"torch.HalfStorage", DType::kF16},
                                                        {"torch.BFloat16Storage", DType::kBF16},
                                                        {"torch.DoubleStorage", DType::kF64},
                                                        {"torch.LongStorage", DType::kI64},
                                                        {"torch.IntStorage", DType::kI32},
                                                        {"torch.ShortStorage", DType::kI16},
                                                        {"torch.CharStorage", DType::kI8},
                                                        {"torch.ByteStorage", DType::kU8},
                                                        {"torch.BoolStorage", DType::kBool}}};
constexpr std::string_view kOrderedDict = "collections.OrderedDict", kRebuildTensor = "torch._utils._rebuild_tensor_v2",
                           kRebuildParameter = "torch._utils._rebuild_parameter";

const StorageClass* find_storage(std::string_view name) {
  const auto* found = std::find_if(kStorageClasses.begin(), kStorageClasses.end(),
                                   [&](const StorageClass& each) { return name == each.name; });
  return found == kStorageClasses.end() ? nullptr : found;
}

bool is_name(const PickleValue& value, std::string_view name) {
  return value.kind == Kind::kName && value.text == name;
}

std::vector<std::int64_t> sizes(const PickleValue& value, const char* what) {
  if (value.kind != Kind::kTuple) throw bad_data("a tensor's {} is no tuple", what);
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value.items) {
    if (item->kind != Kind::kInteger || item->integer < 0) throw bad_data("a tensor's {} has no sizes", what);
    numbers.push_back(item->integer);
  }
  return numbers;
}

}  // namespace

const PickleValue& PickleMachine::next() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  done_ = false;
  while (!done_) {
    const std::size_t at = at_;
    with_context(fmt::format("pickle, byte {}", at), [&] { step(number<std::uint8_t>()); });
  }
  if (stack_.size() != 1) throw bad_data("pickle: expected one value at its end, found {}", stack_.size());
  return *stack_.front();
}

void PickleMachine::step(std::uint8_t opcode) {
  if (push_constant(opcode) || push_container(opcode) || change_container(opcode) || use_memo(opcode)) return;
  switch (opcode) {
    case kProto:
      if (const auto version = number<std::uint8_t>(); version < 2 || version > 5)
        throw bad_data("expected protocol 2 to 5, found {}", version);
      return;
    case kFrame: static_cast<void>(number<std::uint64_t>()); return;
    case kStop: done_ = true; return;
    case kMark: marks_.push_back(stack_.size()); return;
    case kGlobal: {
      const std::string module = line();
      return name_class(module, line());
    }
    case kStackGlobal: {
      const std::string name = top(Kind::kText, "a name").text;
      pop();
      const std::string module = top(Kind::kText, "a name").text;
      pop();
      return name_class(module, name);
    }
    case kReduce: return call();
    case kBinPersId: return load_storage();
    default: throw bad_data("operation {:#04x} is none that torch.save writes for tensors", opcode);
  }
}

bool PickleMachine::push_constant(std::uint8_t opcode) {
  switch (opcode) {
    case kNone: push(Kind::kNone); return true;
    case kNewTrue:
    case kNewFalse: push(Kind::kBool).integer = opcode == kNewTrue ? 1 : 0; return true;
    case kBinInt: push(Kind::kInteger).integer = number<std::int32_t>(); return true;
    case kBinInt1: push(Kind::kInteger).integer = number<std::uint8_t>(); return true;
    case kBinInt2: push(Kind::kInteger).integer = number<std::uint16_t>(); return true;
    case kLong1: {
      const auto bytes = take(number<std::uint8_t>());
      // Only the magic number of old checkpoints has more than 8 bytes; the caller handles it.
      std::uint64_t value = 0;
      for (std::size_t i = std::min<std::size_t>(bytes.size(), 8); i-- > 0;)
        value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
      if (!bytes.empty() && bytes.size() < 8 && (bytes.back() & std::byte{0x80}) != std::byte{0})
        value |= ~std::uint64_t{0} << (8 * bytes.size());
      push(Kind::kInteger).integer = static_cast<std::int64_t>(value);
      return true;
    }
    case kBinFloat:
      take(8);
      push(Kind::kReal);
      return true;
    case kShortBinString:
    case kShortBinUnicode: push(Kind::kText).text = text(number<std::uint8_t>()); return true;
    case kBinString:
    case kBinUnicode: push(Kind::kText).text = text(number<std::uint32_t>()); return true;
    case kBinUnicode8: push(Kind::kText).text = text(number<std::uint64_t>()); return true;
    default: return false;
  }
}

bool PickleMachine::push_container(std::uint8_t opcode) {
  switch (opcode) {
    case kEmptyTuple: push(Kind::kTuple); return true;
    case kEmptyList: push(Kind::kList); return true;
    case kEmptyDict: push(Kind::kDict); return true;
    case kTuple: {
      std::vector<PickleValue*> items = pop_to_mark();
      push(Kind::kTuple).items = std::move(items);
      return true;
    }
    case kTuple1:
    case kTuple2:
    case kTuple3: {
      std::vector<PickleValue*> items;
      for (int n = opcode - kTuple1 + 1; n > 0; --n) items.insert(items.begin(), pop());
      push(Kind::kTuple).items = std::move(items);
      return true;
    }
    default: return false;
  }
}

bool PickleMachine::change_container(std::uint8_t opcode) {
  switch (opcode) {
    case kAppend: {
      PickleValue* item = pop();
      top(Kind::kList, "a list").items.push_back(item);
      return true;
    }
    case kAppends: {
      const std::vector<PickleValue*> items = pop_to_mark();
      auto& list = top(Kind::kList, "a list").items;
      list.insert(list.end(), items.begin(), items.end());
      return true;
    }
    case kSetItem: {
      PickleValue* value = pop();
      PickleValue* key = pop();
      add_pairs({key, value});
      return true;
    }
    case kSetItems: add_pairs(pop_to_mark()); return true;
    case kBuild:
      // The attributes of a state_dict (versions of its modules) say nothing about tensors.
      pop();
      top(Kind::kDict, "an OrderedDict");
      return true;
    default: return false;
  }
}

bool PickleMachine::use_memo(std::uint8_t opcode) {
  const auto put = [&](std::uint64_t index) {
    if (stack_.empty()) throw bad_data("there is no value to remember");
    memo_[index] = stack_.back();
  };
  const auto get = [&](std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw bad_data("value {} was not remembered", index);
    stack_.push_back(found->second);
  };
  switch (opcode) {
    case kBinPut: put(number<std::uint8_t>()); return true;
    case kLongBinPut: put(number<std::uint32_t>()); return true;
    case kMemoize: put(memo_.size()); return true;
    case kBinGet: get(number<std::uint8_t>()); return true;
    case kLongBinGet: get(number<std::uint32_t>()); return true;
    default: return false;
  }
}

void PickleMachine::name_class(const std::string& module, const std::string& name) {
  const std::string full = module + "." + name;
  const bool known = full == kOrderedDict || full == kRebuildTensor || full == kRebuildParameter;
  if (!known && find_storage(full) == nullptr) {
    throw bad_data("it wants to use Python's \"{}\", which weights do not need; nothing of it was executed", full);
  }
  push(Kind::kName).text = full;
}

void PickleMachine::call() {
  const PickleValue& arguments = top(Kind::kTuple, "the arguments of a call");
  pop();
  const PickleValue& callee = top(Kind::kName, "what is called");
  pop();
  if (is_name(callee, kOrderedDict)) {
    if (!arguments.items.empty()) throw bad_data("an OrderedDict with arguments is not understood");
    push(Kind::kDict);
  } else if (is_name(callee, kRebuildTensor)) {
    rebuild_tensor(arguments);
  } else if (is_name(callee, kRebuildParameter)) {
    if (arguments.items.empty() || arguments.items.front()->kind != Kind::kTensor)
      throw bad_data("a parameter has no tensor");
    PickleValue* tensor = arguments.items.front();
    stack_.push_back(tensor);
  } else {
    throw bad_data("{} cannot be called", callee.text);
  }
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks, ...)
void PickleMachine::rebuild_tensor(const PickleValue& arguments) {
  const auto& items = arguments.items;
  if (items.size() < 4 || items[0]->kind != Kind::kStorage || items[1]->kind != Kind::kInteger)
    throw bad_data("the arguments of {} are not understood", kRebuildTensor);
  PickleValue& value = push(Kind::kTensor);
  value.tensor.storage = items[0]->tensor.storage;
  value.tensor.offset = items[1]->integer;
  value.tensor.shape = sizes(*items[2], "size");
  value.tensor.strides = sizes(*items[3], "stride");
  if (value.tensor.offset < 0 || value.tensor.shape.size() != value.tensor.strides.size())
    throw bad_data("a tensor's offset or strides are not understood");
}

// A persistent id: ("storage", class, key, device, number of elements).
void PickleMachine::load_storage() {
  const PickleValue& id = top(Kind::kTuple, "the id of a storage");
  pop();
  const auto& items = id.items;
  const bool is_storage = items.size() >= 5 && items[0]->kind == Kind::kText && items[0]->text == "storage" &&
                          items[1]->kind == Kind::kName && items[2]->kind == Kind::kText &&
                          items[4]->kind == Kind::kInteger && items[4]->integer >= 0 &&
                          (items.size() == 5 || items[5]->kind == Kind::kNone);  // [5]: a part of another storage
  const StorageClass* type = is_storage ? find_storage(items[1]->text) : nullptr;
  if (type == nullptr) throw bad_data("the id of a storage is not understood");
  push(Kind::kStorage).tensor.storage = {items[2]->text, type->dtype, static_cast<std::uint64_t>(items[4]->integer)};
}

std::span<const std::byte> PickleMachine::take(std::uint64_t n) {
  if (n > bytes_.size() - at_) throw bad_data("it is cut off: {} bytes are needed, {} follow", n, bytes_.size() - at_);
  const auto taken = bytes_.subspan(at_, n);
  at_ += n;
  return taken;
}

template <class T>
T PickleMachine::number() {
  static_assert(std::endian::native == std::endian::little, "pickles are little-endian");
  T value;
  std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
  return value;
}

std::string PickleMachine::text(std::uint64_t n) {
  const auto bytes = take(n);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string PickleMachine::line() {
  const auto rest = bytes_.subspan(at_);
  const auto end = std::find(rest.begin(), rest.end(), std::byte{'\n'});
  if (end == rest.end()) throw bad_data("it is cut off inside a name");
  std::string found = text(static_cast<std::uint64_t>(end - rest.begin()));
  ++at_;
  return found;
}

PickleValue& PickleMachine::push(Kind kind) {
  if (values_.size() >= kMaxValues) throw bad_data("it has more than {} values", kMaxValues);
  PickleValue& value = values_.emplace_back();
  value.kind = kind;
  stack_.push_back(&value);
  return value;
}

PickleValue* PickleMachine::pop() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) throw bad_data("there is no value to take");
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue& PickleMachine::top(Kind kind, const char* what) {
  if (stack_.empty() || stack_.back()->kind != kind) throw bad_data("expected {}", what);
  return *stack_.back();
}

std::vector<PickleValue*> PickleMachine::pop_to_mark() {
  if (marks_.empty()) throw bad_data("there is no mark");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::add_pairs(const std::vector<PickleValue*>& items) {
  if (items.size() % 2 != 0) throw bad_data("a key has no value");
  auto& dict = top(Kind::kDict, "a dict").items;
  dict.insert(dict.end(), items.begin(), items.end());
}

}  // namespace matinee
