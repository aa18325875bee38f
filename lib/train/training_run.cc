#include "lib/train/training_run.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "kernels/context.h"
#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/base/random.h"
#include "lib/io/json_writer.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/weights.h"
#include "lib/train/memory_plan.h"
#include "lib/train/speed_estimate.h"
#include "lib/train/training_speed.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 6> kTokenizerFiles{
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model", "vocab.json",
    "merges.txt"};

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

// Whether the tokens were made with the tokenizer in `folder`, for a model of this configuration.
void require_match(const TokenDataset& data, const ModelConfig& config, const std::string& folder) {
  const std::string remedy = fmt::format("make the tokens again: tokenize --model {}", folder);
  const TokensInfo& info = data.info();
  if (info.vocab_size != config.vocab_size) {
    throw bad_data("{}: the tokens were made for a vocabulary of {}, but {} has {}", data.path(), info.vocab_size,
                   folder, config.vocab_size)
        .add_remedy(remedy);
  }
  if (info.seq_len > config.max_position_embeddings) {
    throw bad_data("{}: samples of up to {} tokens (seq_len), but {} has positions for {}", data.path(), info.seq_len,
                   folder, config.max_position_embeddings)
        .add_remedy(remedy + fmt::format(" --seq-len {}", config.max_position_embeddings));
  }
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    const std::string tokenizer = folder + "/" + name;
    if (!file_exists(tokenizer)) continue;
    const std::string found = fmt::format("{:016x}", hash64(read_file(tokenizer)));
    if (info.tokenizer_sha != found) {
      throw bad_data("{}: the tokens were made with another tokenizer ({}) than {} ({})", data.path(),
                     info.tokenizer_sha, tokenizer, found)
          .add_remedy(remedy);
    }
    return;
  }
}

void require_same_making(const TokenDataset& train, const TokenDataset& valid) {
  const TokensInfo &a = train.info(), &b = valid.info();
  const char* differs = a.vocab_size != b.vocab_size             ? "vocabulary"
                        : a.tokenizer_sha != b.tokenizer_sha     ? "tokenizer"
                        : a.prompt_template != b.prompt_template ? "prompt template"
                        : a.seq_len != b.seq_len                 ? "seq_len"
                                                                 : nullptr;
  if (differs != nullptr) throw bad_data("{}: was made with another {} than {}", valid.path(), differs, train.path());
}

// A kill leaves the temporary of the file that was being written ("NAME.XXXXXX.tmp", lib/base/file.cc).
void remove_temporaries_of(const std::string& path) {
  const std::string prefix = path.substr(path.rfind('/') + 1) + ".";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == prefix.size() + 10 && name.starts_with(prefix) && name.ends_with(".tmp")) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string duration_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  if (minutes >= 60) return fmt::format("{} h {} min", grouped(minutes / 60), minutes % 60);
  return minutes > 0 ? fmt::format("{} min {} s", minutes, static_cast<std::int64_t>(seconds) % 60)
                     : fmt::format("{:.1f} s", seconds);
}

TrainOptions one_epoch(TrainOptions options) {
  options.max_steps = 0;
  options.epochs = 1;
  return options;
}

// Everything that one run holds, in the order in which it depends on each other.
class Session {
 public:
  /// Opens and checks the inputs; nothing large is in memory yet.
  Session(const TrainingRun& run, const ToolContext& tool, Communicator& ranks);
  int train();
  std::string plan();

 private:
  void identify();
  void load();
  MemoryPlan plan_memory() const;
  void prepare_output();
  int conclude(TrainEnd end);
  void note(const std::string& text) const;
  std::string describe_ranks() const;
  bool leads() const { return communicator_.rank() == 0; }
  void write_result(const std::string& folder);
  void write_record();
  bool already_finished() const;
  std::string record_path() const { return run_.output + "/training.json"; }

  const TrainingRun& run_;
  const ToolContext& tool_;
  Communicator& communicator_;
  std::string model_folder_;  // of config.json and the tokenizer
  ThreadPool pool_;
  TokenDataset data_;
  std::optional<TokenDataset> valid_;
  ModelConfig config_;
  Context context_;
  MatmulPrecision precision_;
  std::size_t libraries_ = 0;  // what the device's work in
  CheckpointHashes hashes_;    // of the base
  RunIdentity identity_;
  std::uint64_t id_ = 0;  // its hash
  std::unique_ptr<FrozenWeights> frozen_;
  std::unique_ptr<LoraAdapter> adapter_;
  ParameterSet everything_;  // with --full
  WeightSlots slots_;
  LoraConfig lora_;  // resolved for this base
  LoraSlots lora_slots_;
  std::unique_ptr<DecoderTraining> decoder_;
  std::unique_ptr<Trainer> trainer_;
  std::string checkpoint_;
  // Goes before everything that lies on the device: sums that never end would keep its memory.
  std::string why_no_all_reduce_;
  std::unique_ptr<AllReduce> all_reduce_;
};

Session::Session(const TrainingRun& run, const ToolContext& tool, Communicator& ranks)
    : run_(run),
      tool_(tool),
      communicator_(ranks),
      model_folder_(run.base.empty() ? folder_of(run.config) : run.base),
      pool_(tool.threads()),
      data_(run.tokens),
      config_(run.base.empty() ? parse_model_config(read_file(run.config), run.config) : read_model_config(run.base)),
      context_(pool_, resolve_device(tool.common().device, ranks.rank_on_machine())),
      everything_(context_.allocator()),
      checkpoint_(run.checkpoint.empty() ? run.output + "/checkpoint.safetensors" : run.checkpoint) {
  require_match(data_, config_, model_folder_);
  if (!run.valid.empty()) {
    valid_.emplace(run.valid);
    require_same_making(data_, *valid_);
  }
  precision_ = run.base_format.matmul_precision(context_);
  libraries_ = context_.allocator()->held_bytes();  // nothing else is there yet
  if (!run.full) lora_ = run.lora.resolved(config_);
}

void Session::load() {
  const TrainingRun& run = run_;
  const MemoryPlan plan = plan_memory();
  require_memory("training (" + plan.describe() + ")", plan.host_bytes(), tool_.common().max_host_mem);
  if (tool_.common().verbose) tool_.note("memory: " + plan.describe());

  if (run.full) {
    if (run.base.empty()) {
      initialize_parameters(config_, run.train.seed, everything_);
    } else {
      load_parameters(run.base, config_, everything_, &hashes_);
    }
    slots_ = slots_of(config_, everything_);
  } else {
    frozen_ = std::make_unique<FrozenWeights>(run.base, config_, run.base_format.format(context_),
                                              tool_.common().max_host_mem, &context_, nullptr, &hashes_, run.recompute);
    slots_ = frozen_->slots();
    LoraConfig lora = lora_;
    lora.base_model_name_or_path = run.base;
    adapter_ =
        std::make_unique<LoraAdapter>(config_, lora, run.train.seed, context_.allocator(), run.lora.loraplus_lr_ratio);
    adapter_->begin_from(context_, slots_);
    adapter_->attach_to(slots_);
    lora_slots_ = adapter_->slots();
  }
  identify();
  decoder_ = std::make_unique<DecoderTraining>(context_, config_, slots_, adapter_ ? &lora_slots_ : nullptr,
                                               Trainer::max_tokens(run.train, data_.info()), precision_, run.recompute);
  all_reduce_ = communicator_.open_all_reduce(context_, why_no_all_reduce_);
  trainer_ = std::make_unique<Trainer>(Trainer::Parts{.context = context_,
                                                      .decoder = *decoder_,
                                                      .parameters = adapter_ ? adapter_->parameters() : everything_,
                                                      .train = data_,
                                                      .valid = valid_ ? &*valid_ : nullptr,
                                                      .config = config_,
                                                      .lora = adapter_ ? &lora_slots_ : nullptr,
                                                      .matmul_peak = measure_matmul_peak(context_, precision_),
                                                      .ranks = &communicator_,
                                                      .all_reduce = all_reduce_.get()},
                                       run.train, checkpoint_, identity_);
}

// Names base, tokens and options; after the base was loaded, since its hashes come from that.
void Session::identify() {
  const auto hex = [](std::uint64_t hash) { return fmt::format("{:016x}", hash); };
  const std::string config = run_.base.empty() ? run_.config : run_.base + "/config.json";
  identity_.parts = {{"the hash of config.json", hex(hash64(read_file(config)))}};
  for (const auto& [file, hash] : hashes_.of_files()) identity_.parts.emplace_back("the hash of " + file, hex(hash));
  const auto add = [&](const auto& parts) {
    identity_.parts.insert(identity_.parts.end(), parts.begin(), parts.end());
  };
  add(std::vector<std::pair<std::string, std::string>>{
      {"the hash of the tokens", hex(data_.fingerprint())},
      {"the hash of the --valid tokens", valid_ ? hex(valid_->fingerprint()) : "not given"},
      {"--full", run_.full ? "yes" : "no"},
      {"--base-format", name_of(run_.base_format.format(context_))}});
  add(run_.train.identity());
  if (!run_.full) {
    add(identity_of(lora_));
    identity_.parts.emplace_back("--loraplus-lr-ratio", fmt::format("{}", run_.lora.loraplus_lr_ratio));
  }
  id_ = identity_.hash();
}

MemoryPlan Session::plan_memory() const {
  MemoryPlan plan = memory_to_train(config_, run_.full ? nullptr : &lora_, run_.base_format.format(context_),
                                    {.max_tokens = Trainer::max_tokens(run_.train, data_.info()),
                                     .recompute = run_.recompute,
                                     .moments_8bit = run_.train.adam_bits == 8,
                                     .on_device = !context_.allocator()->is_host()});
  if (valid_) plan.best_parameters = plan.trained;
  // Five bytes a token, and the order of the samples twice while it is packed.
  plan.tokens = 5 * static_cast<std::uint64_t>(data_.n_tokens()) + 16 * static_cast<std::uint64_t>(data_.n_samples());
  return plan;
}

void Session::note(const std::string& text) const {
  if (leads()) tool_.note(text);
}

std::string Session::describe_ranks() const {
  const std::string text = fmt::format("{} ranks", communicator_.size());
  if (all_reduce_) return text + "; NCCL adds their gradients up";
  return why_no_all_reduce_.empty() ? text : text + "; gradients pass through the hosts: " + why_no_all_reduce_;
}

std::string Session::plan() {
  MemoryPlan memory = plan_memory();
  const std::int64_t steps = Trainer::count_steps(run_.train, data_);
  const auto rows = data_.rows_of_epoch(run_.train.seed, 0);
  const auto in_batch = static_cast<std::size_t>(Trainer::max_tokens(run_.train, data_.info()) / data_.info().seq_len);
  const TokenBatch batch = data_.batch(std::span(rows).first(std::min(rows.size(), in_batch)));
  const double seconds = estimate_seconds(context_, config_, run_.full ? nullptr : &lora_, batch,
                                          run_.base_format.format(context_), precision_, run_.recompute);
  memory.scratch = libraries_ + context_.scratch_bytes();
  const double speed = static_cast<double>(batch.n_tokens()) / seconds;
  // Rows of an epoch are spread over its updates, so the tokens of a run follow from its epochs.
  const std::int64_t epoch_steps = Trainer::count_steps(one_epoch(run_.train), data_);
  const double tokens =
      static_cast<double>(data_.n_tokens()) * static_cast<double>(steps) / static_cast<double>(epoch_steps);
  const std::int64_t trained = memory.n_trained;
  std::string text;
  text += fmt::format("model       {}, {} parameters\n", config_.model_type, grouped(config_.parameters()));
  text += fmt::format("trained     {} parameters, {:.2f} %\n", grouped(trained),
                      100 * static_cast<double>(trained) / static_cast<double>(config_.parameters()));
  text += fmt::format("memory      {}\n", memory.describe());
  text += fmt::format("updates     {}, {} tokens\n", grouped(steps), grouped(std::llround(tokens)));
  text += fmt::format("tokens/s    {} expected, from {} layers of this shape\n", grouped(std::llround(speed)),
                      measured_layers(config_));
  text += fmt::format("time        {} expected, without validations\n", duration_text(tokens / speed));
  const std::uint64_t limit = tool_.common().max_host_mem;
  if (limit > 0 && memory.host_bytes() > limit)
    text += fmt::format("refused     --max-host-mem is {}\n", format_size(limit));
  return text;
}

void Session::write_result(const std::string& folder) {
  if (adapter_) {
    adapter_->save(folder, {{"matinee.run", fmt::format("{:016x}", id_)},
                            {"matinee.template", data_.info().prompt_template},
                            {"matinee.tokenizer_sha", data_.info().tokenizer_sha},
                            {"matinee.vocab_size", std::to_string(data_.info().vocab_size)}});
    return;
  }
  save_model(folder, config_, everything_, DType::kBF16);
  for (const char* name : kTokenizerFiles) {
    const std::string from = model_folder_ + "/" + name;
    if (file_exists(from)) write_file(folder + "/" + name, read_file(from));
  }
}

// What made the result, and the mark that it is whole; nothing in it depends on the clock.
void Session::write_record() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("run", fmt::format("{:016x}", id_)).field("base", run_.base).field("tokens", run_.tokens);
  json.field("template", data_.info().prompt_template).key("options").begin_object();
  for (const auto& [name, value] : identity_.parts) {
    if (name.starts_with("--")) json.field(name.substr(2), value);
  }
  json.end_object();
  json.field("steps", trainer_->progress().step).field("tokens_seen", trainer_->progress().tokens);
  if (valid_) {
    json.field("best_valid_loss", trainer_->progress().best_valid_loss)
        .field("best_step", trainer_->progress().best_step);
  }
  json.end_object();
  write_file(record_path(), out + "\n");
}

bool Session::already_finished() const {
  return file_exists(record_path()) &&
         read_file(record_path()).find(fmt::format("\"run\":\"{:016x}\"", id_)) != std::string::npos;
}

// What an earlier run left behind.
void Session::prepare_output() {
  make_folders(run_.output);
  std::remove(record_path().c_str());
  for (const char* name :
       {"adapter_model.safetensors", "adapter_config.json", "model.safetensors", "config.json", "training.json"}) {
    remove_temporaries_of(run_.output + "/" + name);
  }
  remove_temporaries_of(checkpoint_);
  if (!run_.resume) remove_checkpoints(checkpoint_);
}

int Session::train() {
  load();
  if (run_.resume && already_finished()) {
    communicator_.wait_for_all();
    if (leads()) remove_checkpoints(checkpoint_);
    note(fmt::format("{}: this run is already finished", run_.output));
    return 0;
  }
  communicator_.wait_for_all();  // nothing of an earlier run goes before everybody has seen it
  if (leads()) prepare_output();
  communicator_.wait_for_all();
  if (run_.resume && file_exists(checkpoint_)) trainer_->resume();

  const std::int64_t first_step = trainer_->progress().step;
  watch_stop_signals();
  if (!leads()) {
    TrainCallbacks silent;
    silent.stop = [] { return stop_requested(); };
    trainer_->run(silent);
    communicator_.wait_for_all();
    return 0;
  }
  if (first_step > 0) note(fmt::format("continuing after step {} of {}", first_step, trainer_->total_steps()));
  if (communicator_.size() > 1) note(describe_ranks());
  MetricsFile metrics(run_.metrics, first_step);
  Progress progress =
      tool_.progress("training", static_cast<std::uint64_t>(trainer_->total_steps() - first_step), "steps");
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& step) {
    metrics.write(step);
    progress.status(progress_text(step));
    progress.advance();
  };
  callbacks.on_validation = [&](const StepMetrics& step) {
    metrics.write(step);
    if (tool_.common().progress == ProgressStyle::kPlain) {
      note(fmt::format("step {}: validation loss {:.4f}", step.step, *step.valid_loss));
    }
  };
  callbacks.on_checkpoint = [&] {
    if (!run_.snapshot.empty()) write_result(run_.snapshot);
  };
  callbacks.on_failed_save = [&](const Error& error) {
    note(fmt::format("no checkpoint: {}; training goes on", error.what()));
  };
  callbacks.stop = [] { return stop_requested(); };
  const TrainEnd end = trainer_->run(callbacks);
  progress.finish();
  const int status = conclude(end);
  if (tool_.common().verbose && !context_.allocator()->is_host()) {
    note(fmt::format("peak memory on {}: {}", describe(context_.device()),
                     format_size(context_.allocator()->peak_bytes())));
  }
  communicator_.wait_for_all();
  return status;
}

// Writes what there is to write; the exit status.
int Session::conclude(TrainEnd end) {
  const std::int64_t step = trainer_->progress().step;
  if (end == TrainEnd::kInterrupted) {
    note(fmt::format("stopped after step {} of {}, saved in {}; continue with --resume", step, trainer_->total_steps(),
                     checkpoint_));
    // Batch systems send SIGTERM and take any other status for a failure.
    if (stop_requested()) return stop_signal() == SIGTERM ? 0 : 128 + stop_signal();
    write_result(run_.output);
    return 0;
  }
  if (end == TrainEnd::kEarlyStop) {
    note(fmt::format("stopped early after step {}: the validation loss was lowest, {:.4f}, at step {}", step,
                     trainer_->progress().best_valid_loss, trainer_->progress().best_step));
  }
  write_result(run_.output);
  write_record();
  remove_checkpoints(checkpoint_);
  return 0;
}

}  // namespace

void TrainingRun::add(OptionSet& options) {
  options.text("base", &base, "DIR",
               "the model to adapt: config.json, model.safetensors (also in shards), tokenizer.json");
  options.flag("full", &full, "train every weight and write a whole model, from --base or from --config");
  options.text("config", &config, "FILE", "with --full: begin from nothing with a model of this config.json");
  options.text("output,o", &output, "DIR", "where the adapter (PEFT) or the model goes");
  options.text("valid", &valid, "FILE", "tokens to measure the validation loss on; the best parameters are kept");
  options.text("metrics", &metrics, "FILE", "write a JSON line for each step");
  options.text("checkpoint", &checkpoint, "FILE",
               "where checkpoints go; by default checkpoint.safetensors in the output folder");
  options.flag("resume", &resume, "go on where the checkpoint stands, or begin where there is none");
  options.text("snapshot", &snapshot, "DIR", "at each checkpoint also write the result as it stands");
  base_format.add(options);
  options.flag("plan", &plan, "print parameters, memory, expected speed and time of this run, and exit");
  options.flag(
      "recompute", &recompute,
      "keep only each layer's input and compute the rest again: less memory, a third more time; on a GPU these "
      "inputs and the table of tokens then lie in the host's memory");
  lora.add(options);
  train.add(options);
}

namespace {

void check_options(const TrainingRun& run) {
  if (run.output.empty() && !run.plan) throw usage_error("--output DIR is missing");
  if (run.train.adam_bits != 8 && run.train.adam_bits != 32)
    throw usage_error("--adam-bits: expected 8 or 32, found {}", run.train.adam_bits);
  if (run.full && run.base.empty() == run.config.empty()) {
    throw usage_error("--full takes either --base DIR or --config FILE");
  }
  if (!run.full && run.base.empty()) throw usage_error("--base DIR is missing");
  if (!run.full && !run.config.empty()) throw usage_error("--config is for --full");
  if (run.full && run.base_format.is_quantized()) {
    throw usage_error("--full trains every weight; a quantized base cannot be trained, so leave --base-format out");
  }
}

}  // namespace

int run_training(const TrainingRun& run, const ToolContext& tool, Communicator& ranks) {
  check_options(run);
  return Session(run, tool, ranks).train();
}

std::string plan_training(const TrainingRun& run, const ToolContext& tool) {
  check_options(run);
  SingleRank alone;
  return Session(run, tool, alone).plan();
}

}  // namespace matinee
