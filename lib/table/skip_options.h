#pragma once

#include <string>

#include "lib/base/options.h"
#include "lib/table/tsv_reader.h"

namespace matinee {

/// --keep-going and --max-skipped, which all tools that read a TSV have.
struct SkipOptions {
  bool keep_going = false;
  std::string most_skipped = "1%";  ///< of each table: a number of rows, or a share

  void add(OptionSet& options);
  /// Throws Error(kUsage) where --max-skipped is neither.
  TsvReadOptions read_options() const;
};

}  // namespace matinee
