// The fields of config.json that no code reads: which of them may be there.
#pragma once

#include <string>

#include "lib/base/options.h"
#include "lib/io/json_reader.h"
#include "lib/model/families.h"

namespace matinee {

/// The option --ignore-config of every tool that takes a base: fields of config.json that, as the user knows,
/// change nothing.
struct IgnoredFields {
  std::string names;  ///< separated by commas

  void add(OptionSet& options);
};

/// Throws Error(kBadData), naming the field, where config.json may ask for something that the decoder does not compute:
/// a field with another value than the one it computes, a quantized checkpoint, or a field that is not known and not
/// off. Off are null, false, 0, "", "none" and what is empty. Error(kUsage) for an ignored name that is no unknown
/// field of the file.
void require_known_fields(const JsonNode& root, const Family& family, const IgnoredFields& ignored);

}  // namespace matinee
