#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/simulation/typing_habits.h"
#include "lib/simulation/wish_words.h"

namespace matinee {

struct UserTurn {
  std::string text;
  PreferenceUpdate update;  ///< the meaning of the text
};

/// What a turn shall say, before it is put into words.
struct TurnDraft {
  UserAct act = UserAct::kInform;
  /// Sentences in their order. Several wishes in one are said together: as a noun phrase ("a comedy from the 90s with
  /// Tom Hanks") or as a list ("comedy, 90s, Tom Hanks").
  struct Sentence {
    std::string section;  ///< of the phrasebook; empty: the wishes' own
    std::vector<Wish> wishes{};
  };
  std::vector<Sentence> sentences;

  static TurnDraft of(UserAct act, std::string section) { return {act, {{std::move(section), {}}}}; }
  TurnDraft& add(std::string section) {
    sentences.push_back({std::move(section), {}});
    return *this;
  }
  TurnDraft& add(Wish wish) {
    sentences.push_back({{}, {std::move(wish)}});
    return *this;
  }
};

/// How one user talks. All by reference.
class UserSpeech {
 public:
  /// Texts are drawn again if `finder` does not find the right names in them, for example after a typing error.
  UserSpeech(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder,
             TypingHabits habits, double talkative, Random& random)
      : catalog_(catalog),
        phrasebook_(phrasebook),
        finder_(finder),
        habits_(habits),
        talkative_(talkative),
        random_(random) {}

  /// The draft in words, or nothing if no text was found that names its movies and people. No text names `target`.
  std::optional<UserTurn> say(const TurnDraft& draft, MovieId target);
  /// Adds what people say around a wish: greetings, stories, reasons, closing questions.
  void decorate(TurnDraft& draft, bool opening);

 private:
  std::string text_of(const TurnDraft& draft);
  std::string together(const std::vector<Wish>& wishes);
  bool names_all(const TurnDraft& draft, const std::string& text) const;

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  const MentionFinder& finder_;
  TypingHabits habits_;
  double talkative_;
  Random& random_;
};

}  // namespace matinee
