#include "lib/serve/chat_conversations.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::Client;
using testing::field_of;
using testing::films_of;
using testing::scripted_conversations;
using testing::small_system;

constexpr const char* kComedy = R"({"act":"inform","genres":["Comedy"]})";
constexpr const char* kMore = R"({"act":"more"})";

std::string json_name(MovieId movie) { return "\"" + std::string(small_system().catalog.display_name(movie)) + "\""; }

const std::vector<std::vector<std::string>>& scripts() {
  static const std::vector<std::vector<std::string>> lines{
      {kComedy, R"({"act":"seen"})", R"({"act":"inform","years":"1990s"})", R"({"act":"ask","asks":"director"})",
       "/why", R"({"act":"accept"})", kMore},
      {R"({"act":"inform","genres":["Comedy","Horror"],"either":["genre"]})", R"({"act":"accept","nth":2})",
       R"({"act":"inform","count":3})", R"({"act":"inform","pick":[)" + json_name(7) + "]}", kMore, "/more", "",
       R"({"act":"leave"})"},
      {R"({"act":"inform","count":7})", R"({"act":"reject"})", R"({"act":"like","liked":[)" + json_name(3) + "]}",
       R"({"act":"why"})", R"({"act":"ask","asks":"series"})",
       R"({"act":"inform","about":[)" + json_name(1) + "," + json_name(2) + "]}", kMore, kMore, kMore},
      {R"({"act":"inform","unknown":["Nowhere Land"],"beyond":["language"],"genres":["Western"],"years":"2010s",)"
       R"("runtime":"up to 80"})",
       kMore, R"({"act":"inform","people":["Tom Hanks"]})", kMore,
       R"({"act":"inform","drop":["genre","years","runtime","popularity","person","age","rating","keyword"]})", kMore},
      {R"({"act":"other"})", "?", "/help", "/facts", kMore, "/facts", "/nonsense", R"({"act":"other"})",
       R"({"act":"other"})", "/undo", kMore}};
  return lines;
}

TEST(ChatConversations, TheSameMessagesHaveTheSameAnswerWarmAndCold) {
  for (const auto& script : scripts()) {
    for (const bool greeted : {true, false}) {
      const auto warm = scripted_conversations();
      Client client(*warm);
      if (greeted) client.request.messages.push_back(testing::assistant_says("Hi! What genre would you like?"));
      for (const std::string& line : script) {
        const Answer& answer = client.say(line);
        ChatRequest request = client.request;
        request.messages.pop_back();
        const Answer cold = scripted_conversations()->answer(request, {}, {});
        EXPECT_EQ(cold.text, answer.text) << line;
        EXPECT_EQ(cold.matinee, answer.matinee) << line;
        const Answer without_cache = scripted_conversations({.cache_bytes = 0})->answer(request, {}, {});
        EXPECT_EQ(without_cache.text, answer.text) << line;
        EXPECT_EQ(warm->answer(request, {}, {}).text, answer.text) << "again: " << line;
      }
    }
  }
}

// A restart of the server, another seed or other words change nothing of what follows: only the texts count.
TEST(ChatConversations, AnswersOfAnotherSeedAreTakenAsTheyAre) {
  for (const auto& script : scripts()) {
    const auto first = scripted_conversations({.seed = 1});
    Client client(*first);
    for (std::size_t i = 0; i < script.size(); ++i) {
      client.request.seed = i % 2 == 0 ? 7 : 8;
      client.say(script[i]);
    }
    client.request.messages.push_back(testing::user_says(kMore));
    client.request.seed = 9;
    const Answer warm = first->answer(client.request, {}, {});
    const Answer cold = scripted_conversations({.seed = 5})->answer(client.request, {}, {});
    EXPECT_EQ(cold.text, warm.text);
    EXPECT_EQ(cold.matinee, warm.matinee);
  }
}

TEST(ChatConversations, AnotherSeedGivesAnotherMovieAndNoneIsOfferedTwice) {
  const auto server = scripted_conversations();
  std::set<std::string> films;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Client client(*server);
    client.request.seed = seed;
    films.insert(films_of(client.say(kComedy)).at(0));
  }
  EXPECT_GT(films.size(), 1u);
  Client client(*server);
  std::vector<std::string> offered;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    client.request.seed = seed;
    offered.push_back(films_of(client.say(kMore)).at(0));
  }
  EXPECT_EQ(std::set<std::string>(offered.begin(), offered.end()).size(), offered.size());
}

TEST(ChatConversations, AnEditedAnswerDecidesWhatStands) {
  const auto server = scripted_conversations();
  const auto& catalog = small_system().catalog;
  Client client(*server);
  const std::string offered = films_of(client.say(kComedy)).at(0);
  const MovieId other = catalog.find_tconst(offered) == 9 ? 10 : 9;
  client.request.messages.back().content = "No, watch " + std::string(catalog.display_name(other)) + " instead.";
  const Answer why = client.say("/why");
  EXPECT_NE(field_of(why, "acts").find(R"("act":"explain","tconst":")" + std::string(catalog.tconst(other))),
            std::string::npos)
      << why.matinee;
  const Answer seen = client.say(R"({"act":"seen"})");
  EXPECT_EQ(field_of(seen, "preferences"), R"({"genres":["Comedy"],"seen":[)" + json_name(other) + "]}");
  EXPECT_NE(films_of(seen).at(0), catalog.tconst(other)) << "never offered again";
}

TEST(ChatConversations, ListsOfOtherFrontEndsCanBeChosenFrom) {
  const auto server = scripted_conversations();
  const auto& catalog = small_system().catalog;
  const auto name = [&](MovieId movie) { return std::string(catalog.display_name(movie)); };
  Client client(*server);
  client.request.messages = {testing::user_says(kMore),
                             testing::assistant_says("1. " + name(20) + "\n2. " + name(30) + "\n3. " + name(40))};
  const Answer taken = client.say(R"({"act":"accept","nth":2})");
  EXPECT_NE(field_of(taken, "acts").find(catalog.tconst(30)), std::string::npos) << taken.matinee;
  EXPECT_EQ(field_of(taken, "finished"), "true");
}

TEST(ChatConversations, EditedPreferencesReplaceTheOnesSoFar) {
  const auto server = scripted_conversations();
  Client client(*server);
  client.say(R"({"act":"inform","genres":["Comedy"],"people":["Tom Hanks"]})");
  const Answer& offer = client.say("", R"({"preferences":{"genres":["Horror"],"years":"1980s"}})");
  EXPECT_EQ(field_of(offer, "preferences"), R"({"genres":["Horror"],"years":"1980s"})");
  ASSERT_EQ(films_of(offer).size(), 1u);
  const MovieId movie = small_system().catalog.find_tconst(films_of(offer)[0]).value();
  EXPECT_EQ(small_system().catalog.year(movie) / 10, 198);
  EXPECT_NE(offer.matinee.find(R"("reasons":["a horror movie","from 198)"), std::string::npos) << offer.matinee;
  const Answer& more = client.say(R"({"act":"inform","not_genres":["Comedy"]})", R"({"preferences":{},"x":1})");
  EXPECT_EQ(field_of(more, "preferences"), R"({"not_genres":["Comedy"]})") << "the message is read after the edit";
  ChatRequest again = client.request;
  again.messages.pop_back();
  EXPECT_EQ(scripted_conversations()->answer(again, {}, {}).matinee, more.matinee);
}

TEST(ChatConversations, WrongPreferencesAreNamedByTheirPlace) {
  const auto server = scripted_conversations();
  const auto fault = [&](const char* edit, std::size_t place) {
    ChatRequest request;
    request.messages.assign(place, testing::user_says("{\"act\":\"more\"}"));
    request.messages.push_back(testing::user_says("", edit));
    request.messages.push_back(testing::assistant_says("?"));
    request.messages.push_back(testing::user_says(kMore));
    try {
      server->answer(request, {}, {});
    } catch (const RequestError& error) {
      EXPECT_EQ(error.status(), 400);
      return error.param() + " | " + error.what();
    }
    return std::string("none");
  };
  EXPECT_EQ(fault(R"({"preferences":{"genres":["Nonsense"]}})", 2),
            "messages[2].matinee.preferences.genres[0] | messages[2].matinee.preferences.genres[0]: the catalog "
            "has no genre \"Nonsense\"");
  EXPECT_TRUE(
      fault(R"({"preferences":{"years":true}})", 0)
          .starts_with("messages[0].matinee.preferences.years | messages[0].matinee.preferences.years: expected"));
  EXPECT_TRUE(
      fault(R"({"preferences":[]})", 0)
          .starts_with("messages[0].matinee.preferences | messages[0].matinee.preferences: expected an object"));
  EXPECT_TRUE(fault(R"({"preferences":{"genre":["Comedy"]}})", 1).starts_with("messages[1].matinee.preferences | "));
  EXPECT_EQ(fault(R"({"other":1})", 0), "none");
}

TEST(ChatConversations, ACutAnswerIsTheAnswerThatCounts) {
  for (const std::int64_t tokens : {1, 4, 8, 30}) {
    const auto server = scripted_conversations();
    Client client(*server);
    client.request.max_tokens = tokens;
    const Answer& cut = client.say(kComedy);
    EXPECT_LE(cut.completion_tokens, tokens);
    if (tokens < 9) {
      EXPECT_EQ(cut.finish, Finish::kLength);
    }
    for (const char* line : {"/why", kMore, R"({"act":"seen"})"}) {
      const Answer warm = client.say(line);
      ChatRequest request = client.request;
      request.messages.pop_back();
      const Answer cold = scripted_conversations()->answer(request, {}, {});
      EXPECT_EQ(cold.text, warm.text) << tokens << line;
      EXPECT_EQ(cold.matinee, warm.matinee) << tokens << line;
    }
  }
  const auto server = scripted_conversations();
  Client client(*server);
  client.request.stop = {" ("};
  const Answer& stopped = client.say(kComedy);
  EXPECT_EQ(stopped.finish, Finish::kStop);
  EXPECT_EQ(stopped.text.find('('), std::string::npos);
}

TEST(ChatConversations, TheTextComesInPiecesThatMakeTheAnswer) {
  const auto server = scripted_conversations();
  ChatRequest request;
  request.messages = {testing::user_says(kComedy)};
  for (const std::int64_t tokens : {-1, 6}) {
    request.max_tokens = tokens;
    std::string streamed;
    const Answer answer = server->answer(request,
                                         [&](std::string_view text) {
                                           streamed += text;
                                           return true;
                                         },
                                         {});
    EXPECT_EQ(streamed, answer.text);
    EXPECT_GT(answer.prompt_tokens, 0);
    EXPECT_GT(answer.completion_tokens, 0);
  }
}

TEST(ChatConversations, AClientThatLeavesChangesNothing) {
  const testing::TemporaryFolder folder;
  const auto server = scripted_conversations({.memory = folder.file("memory.jsonl")});
  Client client(*server);
  client.say(kComedy);
  ChatRequest request = client.request;
  request.messages.push_back(testing::user_says(R"({"act":"seen"})"));
  for (int pieces = 0; pieces < 4; ++pieces) {
    int asked = 0;
    const Answer gone = server->answer(request, {}, [&] { return asked++ >= pieces; });
    EXPECT_EQ(gone.finish, Finish::kGone);
  }
  EXPECT_EQ(server->answer(request, [](std::string_view) { return false; }, {}).finish, Finish::kGone);
  EXPECT_EQ(server->memory_lines(), "") << "nothing was recorded";
  const Answer answer = server->answer(request, {}, {});
  EXPECT_EQ(answer.finish, Finish::kStop);
  EXPECT_NE(server->memory_lines().find("\"seen\""), std::string::npos);
}

TEST(ChatConversations, LongConversationsAreForgottenFromTheBeginning) {
  const auto server = scripted_conversations({.cache_bytes = 0, .longest_replay = 5});
  Client client(*server);
  client.say(kComedy);
  const std::vector<std::string> first = films_of(client.last);
  std::set<std::string> films(first.begin(), first.end());
  for (int i = 0; i < 9; ++i) {
    const Answer& answer = client.say(kMore);
    for (const std::string& film : films_of(answer)) EXPECT_TRUE(films.insert(film).second) << "offered twice";
    JsonReader reader;
    EXPECT_EQ(reader.parse(answer.matinee).integer_or("forgotten", 0), std::max(0, i - 4));
    EXPECT_EQ(field_of(answer, "preferences"), i < 5 ? R"({"genres":["Comedy"]})" : "{}");
  }
}

TEST(ChatConversations, CommandsAnswer) {
  const auto server = scripted_conversations();
  Client client(*server);
  EXPECT_EQ(client.say("/facts").text, "No movie has been mentioned yet.");
  EXPECT_EQ(client.say("/undo").text, "There is nothing to take back.");
  const std::string offer = client.say(kComedy).text;
  const std::string film(
      small_system().catalog.display_name(small_system().catalog.find_tconst(films_of(client.last).at(0)).value()));
  EXPECT_TRUE(client.say("/facts").text.starts_with(film + "\nYear: "));
  EXPECT_TRUE(films_of(client.last).empty());
  EXPECT_EQ(field_of(client.last, "preferences"), R"({"genres":["Comedy"]})");
  const std::string help = client.say(" /help ").text;
  EXPECT_NE(help.find("/why"), std::string::npos);
  EXPECT_EQ(help.find("/quit"), std::string::npos);
  EXPECT_TRUE(client.say("/quit now").text.starts_with("Unknown command /quit") ||
              client.last.text.starts_with("Goodbye"));
  client.say(kMore);
  EXPECT_EQ(client.say("/undo").text, "Took back your last line. " + offer);
  EXPECT_NE(field_of(client.say("/why"), "acts").find("explain"), std::string::npos);
  EXPECT_NE(client.last.text, "");
  const Answer& opening = client.say("/restart");
  EXPECT_NE(opening.text, "");
  EXPECT_EQ(field_of(opening, "preferences"), "{}");
  EXPECT_EQ(field_of(client.say(R"({"act":"inform","years":"1990s"})"), "preferences"), R"({"years":"1990s"})");
}

TEST(ChatConversations, WithoutMessagesTheConversationIsOpened) {
  const auto server = scripted_conversations();
  const Answer opening = server->answer({}, {}, {});
  EXPECT_NE(opening.text, "");
  EXPECT_EQ(field_of(opening, "acts"), R"([{"act":"greet"},{"act":"ask","slot":"genre"}])");
}

TEST(ChatConversations, WhatThePageAsksFor) {
  const auto server = scripted_conversations({.model = "mini"});
  const auto& catalog = small_system().catalog;
  JsonReader reader;
  const JsonNode start = reader.parse(server->start_json());
  EXPECT_EQ(start["model"].string(), "mini");
  EXPECT_EQ(start["movies"].integer(), 400);
  EXPECT_FALSE(start["opening"].string().empty());
  EXPECT_GE(start["suggestions"].size(), 4u);
  EXPECT_FALSE(start["memory"].boolean());
  EXPECT_FALSE(start["map"].boolean());

  EXPECT_FALSE(server->movie_json("tt0"));
  const std::string card = server->movie_json(catalog.tconst(3)).value();
  JsonReader cards;
  const JsonNode film = cards.parse(card);
  EXPECT_EQ(film["title"].string(), catalog.title(3));
  EXPECT_EQ(film["year"].integer(), catalog.year(3));
  EXPECT_EQ(film["votes"].integer(), catalog.votes(3));
  EXPECT_EQ(film["verdict"].string(), "none");
  EXPECT_EQ(film["like"].size(), 6u);
  EXPECT_FALSE(film["reasons"].exists());
  EXPECT_EQ(film["directors"].size(), catalog.directors(3).size());

  const auto first_film = [&](const char* query) {
    JsonReader found;
    const JsonNode films = found.parse(server->search_json(query))["films"];
    return films.size() == 0 ? std::string() : films.array()[0]["title"].string();
  };
  EXPECT_EQ(first_film("the dark knight"), "The Dark Knight");
  EXPECT_EQ(first_film("dark kni"), "The Dark Knight") << "while it is typed";
  EXPECT_EQ(first_film("the drak knight"), "The Dark Knight");
  EXPECT_EQ(first_film(std::string(catalog.tconst(5)).c_str()), catalog.title(5));
  EXPECT_EQ(first_film("qqqqqqqqqqqq"), "");
  EXPECT_EQ(first_film(""), "");
  EXPECT_NE(server->people_json("tom han").find("Tom Hanks"), std::string::npos);
  EXPECT_NE(server->genres_json().find("\"Comedy\""), std::string::npos);
  EXPECT_THROW(server->memory_lines(), RequestError);
  EXPECT_THROW(server->set_verdict("{}"), RequestError);
}

}  // namespace
}  // namespace matinee
