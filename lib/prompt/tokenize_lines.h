#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/machine_limits.h"
#include "lib/base/parallel.h"
#include "lib/prompt/conversation_messages.h"
#include "lib/prompt/sample_encoder.h"
#include "lib/prompt/training_remark.h"

namespace matinee {

/// What to do with a sample of more than seq_len tokens.
enum class LongSamples : std::uint8_t {
  kRefuse,
  kCut,    ///< keep the first seq_len tokens
  kSkip,   ///< leave it out
  kSplit,  ///< running text only: samples of seq_len tokens one after another
};

/// Throws Error(kUsage).
LongSamples long_samples_from_name(std::string_view name);

struct TokenizeOptions {
  int seq_len = 512;
  LongSamples long_samples = LongSamples::kRefuse;
  bool keep_going = false;  ///< skip texts that cannot be used
  LearnedReplies learned = LearnedReplies::kAll;
  bool special_tokens = false;  ///< names of special tokens in the texts become their ids
};

struct TokenizeReport {
  std::uint64_t texts = 0;
  std::uint64_t bytes = 0;
  std::uint64_t refused = 0;   ///< skipped under keep_going
  std::string first_refused;   ///< its error with file and line
  std::uint64_t too_long = 0;  ///< cut, skipped or split
  TrainingNotes notes;
  SpeedLimit limit;  ///< of the last gzip input
};

/// Reads training texts (training_text.h) from each of `inputs` ("-": stdin; plain or gzip; JSON lines or one array)
/// and calls `on_sample` with each sample in the order of the texts, from the calling thread, and `on_progress` with
/// the bytes of the inputs that are used so far, compressed where they are. The samples do not depend on the number of
/// threads. Memory: some megabytes of texts at a time. Lines of white space are passed over. Throws
/// Error(kBadData) with the place (JsonRecordReader::place) of the first text that cannot be used.
TokenizeReport tokenize_lines(const std::vector<std::string>& inputs, const Tokenizer& tokenizer,
                              const PromptTemplate& prompt_template, const TokenizeOptions& options, ThreadPool& pool,
                              const std::function<void(const EncodedSample&)>& on_sample,
                              const std::function<void(std::uint64_t bytes)>& on_progress);

/// A sample as text for display: special tokens spelled out, supervised text in green or, without `color`, in [[double
/// brackets]]. Invalid UTF-8 becomes U+FFFD. Ends with a line end.
std::string show_sample(const Tokenizer& tokenizer, const EncodedSample& sample, bool color);

}  // namespace matinee
