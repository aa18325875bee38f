// For scripts/bench-decode: measures how fast a model reads a prompt and how fast it decodes after it.
//   decode_speed FOLDER FORMAT PROMPT_TOKENS TOKENS THREADS [DEVICE]
// Prints one JSON line: seconds to load, bytes of the model's files, peak host memory up to then, seconds to the first
// token, median seconds for each further token, bytes of weights read for such a token, and the tokens.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/base/memory_budget.h"
#include "lib/base/parallel.h"
#include "lib/io/json_writer.h"
#include "lib/model/base_format.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::int32_t likeliest(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// All weights except the token and position tables: a token reads only one row of those.
std::uint64_t bytes_read(const ModelConfig& config, WeightFormat dtype) {
  std::uint64_t tables = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    const bool looked_up = spec.role == WeightRole::kEmbedTokens || spec.role == WeightRole::kPositions;
    if (looked_up && !(spec.role == WeightRole::kEmbedTokens && config.tie_word_embeddings))
      tables += static_cast<std::uint64_t>(spec.elements()) * size_of(unquantized_format(dtype));
  }
  return FrozenWeights::bytes_of(config, dtype) - tables;
}

std::uint64_t bytes_of_files(const std::string& folder) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") sum += entry.file_size();
  }
  return sum;
}

void run(const std::string& folder, const std::string& format_name, std::int64_t n_prompt, std::size_t n_tokens,
         int threads, const std::string& device) {
  ThreadPool pool(threads);
  Context context(pool, resolve_device(device));
  const BaseFormat format{format_name};
  const ModelConfig config = read_model_config(folder);
  const WeightFormat dtype = format.format(context);
  auto begin = Clock::now();
  const FrozenWeights weights(folder, config, dtype, {.context = &context});
  context.allocator()->synchronize();
  const double load = seconds_since(begin);
  const std::uint64_t host_bytes = peak_resident_memory();
  DecoderSession session(context, config, weights.refs(), n_prompt + static_cast<std::int64_t>(n_tokens),
                         format.matmul_precision(context));
  std::vector<std::int32_t> prompt;
  for (std::int64_t t = 0; t < n_prompt; ++t)
    prompt.push_back(static_cast<std::int32_t>((t * 7919 + 13) % config.vocab_size));
  session.append(prompt);  // starts the threads and grows the scratch memory
  session.truncate(0);

  begin = Clock::now();
  std::vector<std::int32_t> out{likeliest(session.append(prompt))};
  const double first = seconds_since(begin);
  std::vector<double> seconds;
  while (out.size() < n_tokens) {
    begin = Clock::now();
    out.push_back(likeliest(session.append(std::span(out).last(1))));
    seconds.push_back(seconds_since(begin));
  }
  std::sort(seconds.begin(), seconds.end());
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("first_seconds", first).field("token_seconds", seconds[seconds.size() / 2]);
  json.field("load_seconds", load).field("file_bytes", static_cast<std::int64_t>(bytes_of_files(folder)));
  json.field("host_bytes", static_cast<std::int64_t>(host_bytes));
  json.field("bytes", static_cast<std::int64_t>(bytes_read(config, dtype))).key("out").begin_array();
  for (const std::int32_t id : out) json.integer(id);
  json.end_array().end_object();
  fmt::print("{}\n", text);
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    fmt::print(stderr, "usage: decode_speed FOLDER FORMAT PROMPT_TOKENS TOKENS THREADS [DEVICE]\n");
    return 2;
  }
  try {
    matinee::run(argv[1], argv[2], std::stol(argv[3]), std::stoul(argv[4]), std::stoi(argv[5]),
                 argc == 7 ? argv[6] : "cpu");
  } catch (const std::exception& error) {
    fmt::print(stderr, "decode_speed: {}\n", error.what());
    return 1;
  }
  return 0;
}
