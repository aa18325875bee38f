#pragma once

#include <string>

#include "lib/base/file.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/model/model_parameters.h"
#include "lib/train/training_run.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee::testing {

constexpr const char* kTokenizer = "{\"a tokenizer\":true}";

// A base with random weights, tokens made for it, and the options of a short run.
struct Workplace {
  Workplace() {
    ParameterSet parameters;
    initialize_parameters(tiny_config(), 3, parameters);
    base = folder.file("base");
    save_model(base, tiny_config(), parameters, DType::kF32);
    write_file(base + "/tokenizer.json", kTokenizer);
    tokens = tiny_tokens(30);
    tokens.tokenizer_fingerprint = tokenizer_fingerprint(kTokenizer);
    tokens.write(folder.file("tokens"));
    run.base = base;
    run.tokens = folder.file("tokens");
    run.output = folder.file("adapter");
    run.lora.rank = 2;
    run.train.max_steps = 4;
    run.train.micro_batch_tokens = 64;
    common.threads = 1;
    common.progress = ProgressStyle::kNone;
  }
  int train() const {
    const OptionSet options;
    const ToolContext tool(description, common, options);
    SingleRank alone;
    return run_training(run, tool, alone);
  }
  std::string error() const {
    return error_of([&] { train(); });
  }
  TemporaryFolder folder;
  std::string base;
  TinyTokens tokens;
  TrainingRunOptions run;
  CommonOptions common;
  ToolDescription description{"lora-train", "", "", "", {}, ""};
};

}  // namespace matinee::testing
