#include "lib/train/merge_run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "kernels/context.h"
#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/decoder_training.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/gguf_adapter.h"
#include "lib/train/dataset_loss.h"
#include "lib/train/token_dataset.h"

namespace matinee {
namespace {

constexpr std::int64_t kMaxTokens = 2048;        // of one batch while the loss is measured
constexpr const char* kGgufFile = "model.gguf";  // in the temporary folder

constexpr std::string_view kGguf = "gguf-";
constexpr const char* kGgufAdapter = "gguf-lora";

// The last part of the folder's path: "mini" of "testdata/mini/".
std::string model_name(const std::string& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::int64_t tokens_of_a_pass(const TokenDataset& data) { return std::max(kMaxTokens, data.info().seq_len); }

double mean_loss(Context& context, const ModelConfig& config, const ModelWeights& weights, const LoraWeights* lora,
                 MatmulPrecision precision, const TokenDataset& data, const BeginProgress& progress) {
  const std::int64_t tokens = tokens_of_a_pass(data);
  DecoderTraining decoder(context, config, weights, lora, tokens, precision);
  const CrossEntropySums sums =
      dataset_loss(decoder, data, std::max<std::int64_t>(1, tokens / data.info().seq_len), 0, 1, progress);
  return sums.loss / static_cast<double>(sums.n_counted);
}

// Before any tensor is read.
void plan_memory(const MergeRun& run, const ModelConfig& config, const LoraAdapter& adapter, WeightFormat dtype,
                 const TokenDataset* data, std::uint64_t max_host_mem) {
  const auto trained = static_cast<std::uint64_t>(adapter.parameters().elements());
  std::uint64_t needed = 4 * trained + merged_checkpoint_memory(config);
  if (data != nullptr) {
    needed += FrozenWeights::bytes_of(config, dtype) +
              TrainingBuffers::bytes_of(config, adapter_widths(config, &adapter.config()),
                                        {.max_tokens = tokens_of_a_pass(*data)})
                  .device;
  }
  require_memory(fmt::format("merging {}{}", run.base, data == nullptr ? "" : " and measuring its loss"), needed,
                 max_host_mem);
}

}  // namespace

bool MergeRun::adapter_only() const { return format == kGgufAdapter; }

void MergeRun::add(OptionSet& options) {
  options.text("base", &base, "PATH",
               "the model that the adapter was trained on: a Hugging Face folder or a GGUF file");
  options.offer_suffixes({".gguf"});
  options.text("adapter", &adapter, "DIR", "the adapter: a PEFT folder, as lora-train makes it");
  options.text("output,o", &output, "PATH", "the folder, or with gguf-... the file, that is written");
  std::vector<std::string> formats{"safetensors"};
  for (const GgufMixture& mixture : gguf_mixtures()) formats.push_back(fmt::format("{}{}", kGguf, mixture.name));
  formats.emplace_back(kGgufAdapter);
  options.choice("format", &format, formats,
                 "safetensors: files and dtypes of the base; gguf-...: one file for llama.cpp, tokenizer inside; "
                 "gguf-lora: a file with the adapter alone");
  options.text("tokens", &tokens, "FILE", "measure the loss on these before and after");
  options.real("max-loss-difference", &max_loss_difference, 0, 1e6,
               "refuse where the losses differ by more than this share");
  ignored.add(options);
  base_format.add(options);
}

MergeLosses run_merge(const MergeRun& run, const GgufMetadata& vocabulary, OutputFolder& output,
                      const ToolContext& tool) {
  const std::uint64_t max_host_mem = tool.common().max_host_mem;
  const BeginProgress progress = progress_of(tool);
  ThreadPool pool(tool.threads());
  Context context(pool, resolve_device(tool.common().device));
  ModelConfig config = read_model_config(run.base, run.ignored);
  if (const std::string note = note_on_checkpoint(run.base); !note.empty()) tool.note(note);
  LoraAdapter adapter(config, run.adapter, context.allocator());
  const std::string gguf = output.path() + "/" + kGgufFile;
  if (run.adapter_only()) {
    write_gguf_adapter(config, adapter, model_name(run.adapter), gguf);
    output.commit_file(kGgufFile);
    return {};
  }
  if (!adapter.note().empty()) tool.note(adapter.note());
  const WeightFormat dtype = run.base_format.format(context);
  const MatmulPrecision precision = run.base_format.matmul_precision(context);
  std::optional<TokenDataset> data;
  if (!run.tokens.empty()) {
    data.emplace(run.tokens);
    data->require_ids_below(config.vocab_size, run.base);
  }
  if (data) config.longest_text = data->info().seq_len;
  const LoraMerge merge(context, config, adapter);
  const ModelConfig merged = merged_config(config, merge);
  plan_memory(run, merged, adapter, dtype, data ? &*data : nullptr, max_host_mem);

  if (run.to_gguf()) {
    write_merged_gguf(run.base, config, merge, gguf_mixture(run.format.substr(kGguf.size())), model_name(run.base),
                      vocabulary, gguf, &pool, progress);
  } else {
    write_merged_checkpoint(run.base, config, merge, output.path(), progress);
  }
  MergeLosses losses;
  if (data) {
    {
      const FrozenWeights weights(run.base, config, dtype,
                                  {.max_host_mem = max_host_mem, .context = &context, .progress = progress});
      ModelWeights refs = weights.refs();
      adapter.attach_to(refs);
      const LoraWeights lora = adapter.factors();
      losses.before = mean_loss(context, config, refs, &lora, precision, *data, progress);
    }
    const FrozenWeights weights(run.to_gguf() ? gguf : output.path(), merged, dtype,
                                {.max_host_mem = max_host_mem, .context = &context, .progress = progress});
    losses.after = mean_loss(context, merged, weights.refs(), nullptr, precision, *data, progress);
    const double difference = std::fabs(losses.after / losses.before - 1);
    if (!(difference <= run.max_loss_difference)) {
      throw bad_data(
          "the loss on {} is {:.4f} before and {:.4f} after the merge: {:.2f} % apart, and --max-loss-difference "
          "allows "
          "{:.2f} %",
          run.tokens, losses.before, losses.after, 100 * difference, 100 * run.max_loss_difference);
    }
  }
  if (run.to_gguf()) {
    output.commit_file(kGgufFile);
  } else {
    output.commit();
  }
  return losses;
}

}  // namespace matinee
