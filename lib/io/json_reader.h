#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace matinee {

/// A value in a parsed JSON text that knows its path ("model.merges[3]"), so that every complaint can name it. Values
/// of the wrong type throw Error(kBadData) "PATH: expected a string". simdjson is seen by the .cc only.
/// Valid as long as its JsonDocument.
class JsonNode {
 public:
  JsonNode();
  JsonNode(const JsonNode&);
  JsonNode& operator=(const JsonNode&);
  ~JsonNode();

  const std::string& path() const { return path_; }
  bool is_null() const;  ///< null, or not there
  bool is_object() const;
  bool is_string() const;
  bool is_array() const;

  bool has(std::string_view key) const;
  /// The field; a null node where there is none. Throws where this is no object.
  JsonNode operator[](std::string_view key) const;
  /// The field; throws where there is none.
  JsonNode get(std::string_view key) const;
  bool boolean_or(std::string_view key, bool fallback) const;

  std::string string() const { return std::string(view()); }
  std::string_view view() const;
  std::int64_t integer() const;
  double number() const;
  bool boolean() const;
  std::vector<JsonNode> array() const;
  /// Calls `visit` for each field of an object.
  void each(const std::function<void(std::string_view, const JsonNode&)>& visit) const;
  /// Calls `visit` for each field of an object of integers; makes no nodes, so that vocabularies load fast.
  void each_integer(const std::function<void(std::string_view, std::int64_t)>& visit) const;
  /// Calls `visit` for each element of an array of strings or of arrays of strings: with the one string,
  /// `alone`, or with those of the inner array.
  /// Makes no nodes. Throws where an element is something else; an Error that `visit` throws gets the element's path.
  void each_texts(const std::function<void(std::span<const std::string_view> texts, bool alone)>& visit) const;
  /// How many fields an object has, elements an array; 0 for anything else.
  std::size_t size() const;

 private:
  friend class JsonDocument;
  struct Value;
  JsonNode(const Value& value, std::string path);
  Error wrong_type(const char* expected) const;

  std::unique_ptr<Value> value_;  // none: not there
  std::string path_;
};

/// Owns what a JSON text was parsed into. Throws Error(kBadData) with simdjson's reason.
class JsonDocument {
 public:
  explicit JsonDocument(std::string_view json);
  ~JsonDocument();
  JsonNode root() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
