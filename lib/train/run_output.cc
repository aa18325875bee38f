#include "lib/train/run_output.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "lib/base/file.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/model/model_parameters.h"

namespace matinee {
namespace {

namespace fs = std::filesystem;

// A kill leaves the temporary of the file that was being written ("NAME.XXXXXX.tmp", lib/base/file.cc).
void remove_temporaries_of(const std::string& path) {
  const std::string prefix = fs::path(path).filename().string() + ".";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::absolute(path).parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == prefix.size() + 10 && name.starts_with(prefix) && name.ends_with(".tmp"))
      fs::remove(entry.path(), ignored);
  }
}

}  // namespace

RunOutput::RunOutput(const TrainingRunOptions& options, const RunInputs& inputs, RunIdentity identity)
    : options_(options),
      inputs_(inputs),
      identity_(std::move(identity)),
      id_(fmt::format("{:016x}", identity_.hash())) {}

bool RunOutput::is_finished() const {
  return file_exists(record_path()) && read_file(record_path()).find("\"run\":\"" + id_ + "\"") != std::string::npos;
}

TrainProgress RunOutput::recorded_progress() const {
  return read_json(read_file(record_path()), record_path(), [](const JsonNode& record) {
    TrainProgress progress;
    progress.step = record.get("steps").integer();
    progress.tokens = record.get("tokens_seen").integer();
    progress.best_valid_loss = record.number_or("best_valid_loss", 0);
    progress.best_step = record.integer_or("best_step", 0);
    return progress;
  });
}

void RunOutput::prepare() const {
  make_folders(options_.output);
  std::remove(record_path().c_str());
  for (const char* name :
       {"adapter_model.safetensors", "adapter_config.json", "model.safetensors", "config.json", "training.json"}) {
    remove_temporaries_of(options_.output + "/" + name);
  }
  remove_temporaries_of(options_.checkpoint_path());
  if (!options_.resume) remove_checkpoints(options_.checkpoint_path());
}

void RunOutput::write(const std::string& folder, LoraAdapter& adapter) const {
  const TokensInfo& info = inputs_.train.info();
  adapter.save(folder, {{"matinee.run", id_},
                        {"matinee.template", info.prompt_template},
                        {"matinee.tokenizer_sha", info.tokenizer_fingerprint},
                        {"matinee.vocab_size", std::to_string(info.vocab_size)}});
}

void RunOutput::write(const std::string& folder, ParameterSet& model) const {
  save_model(folder, inputs_.config, model, DType::kBF16);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model",
                           "vocab.json", "merges.txt"}) {
    const std::string from = inputs_.model_folder + "/" + name;
    if (file_exists(from)) write_file(folder + "/" + name, read_file(from));
  }
}

void RunOutput::write_record(const TrainProgress& progress) const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("run", id_).field("base", options_.base).field("tokens", options_.tokens);
  if (!options_.adapter.empty()) json.field("adapter", options_.adapter);
  json.field("template", inputs_.train.info().prompt_template).key("options").begin_object();
  for (const auto& [name, value] : identity_.parts) {
    if (name.starts_with("--")) json.field(name.substr(2), value);
  }
  json.end_object();
  json.field("steps", progress.step).field("tokens_seen", progress.tokens);
  if (inputs_.valid) json.field("best_valid_loss", progress.best_valid_loss).field("best_step", progress.best_step);
  json.end_object();
  write_file(record_path(), out + "\n");
}

}  // namespace matinee
