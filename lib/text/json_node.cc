#include "lib/text/json_node.h"

#include <simdjson.h>

#include "lib/base/format_error.h"

namespace matinee {

struct JsonNode::Value {
  simdjson::dom::element element;
};

JsonNode::JsonNode() = default;
JsonNode::JsonNode(const Value& value, std::string path)
    : value_(std::make_unique<Value>(value)), path_(std::move(path)) {}
JsonNode::JsonNode(const JsonNode& other)
    : value_(other.value_ ? std::make_unique<Value>(*other.value_) : nullptr), path_(other.path_) {}
JsonNode& JsonNode::operator=(const JsonNode& other) {
  if (this != &other) {
    value_ = other.value_ ? std::make_unique<Value>(*other.value_) : nullptr;
    path_ = other.path_;
  }
  return *this;
}
JsonNode::~JsonNode() = default;

bool JsonNode::is_null() const { return !value_ || value_->element.is_null(); }
bool JsonNode::is_object() const { return value_ && value_->element.is_object(); }
bool JsonNode::is_string() const { return value_ && value_->element.is_string(); }
bool JsonNode::is_array() const { return value_ && value_->element.is_array(); }

Error JsonNode::wrong_type(const char* expected) const {
  return bad_data("{}: expected {}", path_.empty() ? "the file" : path_, expected);
}

bool JsonNode::has(std::string_view key) const { return !(*this)[key].is_null(); }

JsonNode JsonNode::operator[](std::string_view key) const {
  if (!is_object()) throw wrong_type("an object");
  JsonNode child;
  child.path_ = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  simdjson::dom::element found;
  if (value_->element.at_key(key).get(found) == simdjson::SUCCESS) child.value_ = std::make_unique<Value>(Value{found});
  return child;
}

JsonNode JsonNode::get(std::string_view key) const {
  JsonNode child = (*this)[key];
  if (!child.value_) throw bad_data("{}: missing", child.path_);
  return child;
}

bool JsonNode::boolean_or(std::string_view key, bool fallback) const {
  const JsonNode child = (*this)[key];
  return child.is_null() ? fallback : child.boolean();
}

std::string_view JsonNode::view() const {
  std::string_view text;
  if (!value_ || value_->element.get(text) != simdjson::SUCCESS) throw wrong_type("a string");
  return text;
}

std::int64_t JsonNode::integer() const {
  std::int64_t number = 0;
  if (!value_ || value_->element.get(number) != simdjson::SUCCESS) throw wrong_type("an integer");
  return number;
}

double JsonNode::number() const {
  double number = 0;
  if (!value_ || value_->element.get(number) != simdjson::SUCCESS) throw wrong_type("a number");
  return number;
}

bool JsonNode::boolean() const {
  bool value = false;
  if (!value_ || value_->element.get(value) != simdjson::SUCCESS) throw wrong_type("true or false");
  return value;
}

std::vector<JsonNode> JsonNode::array() const {
  simdjson::dom::array elements;
  if (!value_ || value_->element.get(elements) != simdjson::SUCCESS) throw wrong_type("an array");
  std::vector<JsonNode> children;
  for (const simdjson::dom::element element : elements)
    children.push_back(JsonNode(Value{element}, fmt::format("{}[{}]", path_, children.size())));
  return children;
}

void JsonNode::each_integer(const std::function<void(std::string_view, std::int64_t)>& visit) const {
  simdjson::dom::object fields;
  if (!value_ || value_->element.get(fields) != simdjson::SUCCESS) throw wrong_type("an object");
  for (const auto& [key, element] : fields) {
    std::int64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS) throw bad_data("{}.{}: expected an integer", path_, key);
    visit(key, number);
  }
}

struct JsonDocument::Impl {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

JsonDocument::JsonDocument(std::string_view json, const std::string& name) : impl_(std::make_unique<Impl>()) {
  const auto code = impl_->parser.parse(json.data(), json.size()).get(impl_->root);
  if (code != simdjson::SUCCESS) throw bad_data("{}: not valid JSON: {}", name, simdjson::error_message(code));
}
JsonDocument::~JsonDocument() = default;
JsonNode JsonDocument::root() const { return JsonNode(JsonNode::Value{impl_->root}, ""); }

}  // namespace matinee
