#include "lib/io/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

#include "lib/base/format_error.h"

namespace matinee {

using simdjson::dom::element;

struct JsonNode::Access {
  static_assert(sizeof(element) == sizeof(JsonNode::value_) && std::is_trivially_copyable_v<element>);

  static element of(const JsonNode& node) { return std::bit_cast<element>(node.value_); }
  static JsonNode node(const element& value) {
    JsonNode node;
    node.value_ = std::bit_cast<decltype(node.value_)>(value);
    node.exists_ = true;
    return node;
  }
  template <class T>
  static T get(const JsonNode& node, std::string_view expected) {
    T value;
    if (!node.exists_ || of(node).get(value) != simdjson::SUCCESS) throw node.unexpected(expected);
    return value;
  }
  static bool is(const JsonNode& node, simdjson::dom::element_type type) {
    return node.exists_ && of(node).type() == type;
  }
  // Appends the path from `from` to `sought` and returns true, or returns false if `sought` is not inside `from`.
  static bool append_path(const element& from, const element& sought, std::string& path) {
    if (std::bit_cast<decltype(JsonNode::value_)>(from) == std::bit_cast<decltype(JsonNode::value_)>(sought))
      return true;
    const std::size_t length = path.size();
    if (simdjson::dom::object fields; from.get(fields) == simdjson::SUCCESS) {
      for (const auto& [key, value] : fields) {
        path.append(path.empty() ? "" : ".").append(key);
        if (append_path(value, sought, path)) return true;
        path.resize(length);
      }
    } else if (simdjson::dom::array elements; from.get(elements) == simdjson::SUCCESS) {
      std::size_t index = 0;
      for (const element value : elements) {
        path += fmt::format("[{}]", index++);
        if (append_path(value, sought, path)) return true;
        path.resize(length);
      }
    }
    return false;
  }
};

bool JsonNode::is_null() const { return !exists_ || Access::of(*this).is_null(); }
bool JsonNode::is_object() const { return Access::is(*this, simdjson::dom::element_type::OBJECT); }
bool JsonNode::is_array() const { return Access::is(*this, simdjson::dom::element_type::ARRAY); }
bool JsonNode::is_string() const { return Access::is(*this, simdjson::dom::element_type::STRING); }
bool JsonNode::is_number() const { return exists_ && Access::of(*this).is_number(); }

JsonNode JsonNode::operator[](std::string_view key) const {
  const auto fields = Access::get<simdjson::dom::object>(*this, "an object");
  if (element found; fields.at_key(key).get(found) == simdjson::SUCCESS) return Access::node(found);
  JsonNode missing = *this;
  missing.key_ = key;
  missing.exists_ = false;
  return missing;
}

JsonNode JsonNode::get(std::string_view key) const {
  const JsonNode child = (*this)[key];
  if (!child.exists_) throw bad_data("{}: missing", child.path());
  return child;
}

std::string_view JsonNode::view() const { return Access::get<std::string_view>(*this, "a string"); }
std::int64_t JsonNode::integer() const { return Access::get<std::int64_t>(*this, "an integer"); }
double JsonNode::number() const { return Access::get<double>(*this, "a number"); }
bool JsonNode::boolean() const { return Access::get<bool>(*this, "true or false"); }

bool JsonNode::boolean_or(std::string_view key, bool fallback) const {
  const JsonNode child = (*this)[key];
  return child.is_null() ? fallback : child.boolean();
}
std::string JsonNode::string_or(std::string_view key, std::string_view fallback) const {
  const JsonNode child = (*this)[key];
  return std::string(child.is_null() ? fallback : child.view());
}
std::int64_t JsonNode::integer_or(std::string_view key, std::int64_t fallback) const {
  const JsonNode child = (*this)[key];
  return child.is_null() ? fallback : child.integer();
}
double JsonNode::number_or(std::string_view key, double fallback) const {
  const JsonNode child = (*this)[key];
  return child.is_null() ? fallback : child.number();
}

std::vector<JsonNode> JsonNode::array() const {
  std::vector<JsonNode> children;
  for (const element value : Access::get<simdjson::dom::array>(*this, "an array"))
    children.push_back(Access::node(value));
  return children;
}

std::vector<std::pair<std::string_view, JsonNode>> JsonNode::fields() const {
  std::vector<std::pair<std::string_view, JsonNode>> fields;
  for (const auto& [key, value] : Access::get<simdjson::dom::object>(*this, "an object"))
    fields.emplace_back(key, Access::node(value));
  return fields;
}

void JsonNode::each_integer(const std::function<void(std::string_view, std::int64_t)>& visit) const {
  for (const auto& [key, value] : Access::get<simdjson::dom::object>(*this, "an object")) {
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS) throw Access::node(value).unexpected("an integer");
    visit(key, number);
  }
}

void JsonNode::each_texts(const std::function<void(std::span<const std::string_view> texts, bool alone)>& visit) const {
  std::size_t index = 0;
  std::vector<std::string_view> texts;
  for (const element value : Access::get<simdjson::dom::array>(*this, "an array")) {
    texts.resize(1);
    const bool alone = value.get(texts[0]) == simdjson::SUCCESS;
    if (!alone) {
      texts.clear();
      simdjson::dom::array inner;
      bool all = value.get(inner) == simdjson::SUCCESS;
      if (all) {
        for (const element part : inner) all = part.get(texts.emplace_back()) == simdjson::SUCCESS && all;
      }
      if (!all) throw Access::node(value).unexpected("a string or an array of strings");
    }
    try {
      visit(texts, alone);
    } catch (Error& error) {
      error.add_context(fmt::format("{}[{}]", path(), index));
      throw;
    }
    ++index;
  }
}

std::size_t JsonNode::size() const {
  if (is_object()) return Access::of(*this).get_object().value_unsafe().size();
  if (is_array()) return Access::of(*this).get_array().value_unsafe().size();
  return 0;
}

std::string JsonNode::path() const {
  std::string path;
  if (value_[0] == 0) return path;
  const element value = Access::of(*this);
  // The first word of a simdjson element is the address of its document.
  const auto* document = std::bit_cast<const simdjson::dom::document*>(value_[0]);
  Access::append_path(document->root(), value, path);
  if (!exists_) path.append(path.empty() ? "" : ".").append(key_);
  return path;
}

std::string JsonNode::text() const { return exists_ ? std::string(simdjson::minify(Access::of(*this))) : ""; }

const char* JsonNode::type_name() const {
  if (is_null()) return "null";
  if (is_object()) return "an object";
  if (is_array()) return "an array";
  if (is_string()) return "a string";
  return is_number() ? "a number" : "true or false";
}

Error JsonNode::unexpected(std::string_view expected) const {
  constexpr std::size_t kLongestText = 60;
  const std::string where = path(), prefix = where.empty() ? "" : where + ": ";
  if (!exists_) return bad_data("{}missing; expected {}", prefix, expected);
  const std::string found = text();
  return bad_data("{}expected {}, found {}", prefix, expected, found.size() > kLongestText ? type_name() : found);
}

struct JsonReader::Impl {
  simdjson::dom::parser parser;
};

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

namespace {

// tokenizer_config.json of many models has "model_max_length": 1000000000000000019884624838656 (Python's int(1e30)),
// which simdjson refuses. Appending ".0" makes such integers valid reals.
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

JsonNode JsonReader::parse(std::string_view json) {
  element root;
  auto code = impl_->parser.parse(json.data(), json.size()).get(root);
  if (code == simdjson::NUMBER_ERROR) code = impl_->parser.parse(with_long_integers_as_reals(json)).get(root);
  if (code != simdjson::SUCCESS) throw bad_data("not valid JSON: {}", simdjson::error_message(code));
  return JsonNode::Access::node(root);
}

}  // namespace matinee
