#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"
#include "lib/chat/skills.h"
#include "lib/understanding/understand_prompt.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee::testing {

/// The first 400 movies of the sample, set up once.
inline const ChatSystem& small_system() {
  static const SampleCatalog catalog(400);
  static const ChatSystem system({.movies = catalog.folder.file("movies.bin"), .phrases = {}});
  return system;
}

/// The mini base alone.
inline LanguageModelOptions mini_options(const char* base_format = "bf16") {
  LanguageModelOptions options;
  options.base = "testdata/mini";
  options.base_format = BaseFormat{base_format};
  return options;
}

/// "[recommend Heat (1995)]" of the n-th best movie for the preferences, from 0.
inline std::string recommendation(const PreferenceState& preferences, std::size_t n) {
  const auto best = small_system().ranker.rank(preferences, {}, static_cast<std::int32_t>(n + 1));
  return "[recommend " + std::string(small_system().catalog.display_name(best[n].movie)) + "]";
}

/// The same among comedies.
inline std::string comedy(std::size_t n) {
  PreferenceState comedies;
  comedies.genres = {small_system().catalog.genre_id("Comedy").value()};
  return recommendation(comedies, n);
}

/// Words an act as its name: "[ask genre]", "[recommend Heat (1995)]". Acts of the kind `unfinished` have no end.
class NamedActs final : public Wording {
 public:
  WordedAct realize(const SystemAct& act, const PreferenceState& given, SaidSentences&,
                    const OnText& on_text) override {
    preferences = given;
    std::string text = std::string("[") + name_of(act.kind);
    if (act.kind == SystemActKind::kAsk) text += std::string(" ") + name_of(act.slot);
    if (act.kind == SystemActKind::kAnswer) text += std::string(" ") + name_of(act.fact);
    if (act.movie >= 0) text += " " + std::string(small_system().catalog.display_name(act.movie));
    text += "]";
    if (on_text && !on_text(text)) return {text, ReplyEnd::kStopped};
    return {text, unfinished == act.kind ? ReplyEnd::kUnfinished : ReplyEnd::kFinished};
  }
  std::optional<SystemActKind> unfinished;
  PreferenceState preferences;  // of the last call
};

/// For users' lines that are updates in JSON; "?" is not understood.
class JsonUnderstanding final : public Understanding {
 public:
  UnderstoodTurn understand(std::span<const SystemAct> acts, std::string_view user_text) override {
    asked.push_back(acts_text(acts));
    if (user_text == "?") return {{}, ReplyEnd::kUnfinished};
    return {parse_preference_update(user_text, small_system().catalog)};
  }
  std::vector<std::string> asked;  // the acts that were answered
};

}  // namespace matinee::testing
