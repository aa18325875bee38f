#include "lib/vocabulary/gguf_splits.h"

#include <algorithm>

#include "lib/vocabulary/split_steps.h"

namespace matinee {
namespace {

using Kind = PreTokenizerStep::Kind;

// Split steps that isolate the matches of each pattern in turn, as those of DeepSeek.
std::vector<PreTokenizerStep> isolated(const std::vector<std::string_view>& patterns) {
  std::vector<PreTokenizerStep> steps;
  for (const std::string_view pattern : patterns)
    steps.push_back({.kind = Kind::kSplit, .pattern = std::string(pattern)});
  steps.push_back({.kind = Kind::kByteLevel, .use_regex = false});
  return steps;
}

// tiktoken's o200k_base (GPT-4o, Phi-4-mini).
constexpr std::string_view kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Mistral Nemo.
constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kDeepSeek3 =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| "
    "?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

std::vector<PreTokenizerStep> deepseek_coder() {
  auto steps = isolated({"[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"});
  steps.insert(steps.end() - 1, PreTokenizerStep{.kind = Kind::kDigits, .individual_digits = true});
  return steps;
}

const std::vector<GgufSplit>& rows() {
  static const std::vector<GgufSplit> table{
      {.names = {"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "trillion", "granite-docling"},
       .steps = split_steps_of("gpt2")},
      {.names = {"starcoder", "smollm", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       .steps = {{.kind = Kind::kDigits, .individual_digits = true}, {.kind = Kind::kByteLevel, .use_regex = true}}},
      {.names = {"qwen2"}, .steps = split_steps_of("qwen2"), .nfc = true},
      {.names = {"stablelm2", "megrez", "deepseek-r1-qwen"}, .steps = split_steps_of("qwen2")},
      {.names = {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2", "midm-2.0"},
       .steps = split_steps_of("llama3"),
       .ignore_merges = true,
       .adds_bos = true},
      {.names = {"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, .steps = split_steps_of("llama3")},
      {.names = {"gpt-4o", "llama4"}, .steps = isolated({kO200k})},
      {.names = {"tekken"}, .steps = isolated({kTekken}), .ignore_merges = true, .adds_bos = true},
      {.names = {"deepseek-coder"}, .steps = deepseek_coder()},
      {.names = {"deepseek-v3"},
       .steps = isolated({"\\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", kDeepSeek3})},
  };
  return table;
}

// Two ways to say that each match is a piece, for patterns that leave nothing between matches.
bool same(const PreTokenizerStep& a, PreTokenizerStep b) {
  using Behavior = PreTokenizerStep::Behavior;
  if (b.kind == Kind::kSplit && b.behavior == Behavior::kRemoved && b.invert) {
    b.behavior = Behavior::kIsolated;
    b.invert = false;
  }
  return a == b;
}

}  // namespace

const GgufSplit* gguf_split_named(std::string_view name) {
  for (const GgufSplit& row : rows())
    if (std::find(row.names.begin(), row.names.end(), name) != row.names.end()) return &row;
  return nullptr;
}

const GgufSplit* gguf_split_of(const TokenizerDefinition& definition) {
  const SplitFamily* family = only_family_of(definition.pre_tokenizer);
  for (const GgufSplit& row : rows()) {
    const bool same_split = family != nullptr
                                ? only_family_of(row.steps) == family
                                : std::equal(row.steps.begin(), row.steps.end(), definition.pre_tokenizer.begin(),
                                             definition.pre_tokenizer.end(), same);
    if (same_split && row.ignore_merges == definition.ignore_merges) return &row;
  }
  return nullptr;
}

std::string gguf_split_names() {
  std::string names;
  for (const GgufSplit& row : rows()) names.append(names.empty() ? "" : ", ").append(row.names.front());
  return names;
}

}  // namespace matinee
