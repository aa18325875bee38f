#include "lib/dialogue/update_grammar.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

std::vector<std::uint8_t> open_bytes(const ByteAutomaton& grammar, const ByteAutomaton::State& state) {
  std::vector<std::uint8_t> bytes;
  for (int byte = 0; byte < 256; ++byte) {
    ByteAutomaton::State next = state;
    if (grammar.advance(next, static_cast<std::uint8_t>(byte))) bytes.push_back(static_cast<std::uint8_t>(byte));
  }
  return bytes;
}

// A random walk through the grammar to an end.
std::string walk(const ByteAutomaton& grammar, Random& random) {
  std::string text;
  ByteAutomaton::State state = grammar.start();
  while (!grammar.may_end(state)) {
    const auto bytes = open_bytes(grammar, state);
    if (bytes.empty()) return text + "<stuck>";
    const std::uint8_t byte = random.pick(bytes);
    grammar.advance(state, byte);
    text += static_cast<char>(byte);
  }
  return text;
}

TurnNames some_names(const MovieCatalog& catalog, Random& random) {
  TurnNames names;
  names.genres = catalog.genres();
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    names.movies.emplace_back(catalog.display_name(static_cast<MovieId>(random.below(1000))));
    names.people.emplace_back(catalog.person_display_name(static_cast<PersonId>(random.below(1000))));
  }
  return names;
}

TEST(UpdateGrammar, EveryWalkIsAnUpdateThatIsWrittenTheSame) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  Random random(1, "walks");
  std::set<UserAct> acts;
  for (int i = 0; i < 3000; ++i) {
    const UpdateGrammar grammar(some_names(catalog, random));
    const std::string text = walk(grammar, random);
    ASSERT_TRUE(grammar.accepts(text)) << text;
    ASSERT_LT(text.size(), 4000u);
    const PreferenceUpdate update = parse_preference_update(text, catalog);
    const std::string again = to_json(update, catalog);
    ASSERT_EQ(to_json(parse_preference_update(again, catalog), catalog), again);
    // Spans have several texts ("1990 to 1999"), all other values have one.
    if (!update.said.years && !update.said.runtime) {
      ASSERT_EQ(again, text) << "something stood twice or out of order";
    }
    ASSERT_EQ(update.asks.has_value(), update.act == UserAct::kAsk) << text;
    ASSERT_TRUE(update.act != UserAct::kLike || !update.said.liked.empty()) << text;
    const Span years = update.said.years.value_or(Span{1990, 1999});
    ASSERT_GE(years.low, 1867) << text;
    ASSERT_LE(years.high, 2059) << text;
    acts.insert(update.act);
  }
  EXPECT_EQ(acts.size(), static_cast<std::size_t>(kUserActs)) << "some act is never reached";
}

TEST(UpdateGrammar, AcceptsWhatSimulatedUsersMean) {
  const SampleWorld& world = SampleWorld::get();
  int updates = 0, missed = 0;
  for (std::uint64_t index = 0; index < 300; ++index) {
    for (const Exchange& exchange : world.talk(7, index).exchanges) {
      if (exchange.user_text.empty()) continue;
      const UpdateGrammar grammar(world.reader.names(exchange.acts, exchange.user_text));
      ++updates;
      if (grammar.accepts(to_json(exchange.update, world.catalog))) continue;
      ++missed;
      ADD_FAILURE() << "user: " << exchange.user_text << "\n" << to_json(exchange.update, world.catalog);
    }
  }
  EXPECT_GT(updates, 1000);
  EXPECT_EQ(missed, 0);
}

TEST(UpdateGrammar, RefusesWhatTheTurnDoesNotName) {
  const UpdateGrammar grammar({{"Comedy", "Drama"}, {"Al Pacino"}, {"Heat (1995)"}, {}});
  for (const char* good : {
           R"~({"act":"inform","genres":["Drama"],"years":"1990s","people":["Al Pacino"]})~",
           R"~({"act":"seen","seen":["Heat (1995)"]})~",
           R"~({"act":"unsure","any":["genre"]})~",
           R"~({"act":"leave"})~",
           R"~({"act":"inform","years":"1990 to 1999"})~",
           R"~({"act":"inform","years":"since 1985","runtime":"up to 100"})~",
           R"~({"act":"reject","years":"around 2005"})~",
           R"~({"act":"inform","runtime":"90 to 120","any":["genre"]})~",
       })
    EXPECT_TRUE(grammar.accepts(good)) << good;
  for (const char* bad : {
           R"~({"act":"inform","people":["Al Gore"]})~",
           R"~({"act":"inform","genres":["Drama","Drama"]})~",
           R"~({"act":"inform","genres":["Drama"],"not_genres":["Drama"]})~",
           R"~({"act":"inform","years":"1999 to 1990"})~",
           R"~({"act":"inform","years":"1990 to 2990"})~",
           R"~({"act":"inform","years":"1995s"})~",
           R"~({"act":"inform","years":"since 1990s"})~",
           R"~({"act":"inform","years":"since 1990 to 1999"})~",
           R"~({"act":"inform","years":[1990,1999]})~",
           R"~({"act":"inform","runtime":"01 to 90"})~",
           R"~({"act":"inform","runtime":"since 90"})~",
           R"~({"act":"inform","people":["Al Pacino"],"genres":["Drama"]})~",
           R"~({"act":"inform"})~",
           R"~({"act":"like"})~",
           R"~({"act":"ask"})~",
           R"~({"act":"accept","genres":["Drama"]})~",
       })
    EXPECT_FALSE(grammar.accepts(bad)) << bad;
  EXPECT_FALSE(UpdateGrammar({{"Comedy"}, {}, {}, {}}).accepts(R"~({"act":"like","liked":[]})~"));
}

TEST(UpdateGrammar, NamesWithQuotesAreEscaped) {
  const UpdateGrammar grammar({{"Comedy"}, {R"~(Dwayne "The Rock" Johnson)~"}, {}, {}});
  EXPECT_TRUE(grammar.accepts(R"~({"act":"inform","people":["Dwayne \"The Rock\" Johnson"]})~"));
}

TEST(UpdateGrammar, ItMeansTheMovieSpokenOf) {
  const SampleWorld& world = SampleWorld::get();
  const std::vector<SystemAct> acts{{.kind = SystemActKind::kRecommend, .movie = 3}};
  const TurnNames names = world.reader.names(acts, "no, seen it");
  ASSERT_FALSE(names.movies.empty());
  EXPECT_EQ(names.movies.front(), world.catalog.display_name(3));
}

}  // namespace
}  // namespace matinee
