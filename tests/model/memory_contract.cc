// For scripts/check-memory: writes random checkpoints of any size; runs one forward pass and reports what it used.
//   memory_contract make CONFIG FOLDER DTYPE SHARD_BYTES   DTYPE F16 or BF16; SHARD_BYTES 0: a single file
//   memory_contract bytes CONFIG FORMAT                    bytes of the weights in that format
//   memory_contract forward FOLDER FORMAT MAX_HOST_MEM THREADS   prints these bytes, peak memory, seconds, a logit
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "lib/base/cpu_features.h"
#include "lib/base/half.h"
#include "lib/base/memory_budget.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/model/base_format.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"

namespace matinee {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

// Normal numbers of standard deviation 0.02 for matrices, ones for norms, zeros for biases. They are generated in
// pieces from (seed, tensor, position).
void write_tensor(ThreadPool& pool, SafetensorsWriter& writer, const WeightSpec& spec, DType dtype,
                  std::uint64_t index) {
  const auto elements = static_cast<std::size_t>(spec.elements());
  std::vector<std::uint16_t> values;
  for (std::size_t first = 0; first < elements; first += kPiece) {
    values.resize(std::min(kPiece, elements - first));
    pool.for_blocks(values.size(), 1 << 14, [&](std::size_t begin, std::size_t end, int) {
      Random random(index, "weights", first + begin);
      for (std::size_t i = begin; i < end; ++i) {
        const auto uniform = static_cast<float>((2 * random.uniform() - 1) * 0.02 * std::sqrt(3.0));
        const float value = spec.bias ? 0 : spec.shape.size() == 1 ? 1 : uniform;
        values[i] = dtype == DType::kF16 ? to_half(value) : to_bf16(value).bits;
      }
    });
    writer.write(spec.name, std::as_bytes(std::span(values)));
  }
}

void make(const std::string& config_path, const std::string& folder, DType dtype, std::uint64_t shard_bytes) {
  const std::string text = read_file(config_path);
  const ModelConfig config = parse_model_config(text, config_path);
  make_folders(folder);
  write_file(folder + "/config.json", text);
  std::vector<std::vector<WeightSpec>> shards(1);
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    const auto size = 2 * static_cast<std::uint64_t>(spec.elements());
    if (shard_bytes > 0 && bytes > 0 && bytes + size > shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    bytes += size;
    shards.back().push_back(spec);
  }
  ThreadPool pool(0);
  std::uint64_t index = 0;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("weight_map").begin_object();
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::string name =
        shard_bytes == 0 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    SafetensorsWriter writer(fmt::format("{}/{}", folder, name), "", {{"format", "pt"}});
    for (const WeightSpec& spec : shards[s]) writer.declare(spec.name, dtype, spec.stored_shape());
    for (const WeightSpec& spec : shards[s]) {
      write_tensor(pool, writer, spec, dtype, index++);
      json.field(spec.name, name);
    }
    writer.commit();
  }
  json.end_object().end_object();
  if (shard_bytes > 0) write_file(folder + "/model.safetensors.index.json", out + "\n");
}

void forward(const std::string& folder, const std::string& format_name, std::uint64_t max_host_mem, int threads) {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  ThreadPool pool(threads);
  Context context(pool);
  const BaseFormat format{format_name};
  const ModelConfig config = read_model_config(folder);
  const FrozenWeights weights(folder, config, format.format(context),
                              {.max_host_mem = max_host_mem, .context = &context});
  const double loaded = seconds();
  DecoderSession session(context, config, weights.refs(), 64, format.matmul_precision(context));
  std::vector<std::int32_t> tokens(16);
  for (std::size_t t = 0; t < tokens.size(); ++t) tokens[t] = static_cast<std::int32_t>(t * 37 % 1000);
  const float logit = session.append(tokens)[0];
  const double prompt = seconds();
  for (int i = 0; i < 8; ++i) session.append(std::span(tokens).first(1));
  fmt::print("{} weights {} peak {} load_seconds {:.1f} prompt_seconds {:.2f} token_seconds {:.3f} logit {}\n",
             format_name, weights.bytes(), peak_resident_memory(), loaded, prompt - loaded, (seconds() - prompt) / 8,
             logit);
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  using namespace matinee;
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 5 && words[0] == "make") {
      make(words[1], words[2], dtype_from_name(words[3]), parse_size(words[4]));
    } else if (words.size() == 3 && words[0] == "bytes") {
      ThreadPool pool(1);
      const WeightFormat format = BaseFormat{words[2]}.format(Context(pool));
      fmt::print("{}\n", FrozenWeights::bytes_of(parse_model_config(read_file(words[1]), words[1]), format));
    } else if (words.size() == 5 && words[0] == "forward") {
      forward(words[1], words[2], parse_size(words[3]), std::stoi(words[4]));
    } else {
      fmt::print(stderr,
                 "usage: memory_contract make CONFIG FOLDER DTYPE SHARD_BYTES | bytes CONFIG FORMAT | "
                 "forward FOLDER FORMAT MAX_HOST_MEM THREADS\n");
      return 2;
    }
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "memory_contract: {}\n", out_of_memory_text());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "memory_contract: {}\n", error.what());
    return 1;
  }
  return 0;
}
