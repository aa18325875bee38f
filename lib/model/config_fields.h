// Reading the fields of config.json and adapter_config.json. Errors are Error(kBadData) naming the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/io/json_reader.h"

namespace matinee {

/// "rope_scaling: factor is missing".
Error missing_field(const JsonNode& object, const char* name);
/// A whole number from 1 to 2^24, so that no product of two of them overflows; `otherwise` where the field is null or
/// not there, an error without it.
std::int64_t size_field(const JsonNode& object, const char* name, std::optional<std::int64_t> otherwise = {});
/// A positive number; `otherwise` where the field is null or not there.
double positive_field(const JsonNode& object, const char* name, double otherwise);
/// Whether a value is that of the JSON text `json`; numbers are compared as numbers.
bool equals(const JsonNode& value, std::string_view json);
/// Whether a value is null, false or empty, so that the field switches nothing on.
bool is_off(const JsonNode& value);
/// Whether `word` is one of `words`, which are separated by single spaces.
bool is_listed(std::string_view words, std::string_view word);

}  // namespace matinee
