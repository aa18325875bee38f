#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/context.h"
#include "lib/chat/language_model.h"
#include "lib/chat/text_generator.h"

namespace matinee {

struct SharedDecoderOptions {
  int slots = 1;  ///< sequences that are decoded together
  SamplerOptions sampler{.temperature = 1};
};

/// Decodes the sequences of many generators together (continuous batching: sequences join and leave at every step), on
/// a thread of its own. Thread-safe. Logits are those of a generator alone up to float32 rounding (DecoderBatch).
class SharedDecoder {
 public:
  /// `context` must use the memory that holds the model; nothing else may use it or its thread pool. Both must outlive
  /// this. The model should have been loaded with room for the slots (LanguageModelOptions::slots).
  SharedDecoder(Context& context, const LanguageModel& model, const SharedDecoderOptions& options);
  /// All generators must have been destroyed.
  ~SharedDecoder();
  SharedDecoder(const SharedDecoder&) = delete;
  SharedDecoder& operator=(const SharedDecoder&) = delete;

  /// A generator whose tokens are decoded in one product with those of others. Cheap to make, for one thread at a time;
  /// any number may exist. When a reply begins it waits for a free slot, in order of arrival, and keeps it until the
  /// reply ends. While `gone` (may be empty; cheap and thread-safe, asked before each step, also while it waits)
  /// returns true no further step is run, and replies end as kStopped. Errors of the decoder come out of the
  /// generator's calls.
  std::unique_ptr<TextGenerator> generator(std::uint64_t seed, std::function<bool()> gone = {});

  struct Counts {
    std::int64_t steps = 0;   ///< so far
    std::int64_t tokens = 0;  ///< that they processed
    std::int64_t reused = 0;  ///< tokens of prompts that were at hand from earlier ones
  };
  Counts counts() const;

 private:
  class Decoding;
  class Sequence;

  const LanguageModel& model_;
  SamplerOptions sampler_;
  std::unique_ptr<Decoding> decoding_;
};

}  // namespace matinee
