// trace_model CASE OUT: writes what the decoder computes on a folder of scripts/compare-hf, as safetensors in the
// folder OUT.

#include <cstdio>
#include <exception>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/io/safetensors.h"
#include "tests/train/hf_trace.h"

namespace {

using matinee::testing::Trace;

void write(const Trace& trace, const std::string& path, std::int64_t vocab) {
  matinee::SafetensorsWriter writer(path, "");
  const auto shape = [&](const std::string& name, std::size_t size) -> std::vector<std::int64_t> {
    const auto elements = static_cast<std::int64_t>(size);
    if (name.starts_with("logits") || name == "cached" || name == "merged") return {elements / vocab, vocab};
    return {elements};
  };
  for (const auto& [name, values] : trace) writer.declare(name, matinee::DType::kF32, shape(name, values.size()));
  for (const auto& [name, values] : trace) writer.write(name, std::span<const float>(values));
  writer.commit();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: trace_model CASE OUT\n");
    return 2;
  }
  try {
    const std::string out = argv[2];
    const matinee::testing::HfCase at(argv[1]);
    matinee::make_folders(out);
    Trace base = at.base(true);
    base.merge(at.full());
    write(base, out + "/base.safetensors", at.config().vocab_size);
    for (const std::string& name : at.adapters()) {
      at.save_adapter(name, out + "/" + name);
      write(at.adapter(name), out + "/" + name + "/trace.safetensors", at.config().vocab_size);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "trace_model: %s\n", error.what());
    return 1;
  }
  return 0;
}
