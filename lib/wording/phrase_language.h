#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "lib/text/byte_automaton.h"
#include "lib/wording/phrasebook.h"
#include "lib/wording/said_sentences.h"

namespace matinee {

/// The texts that Phrasebook::expand can give for some requests. A language model that writes in this language chooses
/// among the phrasebook's sentences, so every reply is grammatical, and says nothing but the slots' values.
///
/// The phrases become a nondeterministic automaton over bytes, and its deterministic form is built where a text goes.
/// One thread at a time may use it.
class PhraseLanguage final : public ByteAutomaton {
 public:
  /// `said`: sentences that must not come again, unless no other text is left; null: none. `phrasebook` and `said` must
  /// not change while this is used. Throws Error(kMissing) if no phrase of the requests has all its slots.
  PhraseLanguage(const Phrasebook& phrasebook, std::span<const PhraseRequest> requests,
                 const SaidSentences* said = nullptr);
  PhraseLanguage(PhraseLanguage&&) noexcept;
  ~PhraseLanguage() override;

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;
  void add_steps(const State& state, std::vector<Step>& steps) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True if `expand` can give the text for the request.
bool can_say(const Phrasebook& phrasebook, const PhraseRequest& request, std::string_view text);

}  // namespace matinee
