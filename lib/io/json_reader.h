// The one reader of JSON: nodes that know their path, so that every error can name it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace matinee {

/// A value in a parsed JSON text, or a field that is not there. A value of the wrong type throws Error(kBadData)
/// "model.merges[3]: expected a string, found 7". Cheap to copy; valid until its JsonReader parses again or is
/// destroyed. Keys are kept by reference: they must outlive the node.
class JsonNode {
 public:
  bool exists() const { return exists_; }
  bool is_null() const;  ///< null, or not there
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;

  /// True where this object has the field, and not as null.
  bool has(std::string_view key) const { return !(*this)[key].is_null(); }
  /// The field, which may not be there. Throws where this is no object.
  JsonNode operator[](std::string_view key) const;
  /// The field; throws where there is none.
  JsonNode get(std::string_view key) const;

  std::string_view view() const;  ///< a string
  std::string string() const { return std::string(view()); }
  std::int64_t integer() const;
  double number() const;
  bool boolean() const;
  /// The field, or `fallback` where it is null or not there.
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string string_or(std::string_view key, std::string_view fallback) const;
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;

  std::vector<JsonNode> array() const;
  /// The fields of an object, in the order of the text.
  std::vector<std::pair<std::string_view, JsonNode>> fields() const;
  /// Calls `visit` for each field of an object of integers; makes no nodes, so that vocabularies load fast.
  void each_integer(const std::function<void(std::string_view, std::int64_t)>& visit) const;
  /// Calls `visit` for each element of an array of strings (`alone` is true, one text) or of arrays of strings. Makes
  /// no nodes. Throws for any other element; an Error that `visit` throws gets the element's path.
  void each_texts(const std::function<void(std::span<const std::string_view> texts, bool alone)>& visit) const;
  /// The number of fields of an object or of elements of an array; 0 for anything else.
  std::size_t size() const;

  /// "model.merges[3]"; "" for the root. Walks the whole text, so it is for messages.
  std::string path() const;
  /// The value as JSON without white space.
  std::string text() const;
  /// "an object", "a number", ...
  const char* type_name() const;
  /// "PATH: expected EXPECTED, found TEXT", or "PATH: missing; expected EXPECTED".
  Error unexpected(std::string_view expected) const;

 private:
  friend class JsonReader;
  struct Access;  // all that touches simdjson

  std::array<std::uint64_t, 2> value_{};  // a simdjson::dom::element; of the object where the field is not there
  std::string_view key_;                  // of a field that is not there
  bool exists_ = false;
};

/// Parses JSON texts one after another and owns what the nodes of the last one point to. One per thread.
class JsonReader {
 public:
  JsonReader();
  JsonReader(JsonReader&&) noexcept;
  ~JsonReader();

  /// The root of `json`. Throws Error(kBadData) "not valid JSON: REASON".
  JsonNode parse(std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Calls body(root) for a JSON text; an Error that leaves it gets `name` put before its message.
template <class Body>
auto read_json(std::string_view json, std::string_view name, Body&& body) {
  return with_context(name, [&] {
    JsonReader reader;
    return body(reader.parse(json));
  });
}

/// Calls body(); an Error that leaves it gets the node's path put before its message.
template <class Body>
auto with_path(const JsonNode& node, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(node.path());
    throw;
  }
}

}  // namespace matinee
