#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/chat/text_generator.h"
#include "lib/dialogue/grounded_text.h"
#include "lib/dialogue/mention_resolver.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/preference_state.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

using OnText = std::function<bool(std::string_view)>;

/// What a conversation needs of language: to word acts and to understand the user.
class Skills {
 public:
  virtual ~Skills() = default;
  /// The text of an act. `on_text` gets it piece by piece.
  virtual std::string realize(const SystemAct& act, const PreferenceState& preferences, const OnText& on_text) = 0;
  /// What the user's text says in answer to the system's `acts`, of which the last was worded as `system_text`.
  virtual PreferenceUpdate understand(std::span<const SystemAct> acts, std::string_view system_text,
                                      std::string_view user_text) = 0;
};

struct SkillCounts {
  std::int64_t replies = 0;
  std::int64_t unfinished = 0;  ///< the model found no end; a phrase of the book stood in
};

/// The language model, held to what is true by constrained decoding.
class ModelSkills final : public Skills {
 public:
  /// All by reference; must outlive this.
  ModelSkills(TextGenerator& model, const MovieCatalog& catalog, const MentionResolver& reader,
              const Phrasebook& phrasebook, const ReplyWords& words, std::uint64_t seed);
  std::string realize(const SystemAct& act, const PreferenceState& preferences, const OnText& on_text) override;
  PreferenceUpdate understand(std::span<const SystemAct> acts, std::string_view system_text,
                              std::string_view user_text) override;
  const SkillCounts& counts() const { return counts_; }

 private:
  TextGenerator& model_;
  const MovieCatalog& catalog_;
  const MentionResolver& reader_;
  const Phrasebook& phrasebook_;
  const ReplyWords& words_;
  Random random_;
  SkillCounts counts_;
};

/// Phrases of the book for wording. It understands nothing by itself: `evaluate` hands it the simulated user's true
/// update.
class TemplateSkills final : public Skills {
 public:
  TemplateSkills(const MovieCatalog& catalog, const Phrasebook& phrasebook, std::uint64_t seed)
      : catalog_(catalog), phrasebook_(phrasebook), random_(seed, "template") {}
  std::string realize(const SystemAct& act, const PreferenceState& preferences, const OnText& on_text) override;
  PreferenceUpdate understand(std::span<const SystemAct> acts, std::string_view system_text,
                              std::string_view user_text) override;
  /// What `understand` gives next.
  void tell(PreferenceUpdate truth) { truth_ = std::move(truth); }

 private:
  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  Random random_;
  PreferenceUpdate truth_;
};

/// The candidate whose name the text holds; -1 if none.
MovieId named_candidate(std::string_view text, const SystemAct& act, const MovieCatalog& catalog);

}  // namespace matinee
