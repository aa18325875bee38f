#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/context.h"
#include "lib/chat/language_model.h"
#include "lib/chat/text_generator.h"

namespace matinee {

struct SharedDecoderOptions {
  /// Sequences that are decoded together; further callers wait in order. The model must have been loaded with room for
  /// as many.
  int slots = 8;
  SamplerOptions sampler{.temperature = 1};
};

/// Decodes the sequences of many generators with one model. Thread-safe.
class SharedDecoder {
 public:
  /// `context` must use the memory that holds the model, and nothing else may use it. Both must outlive this.
  SharedDecoder(Context& context, const LanguageModel& model, const SharedDecoderOptions& options);
  /// No generator may be in use any more.
  ~SharedDecoder();
  SharedDecoder(const SharedDecoder&) = delete;
  SharedDecoder& operator=(const SharedDecoder&) = delete;

  /// A generator whose tokens are decoded in one product with those of others. Cheap to make, for one thread at a time;
  /// any number may exist. It waits for a free slot when a reply begins. While `gone` (may be empty; cheap and
  /// thread-safe, asked before each step) returns true no further step is run, and replies end as kStopped.
  std::unique_ptr<TextGenerator> generator(std::uint64_t seed, std::function<bool()> gone = {});

 private:
  class Decoding;
  class Sequence;

  const LanguageModel& model_;
  SharedDecoderOptions options_;
  std::unique_ptr<Decoding> decoding_;
};

}  // namespace matinee
