#include "lib/chat/shared_decoder.h"

#include <mutex>
#include <utility>
#include <vector>

#include "lib/model/decoder_session.h"

namespace matinee {

class SharedDecoder::Decoding {
 public:
  Decoding(Context& context, const LanguageModel& model) : session_(model.model().session(context)) {}

  std::vector<float> logits(std::span<const std::int32_t> tokens) {
    const std::lock_guard lock(mutex_);
    const std::span<const float> found = session_.restart(tokens);
    return {found.begin(), found.end()};
  }
  std::int64_t max_tokens() const { return session_.max_tokens(); }

 private:
  std::mutex mutex_;
  DecoderSession session_;
};

class SharedDecoder::Sequence final : public TokenSequence {
 public:
  Sequence(Decoding& decoding, std::function<bool()> gone) : decoding_(decoding), gone_(std::move(gone)) {}

  std::span<const float> append(std::span<const std::int32_t> tokens) override {
    if (gone_ && gone_()) {
      tokens_.clear();
      return {};
    }
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    logits_ = decoding_.logits(tokens_);
    return logits_;
  }
  std::span<const float> restart(std::span<const std::int32_t> tokens) override {
    tokens_.clear();
    return append(tokens);
  }
  std::int64_t length() const override { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t max_tokens() const override { return decoding_.max_tokens(); }

 private:
  Decoding& decoding_;
  std::function<bool()> gone_;
  std::vector<std::int32_t> tokens_;
  std::vector<float> logits_;
};

SharedDecoder::SharedDecoder(Context& context, const LanguageModel& model, const SharedDecoderOptions& options)
    : model_(model), options_(options), decoding_(std::make_unique<Decoding>(context, model)) {}

SharedDecoder::~SharedDecoder() = default;

std::unique_ptr<TextGenerator> SharedDecoder::generator(std::uint64_t seed, std::function<bool()> gone) {
  return std::make_unique<TextGenerator>(std::make_unique<Sequence>(*decoding_, std::move(gone)), model_,
                                         options_.sampler, seed);
}

}  // namespace matinee
