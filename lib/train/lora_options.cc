#include "lib/train/lora_options.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

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

// The number at the start of `text`, which is removed; -1: none.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > INT32_MAX) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::vector<std::int64_t> parse_layers(const std::vector<std::string>& words) {
  std::set<std::int64_t> layers;
  for (const std::string& word : words) {
    std::string_view rest = word;
    const std::int64_t first = take_number(rest);
    std::int64_t last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      last = take_number(rest);
    }
    if (first < 0 || last < first || last - first > 100'000 || !rest.empty())
      throw usage_error("--layers: expected N or FIRST-LAST, found \"{}\"", word);
    for (std::int64_t layer = first; layer <= last; ++layer) layers.insert(layer);
  }
  return {layers.begin(), layers.end()};
}

std::vector<TrainedTokens> parse_tokens(const std::vector<std::string>& words) {
  std::vector<TrainedTokens> tokens;
  for (const std::string& word : words) {
    const std::size_t at = word.find('=');
    const std::string module = at == std::string::npos ? "" : word.substr(0, at);
    std::string_view rest = std::string_view(word).substr(at == std::string::npos ? 0 : at + 1);
    const std::int64_t id = take_number(rest);
    if (id < 0 || !rest.empty()) throw usage_error("--trainable-tokens: expected ID or MODULE=ID, found \"{}\"", word);
    auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& each) { return each.module == module; });
    if (found == tokens.end()) found = tokens.insert(tokens.end(), {module, {}});
    found->ids.push_back(static_cast<std::int32_t>(id));
  }
  return tokens;
}

// Lists are compared as sets.
std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> words;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(", ", at), list.size());
    words.insert(list.substr(at, end - at));
    at = end + 2;
  }
  return words;
}

}  // namespace

void LoraOptions::add(OptionSet& options) {
  options.group("LoRA");
  options.integer("rank", &rank, 1, 65536, "rank of the adapter: rows of lora_A");
  options.real("alpha", &lora_alpha, 0, 1e6, "scale the adapter's output by alpha / rank");
  options.real("dropout", &lora_dropout, 0, 0.99, "dropout probability on the adapter's input");
  options.list("targets", &targets, "NAMES",
               "linear layers to adapt: last parts of their names such as q_proj, or all-linear");
  const std::vector<std::string> layers_of_llama{"all-linear", "q_proj",    "k_proj",  "v_proj",
                                                 "o_proj",     "gate_proj", "up_proj", "down_proj"};
  options.offer_words(layers_of_llama);
  options.text(
      "target-pattern", &pattern, "REGEX",
      "instead of --targets: adapt the layers whose full name, such as model.layers.0.self_attn.q_proj, matches");
  options.list("exclude", &exclude, "NAMES", "layers not to adapt, by names as in --targets");
  options.offer_words(layers_of_llama);
  options.text("exclude-pattern", &exclude_pattern, "REGEX", "instead of --exclude: layers whose full name matches");
  options.list("layers", &layers, "N,N-N", "adapt these blocks only, counted from 0: 22,23 or 20-23");
  options.list("trainable-tokens", &tokens, "IDS",
               "also train the rows of these tokens: ID in the embedding and a head that is tied to it, lm_head=ID in "
               "a head of its own");
  options.list("rank-pattern", &ranks, "REGEX=N",
               "rank of the layers whose name, or its end after a dot, matches REGEX");
  options.list("alpha-pattern", &alphas, "REGEX=N",
               "alpha of the layers whose name, or its end after a dot, matches REGEX");
  options.choice("bias", &biases, {"none", "all", "lora_only"}, "biases of the base to train as well");
  options.flag("rslora", &use_rslora, "rank-stabilized LoRA: scale the adapter's output by alpha / sqrt(rank)");
  options.flag("dora", &use_dora, "DoRA: also train the magnitude of each row of the adapted weights");
  options.list("modules-to-save", &modules_to_save, "NAMES",
               "layers to train in full: embed_tokens (wte in GPT models), lm_head");
  options.offer_words({"embed_tokens", "wte", "lm_head"});
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
  if (!exclude.empty() && !exclude_pattern.empty()) throw usage_error("--exclude and --exclude-pattern: expected one");
  for (const std::string& name : exclude) config.exclude_modules.push_back(name);
  for (const std::int64_t layer : parse_layers(layers)) config.layers_to_transform.push_back(layer);
  for (const TrainedTokens& each : parse_tokens(tokens)) config.trainable_tokens.push_back(each);
  try {
    config.resolve(model);
  } catch (const Error& error) {
    throw usage_error("{}", error.what());
  }
  return config;
}

LoraConfig LoraOptions::continued(const LoraConfig& config, const std::string& folder, const ModelConfig& model,
                                  const OptionSet& given) const {
  LoraConfig continued = config;
  if (given.given("dropout")) continued.lora_dropout = lora_dropout;
  std::map<std::string, std::string> has;
  for (const auto& [option, value] : identity_of(continued)) has[option] = value;
  for (const auto& [option, value] : identity_of(resolved(model))) {
    const bool is_given = option.starts_with("--") && given.given(option.substr(2));
    if (!is_given || words_of(has[option]) == words_of(value)) continue;
    throw usage_error("{}: {} was trained with {}, found {}; leave the option out to start from that adapter", option,
                      folder, has[option].empty() ? "none" : has[option], value);
  }
  return continued;
}

}  // namespace matinee
