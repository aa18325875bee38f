#include "lib/serve/shown_answer.h"

#include <gtest/gtest.h>

#include "lib/wording/wording.h"
#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::small_system;

const MovieCatalog& catalog() { return small_system().catalog; }
std::string name(MovieId movie) { return std::string(catalog().display_name(movie)); }

ShownTurn read(const std::string& text, std::span<const SystemAct> acts = {}, const DialogueState& state = {}) {
  return AnswerText(small_system()).read(text, acts, state);
}

std::string worded(const SystemAct& act, Random& random, const PreferenceState& preferences = {}) {
  SaidSentences said;
  return word_act(act, preferences, catalog(), small_system().phrasebook, said, random);
}

TEST(AnswerText, OurOwnOffersAndQuestionsAreRead) {
  Random random(1, "own answers");
  for (int trial = 0; trial < 400; ++trial) {
    PreferenceState wishes;
    DialogueState state;
    state.preferences.liked = {static_cast<MovieId>(random.below(400))};
    std::vector<MovieId> movies;
    SystemAct offer{.kind = SystemActKind::kRecommend};
    for (std::uint64_t count = trial % 4 == 0 ? 2 + random.below(3) : 1; movies.size() < count;) {
      const auto movie = static_cast<MovieId>(random.below(400));
      if (movie == state.preferences.liked[0] || std::find(movies.begin(), movies.end(), movie) != movies.end())
        continue;
      movies.push_back(movie);
      Candidate candidate{movie, 0, {}};
      small_system().ranker.explain(state.preferences, candidate);
      offer.candidates.push_back(candidate);
    }
    offer.movie = movies.front();
    if (movies.size() > 1) offer.kind = SystemActKind::kList;
    std::string text = worded(offer, random, state.preferences);
    std::optional<Slot> asked;
    if (trial % 3 == 0) {
      asked = static_cast<Slot>(random.below(kAskableSlots));
      text += " " + worded({.kind = SystemActKind::kAsk, .slot = *asked}, random);
    }
    const ShownTurn shown = read(text, {}, state);
    EXPECT_EQ(shown.movies, movies) << text;
    EXPECT_EQ(shown.question, asked) << text;
  }
}

TEST(AnswerText, OurOtherAnswersOfferNothing) {
  Random random(1, "other answers");
  for (int trial = 0; trial < 600; ++trial) {
    const auto movie = static_cast<MovieId>(random.below(400)), other = static_cast<MovieId>(random.below(400));
    SystemAct act{.kind = static_cast<SystemActKind>(random.below(kSystemActKinds))};
    DialogueState state;
    switch (act.kind) {
      case SystemActKind::kGreet:
      case SystemActKind::kRestart:
      case SystemActKind::kEnglish: break;
      case SystemActKind::kHelp:
      case SystemActKind::kConfirm:
      case SystemActKind::kWait:
      case SystemActKind::kClose:
        act.movie = movie;
        act.accepted = true;
        state.under_discussion = movie;
        break;
      case SystemActKind::kAnswer:
        act.movie = movie;
        act.fact = static_cast<Fact>(random.below(kFacts));
        break;
      case SystemActKind::kExplain:
        act.movie = movie;
        act.candidates = {{movie, 0, {{Reason::Kind::kSimilar, other}}}};
        state.preferences.liked = {other};
        if (movie == other) continue;
        break;
      case SystemActKind::kPropose:
        act.movie = movie;
        act.candidates = {{movie, 0, {}}};
        break;
      case SystemActKind::kCompare:
        act.movie = movie;
        act.movies = {movie, other};
        if (movie == other) continue;
        break;
      case SystemActKind::kNotFound: act.unknown = {"Nowhere Land"}; break;
      case SystemActKind::kBeyond: act.beyond = {Beyond::kLanguage}; break;
      default: continue;
    }
    const std::string text = worded(act, random, state.preferences);
    const ShownTurn shown = read(text, {&act, 1}, state);
    EXPECT_TRUE(shown.movies.empty()) << text << " offers " << name(shown.movies.front());
    EXPECT_FALSE(shown.question) << text;
  }
}

TEST(AnswerText, PeoplesTextsAreReadToo) {
  const std::string title(catalog().title(5));
  EXPECT_EQ(read("Watch " + name(5) + " or, if it must be, **" + name(9) + "**!").movies, (std::vector<MovieId>{5, 9}));
  EXPECT_EQ(read("1. " + name(5) + "\n2. " + name(9) + "\n3. " + name(11)).movies, (std::vector<MovieId>{5, 9, 11}));
  EXPECT_EQ(read("What about The Dark Knight tonight?").movies,
            (std::vector<MovieId>{catalog().find_display_name("The Dark Knight (2008)").value()}));
  EXPECT_TRUE(read("Nothing comes to mind (1999). It is up to you.").movies.empty());
  EXPECT_EQ(read("Which decade should it be from?").question, Slot::kYears);
  EXPECT_EQ(read("Take " + name(5) + ". Any actor you love?").question, Slot::kPerson);
  EXPECT_TRUE(read("").movies.empty());
}

TEST(AnswerText, ALikedMovieIsAReasonUnlessItStandsAlone) {
  DialogueState state;
  state.preferences.liked = {5};
  EXPECT_EQ(read("As you liked " + name(5) + ", try " + name(9) + ".", {}, state).movies, (std::vector<MovieId>{9}));
  EXPECT_EQ(read("Try " + name(5) + ".", {}, state).movies, (std::vector<MovieId>{5}));
  EXPECT_EQ(read("Try " + name(5) + ", " + name(9) + " or " + name(11) + ".", {}, state).movies,
            (std::vector<MovieId>{5, 9, 11}))
      << "a list has no reasons";
}

}  // namespace
}  // namespace matinee
