// The JSON reader. Errors give the path of the value in the text.
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

/// A value in a parsed JSON text, or a missing field. Access as the wrong type throws Error(kBadData)
/// "model.merges[3]: expected a string, found 7". Cheap to copy. A node and the views that it returns are valid until
/// its JsonReader parses again or is destroyed. The key of a missing field is kept by reference and must outlive the
/// node.
class JsonNode {
 public:
  bool exists() const { return exists_; }
  bool is_null() const;  ///< null or missing
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;

  /// Whether this object has the field with a value other than null. Throws if this is not an object.
  bool has(std::string_view key) const { return !(*this)[key].is_null(); }
  /// The field, which may be missing. Throws if this is not an object.
  JsonNode operator[](std::string_view key) const;
  /// The field. Throws if it is missing or this is not an object.
  JsonNode get(std::string_view key) const;

  std::string_view view() const;  ///< the value of a string, not copied
  std::string string() const { return std::string(view()); }
  std::int64_t integer() const;
  double number() const;
  bool boolean() const;
  /// The value of the field, or `fallback` if it is null or missing. Throws if it has another type.
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string string_or(std::string_view key, std::string_view fallback) const;
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;

  /// The elements of an array.
  std::vector<JsonNode> array() const;
  /// The keys and values of an object, in the order of the text.
  std::vector<std::pair<std::string_view, JsonNode>> fields() const;
  /// Calls `visit` for each field of an object of integers. Creates no nodes, so that vocabularies load fast.
  void each_integer(const std::function<void(std::string_view, std::int64_t)>& visit) const;
  /// Calls `visit` for each element of an array: a string (one text, `alone` is true) or an array of strings (`alone`
  /// is false). Creates no nodes. Throws for any other element, and adds the element's path to an Error of `visit`.
  void each_texts(const std::function<void(std::span<const std::string_view> texts, bool alone)>& visit) const;
  /// The number of fields of an object or of elements of an array; 0 for anything else.
  std::size_t size() const;

  /// "model.merges[3]"; "" for the root. Searches the whole text, so use it only for messages.
  std::string path() const;
  /// The value as JSON without white space; "" if it is missing.
  std::string text() const;
  /// "an object", "an array", "a string", "a number", "true or false" or "null".
  const char* type_name() const;
  /// Returns an Error(kBadData) "PATH: expected EXPECTED, found TEXT" (the type of a long value) or "PATH: missing;
  /// expected EXPECTED".
  Error unexpected(std::string_view expected) const;

 private:
  friend class JsonReader;
  struct Access;  // the uses of simdjson

  std::array<std::uint64_t, 2> value_{};  // a simdjson::dom::element; for a missing field, the object's
  std::string_view key_;                  // the key of a missing field
  bool exists_ = false;
};

/// Parses JSON texts one after another and owns the data of the nodes of the last one. Not thread-safe: use one per
/// thread.
class JsonReader {
 public:
  JsonReader();
  JsonReader(JsonReader&&) noexcept;
  ~JsonReader();

  /// The root of `json`, which need not outlive this call. Throws Error(kBadData) "not valid JSON: REASON". If simdjson
  /// refuses a number, integers of more than 18 digits are read as reals.
  JsonNode parse(std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Parses `json` and returns body(root). Adds `name` as context to an Error of either.
template <class Body>
auto read_json(std::string_view json, std::string_view name, Body&& body) {
  return with_context(name, [&] {
    JsonReader reader;
    return body(reader.parse(json));
  });
}

/// Returns body(). Adds the path of `node` as context to an Error that it throws.
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
