#pragma once

#include <memory>
#include <vector>

#include "lib/chat/language_model.h"
#include "lib/chat/text_generator.h"

namespace matinee {

/// A loaded model and a text generator for each thread that works with it. A GPU has one generator: it is faster with
/// one sequence at a time than with several side by side.
class GeneratorPool {
 public:
  /// Loads the model. `threads`: on the CPU.
  GeneratorPool(const LanguageModelOptions& options, int threads, Device device);
  ~GeneratorPool();

  /// The threads to work with; worker i of them uses generator(i).
  ThreadPool& threads() { return threads_; }
  TextGenerator& generator(int worker);
  /// Tokens of all replies so far.
  std::int64_t replied_tokens() const;

 private:
  struct Worker;

  ThreadPool threads_;
  Context context_;
  LanguageModel model_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace matinee
