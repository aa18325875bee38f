#include "lib/tokenizer/stream_decoder.h"

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options)
    : tokenizer_(tokenizer), options_(options) {}

std::string StreamDecoder::push(std::int32_t id) {
  if (!tokenizer_.has(id)) throw bad_data("id {} is not in the vocabulary of {} tokens", id, tokenizer_.vocab_size());
  if (options_.skip_special && tokenizer_.is_special(id)) return "";
  std::string_view bytes = tokenizer_.token_bytes(id);
  if (first_ && !bytes.empty()) {
    first_ = false;
    if (options_.at_start && tokenizer_.strips_first_space() && bytes.front() == ' ') bytes.remove_prefix(1);
  }
  pending_ += bytes;
  return take_valid(false);
}

std::string StreamDecoder::finish() { return take_valid(true); }

std::string StreamDecoder::take_valid(bool all) {
  const std::size_t open = incomplete_utf8_suffix(pending_);
  std::string_view ready = std::string_view(pending_).substr(0, pending_.size() - open);
  std::string out;
  while (!ready.empty()) {
    const std::size_t valid = valid_utf8_prefix(ready);
    out += ready.substr(0, valid);
    ready.remove_prefix(valid);
    if (ready.empty()) break;
    out += kReplacement;
    ready.remove_prefix(1);
  }
  pending_.erase(0, pending_.size() - open);
  if (all && !pending_.empty()) {
    out += kReplacement;
    pending_.clear();
  }
  return out;
}

}  // namespace matinee
