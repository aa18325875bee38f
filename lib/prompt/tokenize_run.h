#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/base/tool.h"
#include "lib/prompt/tokenize_lines.h"

namespace matinee {

/// A run of tokenize: its options, and what the user asked to see.
struct TokenizeRun {
  std::string model;
  std::string prompt_template = "plain";
  std::string output = "-";
  std::string long_samples = "refuse";
  std::string loss = "all";
  TokenizeOptions tokenize;
  bool show = false;
  std::vector<std::string> inputs;

  void add(OptionSet& set);
};

/// Reads the texts, writes the tokens and reports what was skipped or mended. Throws Error.
void run_tokenizer(TokenizeRun& run, const ToolContext& tool);

}  // namespace matinee
