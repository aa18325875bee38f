#include "lib/chat/language_model.h"

#include <algorithm>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/model/decoder_session.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/lora_merge.h"
#include "lib/model/weights.h"
#include "lib/prompt/sample_encoder.h"
#include "lib/tokenizer/stream_decoder.h"

namespace matinee {
namespace {

// Replies are short; the cache need not hold what a model could.
constexpr std::int64_t kMaxTokens = 1024;

std::string template_of(const LanguageModelOptions& options, const LoraAdapter* adapter) {
  if (adapter == nullptr) return options.prompt_template;
  const auto found = adapter->metadata().find("matinee.template");
  return found == adapter->metadata().end() ? options.prompt_template : found->second;
}

void require_same_tokenizer(const LanguageModelOptions& options, const LoraAdapter& adapter,
                            const Tokenizer& tokenizer) {
  const auto found = adapter.metadata().find("matinee.tokenizer_sha");
  if (found == adapter.metadata().end() || found->second == tokenizer.content_hash()) return;
  throw bad_data("{}: trained with another tokenizer ({}) than that of {} ({}); give the base it was trained on",
                 options.adapter, found->second, options.base, tokenizer.content_hash());
}

std::int64_t max_tokens_of(const ModelConfig& config) { return std::min(kMaxTokens, config.max_position_embeddings); }

// Refuses what does not fit before a tensor of the base is read. An adapter has as much for gradients as for numbers.
// The memory of another device says so itself.
void require_room(const Context& context, const LanguageModelOptions& options, const ModelConfig& config,
                  WeightFormat format, std::int64_t adapter) {
  if (!context.allocator()->is_host()) return;
  require_memory("decoding with " + options.base,
                 FrozenWeights::bytes_of(config, format) + DecoderSession::bytes_of(config, max_tokens_of(config)) +
                     8 * static_cast<std::uint64_t>(adapter) + kProgramMemory,
                 options.max_host_mem);
}

}  // namespace

void LanguageModelOptions::add(OptionSet& options) {
  options.text("base", &base, "DIR", "the base model: a Hugging Face folder");
  options.text("adapter", &adapter, "DIR", "the adapter that lora-train made; without it the base speaks as it is");
  options.choice("template", &prompt_template, {"plain", "alpaca", "chatml"},
                 "how prompts are spelled where no adapter says it");
  base_format.add(options);
  options.real("temperature", &sampler.temperature, 0, 10, "0: always the likeliest word; more: livelier");
  options.real("top-p", &sampler.top_p, 1e-6, 1, "draw from the likeliest that make up this share");
}

struct LanguageModel::Impl {
  Impl(Context& context_in, const LanguageModelOptions& options)
      : context(context_in),
        config(read_model_config(options.base)),
        tokenizer(Tokenizer::load(options.base)),
        format(options.base_format.format(context)),
        sampler(options.sampler, options.seed),
        trie(tokenizer) {
    if (!options.adapter.empty()) {
      adapter.emplace(config, options.adapter, context.allocator());
      require_same_tokenizer(options, *adapter, tokenizer);
    }
    require_room(context, options, config, format, adapter ? adapter->parameters().elements() : 0);
    const bool beside = options.base_format.is_quantized();
    std::optional<LoraMerge> merge;
    if (adapter && !beside) merge.emplace(context, config, *adapter);
    weights.emplace(options.base, config, format, options.max_host_mem, &context, merge ? &*merge : nullptr);
    slots = weights->slots();
    if (adapter && beside) {
      lora_slots = adapter->slots();
      adapter->attach_to(slots);
    }
    encoder.emplace(tokenizer, PromptTemplate(template_of(options, adapter ? &*adapter : nullptr)));
    session.emplace(context, config, slots, max_tokens_of(config), options.base_format.matmul_precision(context),
                    lora_slots ? &*lora_slots : nullptr);
    description = fmt::format("{}{} ({} prompts, {})", options.base, adapter ? " + " + options.adapter : ", no adapter",
                              encoder->prompt_template().name(), name_of(format));
  }

  // A prompt that leaves no room for a reply loses its middle: the instruction stands first, what matters most last.
  std::vector<std::int32_t> fitted_prompt(const SkillPrompt& prompt, int max_tokens) {
    std::vector<std::int32_t> ids = encoder->prompt(prompt.instruction, prompt.input);
    const auto room = static_cast<std::size_t>(std::max<std::int64_t>(session->max_tokens() - max_tokens - 1, 16));
    if (ids.size() > room)
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(room / 2),
                ids.end() - static_cast<std::ptrdiff_t>(room - room / 2));
    return ids;
  }

  Context& context;
  ModelConfig config;
  Tokenizer tokenizer;
  WeightFormat format;
  std::optional<FrozenWeights> weights;
  Sampler sampler;
  TokenTrie trie;
  std::optional<LoraAdapter> adapter;
  std::optional<LoraSlots> lora_slots;  // where the adapter cannot be merged
  WeightSlots slots;
  std::optional<SampleEncoder> encoder;
  std::optional<DecoderSession> session;
  std::string description;
};

LanguageModel::LanguageModel(Context& context, const LanguageModelOptions& options)
    : impl_(std::make_unique<Impl>(context, options)) {}
LanguageModel::~LanguageModel() = default;

const std::string& LanguageModel::description() const { return impl_->description; }

LanguageModel::Reply LanguageModel::reply(const SkillPrompt& prompt, const ByteAutomaton* language, int max_tokens,
                                          const std::function<bool(std::string_view)>& on_text) {
  Impl& m = *impl_;
  Reply reply;
  std::optional<TokenConstraint> constraint;
  if (language != nullptr) constraint.emplace(m.trie, *language, m.encoder->end_token_id());
  StreamDecoder stream(m.tokenizer);
  std::span<const float> logits = m.session->restart(m.fitted_prompt(prompt, max_tokens));
  std::vector<std::int32_t> next;
  while (reply.tokens < max_tokens) {
    next.clear();
    // What the language leaves no choice about is fed at once, without asking the model.
    try {
      if (constraint) next = constraint->forced_run();
      if (next.empty()) {
        next.push_back(constraint ? m.sampler.choose(logits, constraint->mask().words()) : m.sampler.choose(logits));
      }
    } catch (const Error& error) {
      // A reply that has rambled into a corner from which no token leads on has no end; the caller knows what to do
      // then.
      if (error.code() != ErrorCode::kBadData) throw;
      break;
    }
    bool stopped = false;
    std::size_t used = 0;
    for (const std::int32_t id : next) {
      ++used;
      ++reply.tokens;
      if (constraint) constraint->accept(id);
      if (id == m.encoder->end_token_id()) {
        reply.ended = true;
        break;
      }
      const std::string piece = stream.push(id);
      reply.text += piece;
      if (on_text && !piece.empty() && !on_text(piece)) {
        stopped = true;
        break;
      }
    }
    if (reply.ended || stopped || m.session->length() + static_cast<std::int64_t>(used) >= m.session->max_tokens())
      break;
    logits = m.session->append(std::span(next).first(used));
  }
  reply.text += stream.finish();
  return reply;
}

std::pair<std::int64_t, std::int64_t> LanguageModel::token_accuracy(const SkillPrompt& prompt,
                                                                    std::string_view output) {
  Impl& m = *impl_;
  std::vector<std::int32_t> wanted = m.encoder->output(output);
  wanted.push_back(m.encoder->end_token_id());
  std::span<const float> logits = m.session->restart(m.fitted_prompt(prompt, static_cast<int>(wanted.size())));
  std::int64_t right = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    right += std::max_element(logits.begin(), logits.end()) - logits.begin() == wanted[i] ? 1 : 0;
    if (i + 1 < wanted.size()) logits = m.session->append(std::span(wanted).subspan(i, 1));
  }
  return {right, static_cast<std::int64_t>(wanted.size())};
}

}  // namespace matinee
