#include "lib/train/lora_options.h"

#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

PatternValues parse_patterns(const char* option, const std::vector<std::string>& words, double least) {
  PatternValues values;
  for (const std::string& word : words) {
    const std::size_t at = word.rfind('=');
    double value = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = at == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                       : std::from_chars(word.data() + at + 1, end, value);
    if (error != std::errc() || stop != end || value < least) {
      throw usage_error("--{}: expected PATTERN=NUMBER with a number of at least {}, found \"{}\"", option, least,
                        word);
    }
    values.emplace_back(word.substr(0, at), value);
  }
  return values;
}

}  // namespace

void LoraOptions::add(OptionSet& options) {
  options.group("LoRA");
  options.integer("rank", &rank, 1, 65536, "rank of the adapter: rows of lora_A");
  options.real("alpha", &lora_alpha, 0, 1e6, "scale the adapter's output by alpha / rank");
  options.real("dropout", &lora_dropout, 0, 0.99, "dropout probability on the adapter's input");
  options.list("targets", &targets, "NAMES",
               "linear layers to adapt: last parts of their names such as q_proj, or all-linear");
  options.text(
      "target-pattern", &pattern, "REGEX",
      "instead of --targets: adapt the layers whose full name, such as model.layers.0.self_attn.q_proj, matches");
  options.list("rank-pattern", &ranks, "REGEX=N",
               "rank of the layers whose name, or its end after a dot, matches REGEX");
  options.list("alpha-pattern", &alphas, "REGEX=N",
               "alpha of the layers whose name, or its end after a dot, matches REGEX");
  options.choice("bias", &biases, {"none", "all", "lora_only"}, "biases of the base to train as well");
  options.flag("rslora", &use_rslora, "rank-stabilized LoRA: scale the adapter's output by alpha / sqrt(rank)");
  options.flag("dora", &use_dora, "DoRA: also train the magnitude of each row of the adapted weights");
  options.list("modules-to-save", &modules_to_save, "NAMES",
               "layers to train in full: embed_tokens (wte in GPT models), lm_head");
  options.real("loraplus-lr-ratio", &loraplus_lr_ratio, 0, 1000,
               "LoRA+: learning rate of lora_B relative to that of lora_A");
}

LoraConfig LoraOptions::resolved(const ModelConfig& model) const {
  LoraConfig config = *this;
  if (config.target_modules.empty() && !(targets.size() == 1 && targets.front() == "all-linear"))
    config.target_modules = targets;
  if (!pattern.empty()) {
    config.target_modules.clear();
    config.target_pattern = pattern;
  }
  if (biases != "none") config.bias = biases == "all" ? LoraBias::kAll : LoraBias::kLoraOnly;
  for (const auto& each : parse_patterns("rank-pattern", ranks, 1)) config.rank_pattern.push_back(each);
  for (const auto& each : parse_patterns("alpha-pattern", alphas, 0)) config.alpha_pattern.push_back(each);
  try {
    config.resolve(model);
  } catch (const Error& error) {
    throw usage_error("{}", error.what());
  }
  return config;
}

}  // namespace matinee
