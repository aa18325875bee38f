#include "lib/io/json_reader.h"

#include <simdjson.h>

#include <algorithm>

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

void JsonNode::each(const std::function<void(std::string_view, const JsonNode&)>& visit) const {
  simdjson::dom::object fields;
  if (!value_ || value_->element.get(fields) != simdjson::SUCCESS) throw wrong_type("an object");
  for (const auto& [key, element] : fields) visit(key, JsonNode(Value{element}, fmt::format("{}.{}", path_, key)));
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

void JsonNode::each_texts(const std::function<void(std::span<const std::string_view> texts, bool alone)>& visit) const {
  simdjson::dom::array elements;
  if (!value_ || value_->element.get(elements) != simdjson::SUCCESS) throw wrong_type("an array");
  std::size_t index = 0;
  std::vector<std::string_view> texts;
  for (const simdjson::dom::element element : elements) {
    texts.resize(1);
    simdjson::dom::array inner;
    const bool alone = element.get(texts[0]) == simdjson::SUCCESS;
    bool all = true;
    if (!alone) {
      all = element.get(inner) == simdjson::SUCCESS;
      texts.clear();
      if (all) {
        for (const simdjson::dom::element part : inner)
          all = part.get(texts.emplace_back()) == simdjson::SUCCESS && all;
      }
    }
    if (!all) throw bad_data("{}[{}]: expected a string or an array of strings", path_, index);
    try {
      visit(texts, alone);
    } catch (Error& error) {
      error.add_context(fmt::format("{}[{}]", path_, index));
      throw;
    }
    ++index;
  }
}

std::size_t JsonNode::size() const {
  if (simdjson::dom::object fields; value_ && value_->element.get(fields) == simdjson::SUCCESS) return fields.size();
  if (simdjson::dom::array elements; value_ && value_->element.get(elements) == simdjson::SUCCESS)
    return elements.size();
  return 0;
}

struct JsonDocument::Impl {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

namespace {

// tokenizer_config.json of many models says "model_max_length": 1000000000000000019884624838656 (Python's int(1e30)),
// which simdjson refuses. Such integers get a ".0".
std::string with_long_integers_as_reals(std::string_view json) {
  constexpr std::size_t kLongestInteger = 18;
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    out += c;
    if (in_string && c == '\\' && i + 1 < json.size()) {
      out += json[++i];
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && c >= '0' && c <= '9') {
      const std::size_t end = std::min(json.find_first_not_of("0123456789", i), json.size());
      out += json.substr(i + 1, end - i - 1);
      const bool fraction = (i > 0 && json[i - 1] == '.') ||
                            (end < json.size() && std::string_view(".eE").find(json[end]) != std::string_view::npos);
      if (end - i > kLongestInteger && !fraction) out += ".0";
      i = end - 1;
    }
  }
  return out;
}

}  // namespace

JsonDocument::JsonDocument(std::string_view json) : impl_(std::make_unique<Impl>()) {
  auto code = impl_->parser.parse(json.data(), json.size()).get(impl_->root);
  if (code == simdjson::NUMBER_ERROR) {
    const std::string eased = with_long_integers_as_reals(json);
    code = impl_->parser.parse(eased).get(impl_->root);
  }
  if (code != simdjson::SUCCESS) throw bad_data("not valid JSON: {}", simdjson::error_message(code));
}
JsonDocument::~JsonDocument() = default;
JsonNode JsonDocument::root() const { return JsonNode(JsonNode::Value{impl_->root}, ""); }

}  // namespace matinee
