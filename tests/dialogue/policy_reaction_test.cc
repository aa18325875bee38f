// Reactions to an offer, questions of the user, limits.
#include <gtest/gtest.h>

#include "lib/dialogue/movie_series.h"
#include "lib/dialogue/policy.h"
#include "tests/dialogue/policy_fixture.h"

namespace matinee {
namespace {

using testing::act;
using testing::Acts;
using testing::find;
using testing::Kind;
using testing::kinds;
using testing::offers_something;
using testing::PolicyTest;

// ---- Accepting and closing

TEST_F(PolicyTest, AnAcceptedMovieClosesAndTheNextLineGoesOn) {
  const MovieId movie = recommended();
  Acts acts = next(UserAct::kAccept);
  ASSERT_EQ(kinds(acts), (std::vector{Kind::kClose}));
  EXPECT_TRUE(acts[0].accepted);
  EXPECT_EQ(acts[0].movie, movie);
  EXPECT_TRUE(state.finished);
  const PreferenceState before = state.preferences;

  EXPECT_EQ(kinds(next(UserAct::kOther)), (std::vector{Kind::kClose})) << "small talk stays there";
  PreferenceUpdate newer;
  newer.said.years = Span{1990, 2030};
  acts = next(newer);
  EXPECT_FALSE(state.finished);
  ASSERT_NE(find(acts, Kind::kRecommend), nullptr);
  EXPECT_NE(find(acts, Kind::kRecommend)->movie, movie);
  EXPECT_EQ(state.preferences.genres, before.genres);
}

TEST_F(PolicyTest, NothingIsAcceptedBeforeAnOffer) {
  EXPECT_NE(find(next(UserAct::kAccept), Kind::kRecommend), nullptr);
  EXPECT_FALSE(state.finished);
}

TEST_F(PolicyTest, AYesWithAWishThatTheMovieDoesNotMeetIsNoAcceptance) {
  const MovieId movie = recommended();
  PreferenceUpdate yes = act(UserAct::kAccept);
  yes.said.genres = {genre("Drama")};
  DialogueState other = state;
  EXPECT_EQ(kinds(policy.next(other, yes)), (std::vector{Kind::kClose})) << "it is a drama";

  for (GenreId unmet = 0; unmet < static_cast<GenreId>(catalog.genres().size()); ++unmet) {
    if ((catalog.genre_mask(movie) >> unmet & 1) != 0) continue;
    yes.said.genres = {unmet};
    other = state;
    const Acts acts = policy.next(other, yes);
    EXPECT_FALSE(other.finished);
    ASSERT_NE(find(acts, Kind::kRecommend), nullptr) << catalog.genres()[static_cast<std::size_t>(unmet)];
    EXPECT_NE(find(acts, Kind::kRecommend)->movie, movie);
  }
}

TEST_F(PolicyTest, AMovieThatIsPickedIsAcceptedOrProposed) {
  recommended();
  PreferenceUpdate pick = act(UserAct::kAccept);
  pick.pick = {7};
  DialogueState other = state;
  const Acts closed = policy.next(other, pick);
  ASSERT_EQ(kinds(closed), (std::vector{Kind::kClose}));
  EXPECT_EQ(closed[0].movie, 7);

  for (const UserAct what : {UserAct::kInform, UserAct::kOther, UserAct::kReject, UserAct::kMore}) {
    other = state;
    pick.act = what;
    const Acts proposed = policy.next(other, pick);
    ASSERT_EQ(kinds(proposed), (std::vector{Kind::kPropose})) << name_of(what);
    EXPECT_EQ(proposed[0].movie, 7);
    const Acts then = policy.next(other, act(UserAct::kAccept));
    EXPECT_EQ(then[0].movie, 7) << "it stands";
    EXPECT_TRUE(then[0].accepted);
  }
}

TEST_F(PolicyTest, TheNthOfAListIsMeant) {
  PreferenceUpdate three = act(UserAct::kMore);
  three.count = 3;
  const std::vector<Candidate> list = find(next(three), Kind::kList)->candidates;
  for (const std::int32_t nth : {1, 2, 3, -1}) {
    const MovieId meant = list[nth < 0 ? 2 : static_cast<std::size_t>(nth - 1)].movie;
    for (const UserAct what : {UserAct::kAccept, UserAct::kInform}) {
      DialogueState other = state;
      PreferenceUpdate update = act(what);
      update.nth = nth;
      const Acts acts = policy.next(other, update);
      EXPECT_EQ(acts.back().kind, what == UserAct::kAccept ? Kind::kClose : Kind::kPropose);
      EXPECT_EQ(acts.back().movie, meant);
    }
    DialogueState other = state;
    PreferenceUpdate seen = act(UserAct::kSeen);
    seen.nth = nth;
    EXPECT_NE(find(policy.next(other, seen), Kind::kRecommend), nullptr);
    EXPECT_EQ(other.preferences.seen, std::vector{meant});
  }
  DialogueState other = state;
  PreferenceUpdate fourth = act(UserAct::kAccept);
  fourth.nth = 4;
  EXPECT_EQ(kinds(policy.next(other, fourth)), (std::vector{Kind::kConfirm})) << "there is no fourth";
  EXPECT_FALSE(other.finished);
  // All of the list, where none is named.
  const Acts all = next(UserAct::kAccept);
  EXPECT_TRUE(all[0].accepted);
  EXPECT_EQ(all[0].movie, -1);
}

TEST_F(PolicyTest, OneOfSeveralRecommendationsIsMeantByItsNumber) {
  const MovieId first = recommended(), second = find(next(UserAct::kMore), Kind::kRecommend)->movie;
  PreferenceUpdate update = act(UserAct::kAccept);
  update.nth = 1;
  DialogueState other = state;
  EXPECT_EQ(policy.next(other, update)[0].movie, first);
  update.nth = -1;
  EXPECT_EQ(next(update)[0].movie, second);
}

TEST_F(PolicyTest, OnlyLeavingAndAcceptingClose) {
  for (int what = 0; what < kUserActs; ++what) {
    DialogueState fresh;
    policy.open(fresh);
    (void)policy.next(fresh, wish("Drama"));
    (void)policy.next(fresh, act(static_cast<UserAct>(what)));
    const bool closes = what == static_cast<int>(UserAct::kLeave) || what == static_cast<int>(UserAct::kAccept);
    EXPECT_EQ(fresh.finished, closes) << name_of(static_cast<UserAct>(what));
  }
  const Acts acts = next(UserAct::kLeave);
  EXPECT_EQ(kinds(acts), (std::vector{Kind::kClose}));
  EXPECT_FALSE(acts[0].accepted);
}

TEST_F(PolicyTest, SmallTalkWhereAMovieStandsAlternates) {
  const MovieId movie = recommended();
  std::set<Kind> used;
  Kind last = Kind::kClose;
  for (int turn = 0; turn < 7; ++turn) {
    const Acts acts = next(UserAct::kOther);
    ASSERT_EQ(acts.size(), 1u);
    EXPECT_NE(acts[0].kind, last);
    EXPECT_EQ(acts[0].movie, movie);
    used.insert(last = acts[0].kind);
  }
  EXPECT_EQ(used, (std::set{Kind::kConfirm, Kind::kWait, Kind::kHelp}));
  EXPECT_EQ(next(UserAct::kAccept)[0].movie, movie);
}

TEST_F(PolicyTest, SmallTalkBeforeAnOfferIsHelpedOnce) {
  EXPECT_EQ(kinds(next(UserAct::kOther)), (std::vector{Kind::kHelp}));
  EXPECT_TRUE(offers_something(next(UserAct::kOther)));
}

// ---- Another

TEST_F(PolicyTest, ReactionsGetAnotherMovieAndAreKept) {
  for (const UserAct what : {UserAct::kReject, UserAct::kSeen, UserAct::kDislike, UserAct::kLike, UserAct::kMore}) {
    DialogueState fresh;
    policy.open(fresh);
    const MovieId first = find(policy.next(fresh, wish("Drama")), Kind::kRecommend)->movie;
    const Acts acts = policy.next(fresh, act(what));
    const SystemAct* second = find(acts, Kind::kRecommend);
    ASSERT_NE(second, nullptr) << name_of(what);
    EXPECT_NE(second->movie, first);
    const std::vector<MovieId> it{first}, none;
    EXPECT_EQ(fresh.preferences.seen, what == UserAct::kSeen ? it : none);
    EXPECT_EQ(fresh.preferences.disliked, what == UserAct::kDislike ? it : none);
    EXPECT_EQ(fresh.preferences.liked, what == UserAct::kLike ? it : none);
  }
}

TEST_F(PolicyTest, ADislikeOfSomethingElseIsNotOneOfTheMovie) {
  recommended();
  PreferenceUpdate update = act(UserAct::kDislike);
  update.said.not_genres = {genre("Comedy")};
  next(update);
  EXPECT_TRUE(state.preferences.disliked.empty());
}

TEST_F(PolicyTest, AnotherIsNoPartOfTheSameSeriesUnlessNothingElseIsLeft) {
  const MovieId godfather = catalog.find_display_name("The Godfather (1972)").value();
  const std::vector<MovieId> parts = series_of(catalog, godfather);
  ASSERT_FALSE(parts.empty());
  PreferenceUpdate pick = act(UserAct::kInform);
  pick.pick = {godfather};
  next(pick);
  const auto seen_all_but = [&](const std::vector<MovieId>& left) {
    DialogueState other = state;
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      if (std::ranges::find(left, movie) == left.end()) other.preferences.seen.push_back(movie);
    }
    return other;
  };
  const MovieId stranger = godfather == 3 ? 4 : 3;
  ASSERT_FALSE(same_series(catalog, godfather, stranger));
  DialogueState two = seen_all_but({parts[0], stranger});
  EXPECT_EQ(find(policy.next(two, act(UserAct::kReject)), Kind::kRecommend)->movie, stranger);
  DialogueState one = seen_all_but({parts[0]});
  EXPECT_EQ(find(policy.next(one, act(UserAct::kReject)), Kind::kRecommend)->movie, parts[0]);
}

TEST_F(PolicyTest, NoPartOfASeriesThatTheUserNamedUnlessNothingElseIsLeft) {
  const MovieId godfather = catalog.find_display_name("The Godfather (1972)").value();
  const MovieId part = series_of(catalog, godfather).at(0), stranger = godfather == 3 ? 4 : 3;
  PreferenceUpdate likes;
  likes.said.liked = {godfather};
  for (const bool alone : {false, true}) {
    DialogueState fresh;
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      if (movie != part && movie != godfather && (alone || movie != stranger)) fresh.preferences.seen.push_back(movie);
    }
    EXPECT_EQ(find(policy.next(fresh, likes), Kind::kRecommend)->movie, alone ? part : stranger);
  }
}

TEST_F(PolicyTest, WhenEverythingWasRecommendedItCloses) {
  for (MovieId movie = 0; movie < catalog.size(); ++movie) state.preferences.seen.push_back(movie);
  const Acts acts = next(UserAct::kMore);
  EXPECT_EQ(kinds(acts), (std::vector{Kind::kClose}));
  EXPECT_FALSE(acts[0].accepted);
}

// ---- Questions of the user

TEST_F(PolicyTest, EveryFactIsAnsweredForTheMovieThatIsMeant) {
  const MovieId movie = recommended();
  for (int fact = 0; fact < kFacts; ++fact) {
    PreferenceUpdate question = act(UserAct::kAsk);
    question.asks = static_cast<Fact>(fact);
    DialogueState other = state;
    const Acts acts = policy.next(other, question);
    ASSERT_EQ(kinds(acts), (std::vector{Kind::kAnswer}));
    EXPECT_EQ(acts[0].movie, movie);
    EXPECT_EQ(acts[0].fact, static_cast<Fact>(fact));
    question.about = {9};
    EXPECT_EQ(policy.next(other, question)[0].movie, 9);
    question.about.clear();
    EXPECT_EQ(policy.next(other, question)[0].movie, 9) << "it is the movie asked about last";
  }
}

TEST_F(PolicyTest, AQuestionBeforeAnyOfferIsAnsweredSo) {
  for (const UserAct what : {UserAct::kAsk, UserAct::kWhy}) {
    DialogueState fresh;
    policy.open(fresh);
    PreferenceUpdate question = act(what);
    if (what == UserAct::kAsk) question.asks = Fact::kPlot;
    const Acts acts = policy.next(fresh, question);
    ASSERT_EQ(kinds(acts), (std::vector{Kind::kHelp}));
    EXPECT_TRUE(acts[0].nothing_yet);
    EXPECT_EQ(acts[0].movie, -1);
  }
}

TEST_F(PolicyTest, AnswersComeBeforeTheNewOffer) {
  const MovieId movie = recommended();
  for (const UserAct what : {UserAct::kAsk, UserAct::kInform, UserAct::kReject, UserAct::kSeen}) {
    DialogueState other = state;
    PreferenceUpdate update = wish("Comedy");
    update.act = what;
    update.asks = Fact::kDirector;
    const Acts acts = policy.next(other, update);
    ASSERT_GE(acts.size(), 2u) << name_of(what);
    EXPECT_EQ(acts[0].kind, Kind::kAnswer);
    EXPECT_EQ(acts[0].movie, movie);
    EXPECT_NE(find(acts, Kind::kRecommend), nullptr);
  }
}

TEST_F(PolicyTest, NamedMoviesAreComparedAndThenChosen) {
  PreferenceUpdate update = act(UserAct::kAsk);
  update.asks = Fact::kRating;
  update.about = {5, 6};
  Acts acts = next(update);
  ASSERT_EQ(kinds(acts), (std::vector{Kind::kCompare}));
  EXPECT_EQ(acts[0].movies, update.about);
  PreferenceUpdate second = act(UserAct::kAccept);
  second.nth = 2;
  EXPECT_EQ(next(second)[0].movie, 6);
}

TEST_F(PolicyTest, WhyIsAnsweredWithTheReasonsOfTheRecommendation) {
  const MovieId movie = recommended();
  const Acts acts = next(UserAct::kWhy);
  ASSERT_EQ(kinds(acts), (std::vector{Kind::kExplain}));
  EXPECT_EQ(acts[0].movie, movie);
  EXPECT_FALSE(acts[0].candidates.front().reasons.empty());
}

// ---- Limits

TEST_F(PolicyTest, WhatIsNotFoundOrNotKnownComesFirstAndOnce) {
  PreferenceUpdate update;
  update.unknown = {"Parasite"};
  update.beyond = {Beyond::kCountry};
  Acts acts = next(update);
  ASSERT_GE(acts.size(), 3u);
  EXPECT_EQ(acts[0].kind, Kind::kNotFound);
  EXPECT_EQ(acts[0].unknown, update.unknown);
  EXPECT_EQ(acts[1].kind, Kind::kBeyond);
  EXPECT_EQ(acts[1].beyond, update.beyond);
  EXPECT_EQ(acts[2].kind, Kind::kRecommend);
  update.unknown = {"Parasite", "Ran"};
  update.beyond = {Beyond::kCountry, Beyond::kMood};
  acts = next(update);
  EXPECT_EQ(acts[0].unknown, std::vector<std::string>{"Ran"});
  EXPECT_EQ(acts[1].beyond, std::vector{Beyond::kMood});
}

TEST_F(PolicyTest, AMissingMovieIsNeitherAnsweredNorAccepted) {
  recommended();
  PreferenceUpdate update = act(UserAct::kAsk);
  update.asks = Fact::kRuntime;
  update.unknown = {"Parasite"};
  DialogueState other = state;
  EXPECT_EQ(kinds(policy.next(other, update)), (std::vector{Kind::kNotFound}));
  update = act(UserAct::kAccept);
  update.unknown = {"Parasite"};
  EXPECT_EQ(kinds(next(update)), (std::vector{Kind::kNotFound, Kind::kConfirm}));
  EXPECT_FALSE(state.finished);
}

TEST_F(PolicyTest, AnAnswerSaysTheSameAsALimit) {
  recommended();
  PreferenceUpdate update = act(UserAct::kAsk);
  update.asks = Fact::kWhere;
  update.beyond = {Beyond::kWhere};
  EXPECT_EQ(kinds(next(update)), (std::vector{Kind::kAnswer}));
}

// ---- Restart, variety

TEST_F(PolicyTest, TakingBackEverythingBeginsAgain) {
  const MovieId movie = recommended();
  next(UserAct::kSeen);
  PreferenceUpdate update;
  for (int slot = 0; slot < kSlots; ++slot) update.drop.push_back(static_cast<Slot>(slot));
  DialogueState other = state;
  EXPECT_EQ(kinds(policy.next(other, update)), (std::vector{Kind::kRestart, Kind::kAsk}));
  EXPECT_TRUE(other.preferences.genres.empty());
  EXPECT_EQ(other.preferences.seen, std::vector{movie});
  EXPECT_EQ(other.under_discussion, -1);
  update.said.genres = {genre("Comedy")};
  const Acts acts = next(update);
  EXPECT_EQ(acts[0].kind, Kind::kRestart);
  ASSERT_EQ(acts[1].kind, Kind::kRecommend);
  EXPECT_EQ(state.preferences.genres, update.said.genres);
  EXPECT_NE(acts[1].movie, movie);
}

TEST_F(PolicyTest, TheSeedChoosesAmongEquallyGoodMovies) {
  const auto first = [&](std::uint64_t seed) {
    DialogueState fresh;
    fresh.seed = seed;
    return find(policy.next(fresh, wish("Comedy")), Kind::kRecommend)->candidates.front();
  };
  std::set<MovieId> different;
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    EXPECT_EQ(first(seed).score, first(0).score);
    EXPECT_EQ(first(seed).movie, first(seed).movie);
    different.insert(first(seed).movie);
  }
  EXPECT_GE(different.size(), 4u);
}

TEST_F(PolicyTest, TheReasonVaries) {
  PreferenceUpdate update = wish("Comedy");
  update.said.years = Span{1970, 2030};
  Reason last{Reason::Kind::kHidden};
  for (int turn = 0; turn < 6; ++turn) {
    const std::vector<Reason> reasons =
        find(next(turn == 0 ? update : act(UserAct::kMore)), Kind::kRecommend)->candidates.front().reasons;
    ASSERT_EQ(reasons.size(), 2u);
    EXPECT_NE(reasons[0], last);
    last = reasons[0];
  }
}

TEST_F(PolicyTest, ACopyOfTheStateTakesATurnBack) {
  recommended();
  const DialogueState before = state;
  next(UserAct::kAccept);
  state = before;
  EXPECT_FALSE(state.finished);
  EXPECT_EQ(kinds(next(UserAct::kOther)), (std::vector{Kind::kConfirm}));
}

}  // namespace
}  // namespace matinee
