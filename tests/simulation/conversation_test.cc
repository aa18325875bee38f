#include "lib/simulation/conversation.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "lib/understanding/reading_grammar.h"
#include "lib/understanding/understand_prompt.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/wording.h"
#include "tests/simulation/sample_talks.h"

namespace matinee {
namespace {

using testing::FullCatalog;
using testing::SampleTalks;
using testing::talk_in;

TEST(Conversation, DependsOnSeedAndIndexOnly) {
  const SampleTalks& world = SampleTalks::get();
  const std::string once = conversation_json(world.talk(1, 7), world.catalog);
  (void)world.talk(1, 6);
  EXPECT_EQ(conversation_json(world.talk(1, 7), world.catalog), once);
  EXPECT_NE(conversation_json(world.talk(2, 7), world.catalog), once);
  EXPECT_NE(conversation_json(world.talk(1, 8), world.catalog), once);
}

TEST(Conversation, AlwaysEndsInTheTargetOrAPoliteClose) {
  const SampleTalks& world = SampleTalks::get();
  int accepted = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Conversation talk = world.talk(2, index);
    ASSERT_GE(talk.exchanges.size(), 2u);
    ASSERT_LE(talk.exchanges.size(), 12u);
    const Exchange& last = talk.exchanges.back();
    ASSERT_EQ(last.acts.back().kind, SystemActKind::kClose);
    EXPECT_TRUE(last.user_text.empty());
    for (const Exchange& exchange : talk.exchanges) {
      for (const std::string& text : exchange.texts) EXPECT_FALSE(text.empty());
    }
    accepted += talk.accepted;
  }
  EXPECT_GT(accepted, 100);
}

TEST(Conversation, PersonasCanBeChosen) {
  const SampleTalks& world = SampleTalks::get();
  ConversationOptions options;
  options.personas = {Persona::kPicky, Persona::kDemanding};
  std::set<Persona> seen;
  for (std::uint64_t index = 0; index < 30; ++index) {
    seen.insert(converse(world.world(), options, index, 5).persona);
  }
  EXPECT_EQ(seen, (std::set{Persona::kPicky, Persona::kDemanding}));
}

// The names of the slots in the sections of the phrasebook's files.
std::map<std::string, std::set<std::string>> slots_of_sections() {
  std::map<std::string, std::set<std::string>> slots;
  std::set<std::string>* section = nullptr;
  for (const auto& file : std::filesystem::directory_iterator("lib/wording/phrases")) {
    std::ifstream lines(file.path());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('[')) section = &slots[line.substr(1, line.size() - 2)];
      if (line.starts_with('#') || line.starts_with('[') || section == nullptr) continue;
      for (std::size_t at = line.find('{'); at != line.npos; at = line.find('{', at + 1))
        section->insert(line.substr(at, line.find('}', at) + 1 - at));
    }
  }
  return slots;
}

// A book in which each phrase is the name of its section, so that the sections in use can be seen. Its phrases have all
// slots of the section: with and without those that some genres lack.
Phrasebook marks_for(const std::vector<std::string>& sections) {
  const auto slots = slots_of_sections();
  std::string text;
  for (const std::string& section : sections) {
    text += "[" + section + "]\n";
    std::string all, some;
    if (!section.starts_with("s.")) {
      for (const std::string& slot : slots.at(section)) {
        all += " " + slot;
        if (slot.find("like_genre") == slot.npos) some += " " + slot;
      }
    }
    const std::string mark = "\\(" + section + "\\)";
    text += mark + all + "\n" + (some == all ? "" : mark + some + "\n");
  }
  Phrasebook marks;
  marks.add_text(text, "marks");
  return marks;
}

TEST(Conversation, EverySectionOfTheUsersIsUsed) {
  const FullCatalog& world = FullCatalog::get();
  const std::vector<std::string> sections = Phrasebook::built_in().sections();
  const Phrasebook marks = marks_for(sections);
  std::string all;
  // Few movies are popular: the first ones get half the turns.
  for (std::uint64_t index = 0; index < 3000; ++index) {
    const auto movies = static_cast<std::uint64_t>(world.catalog.size() / (index % 2 == 1 ? 5 : 1));
    for (const Exchange& exchange : talk_in(marks, index, static_cast<MovieId>(index % movies)).exchanges)
      all += exchange.system_text() + "\n" + exchange.user_text + "\n";
  }
  for (const std::string& section : sections) {
    if (is_genre_section(section) && !world.catalog.genre_id(section.substr(section.find('.') + 1))) continue;
    if (section.starts_with("s.")) continue;                  // wording_test.cc has them
    if (section == "age.G" || section == "age.PG") continue;  // this catalog has no movies for children
    // Rare: items of lists, wishes that are taken back, and a second movie after the first was accepted.
    if (section.starts_with("bare.") || section.starts_with("wish_noun.") || section == "u.another") continue;
    EXPECT_NE(all.find("(" + section + ")"), std::string::npos) << section << " is never used";
  }
}

TEST(Tuples, NameTheBestCandidateWithATrueReason) {
  const SampleTalks& world = SampleTalks::get();
  int recommendations = 0;
  for (std::uint64_t index = 0; index < 100; ++index) {
    const Conversation talk = world.talk(8, index);
    for (const Exchange& exchange : talk.exchanges) {
      for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
        const SystemAct& act = exchange.acts[i];
        const auto wordings = possible_wordings(act, exchange.known_before, world.catalog);
        EXPECT_TRUE(std::ranges::any_of(wordings, [&](const PhraseRequest& request) {
          return can_say(world.phrasebook, request, exchange.texts[i]);
        })) << exchange.texts[i];
        if (act.kind != SystemActKind::kRecommend) continue;
        ++recommendations;
        EXPECT_NE(exchange.texts[i].find(world.catalog.display_name(act.candidates[0].movie)), std::string::npos);
        for (const Reason& reason : act.candidates[0].reasons) {
          const auto has = [](const auto& list, std::int32_t id) { return std::ranges::count(list, id) > 0; };
          if (reason.kind == Reason::Kind::kGenre) {
            EXPECT_TRUE(has(world.catalog.genres_of(act.movie), reason.id));
            EXPECT_TRUE(has(exchange.known_before.genres, reason.id)) << "a reason nobody gave";
          }
          if (reason.kind == Reason::Kind::kPerson) {
            EXPECT_TRUE(takes_part(world.catalog, act.movie, reason.id));
            EXPECT_TRUE(has(exchange.known_before.people, reason.id)) << "a reason nobody gave";
          }
        }
      }
    }
  }
  EXPECT_GT(recommendations, 100);
}

TEST(Tuples, HoldAllFourSkillsAndUnderstandIsTheUpdate) {
  const SampleTalks& world = SampleTalks::get();
  std::array<int, kSkills> counts{};
  std::size_t understood = 0, turns = 0;
  for (std::uint64_t index = 0; index < 60; ++index) {
    const Conversation talk = world.talk(9, index);
    std::size_t next = 0;
    std::vector<const Exchange*> answered;
    for (const Exchange& exchange : talk.exchanges) {
      if (!exchange.user_text.empty()) answered.push_back(&exchange);
    }
    for (const InstructionTuple& tuple : tuples_of(talk, world.catalog)) {
      ++counts[static_cast<std::size_t>(tuple.prompt.skill)];
      EXPECT_FALSE(tuple.prompt.instruction.empty());
      EXPECT_FALSE(tuple.output.empty());
      EXPECT_EQ(tuple.output.find('\n'), std::string::npos);
      if (tuple.prompt.skill != Skill::kUnderstand) continue;
      // The reading means what the user means, for one of the exchanges that follow.
      const Exchange* exchange = nullptr;
      while (exchange == nullptr) {
        ASSERT_LT(next, answered.size());
        if (understand_prompt(answered[next]->acts, answered[next]->user_text, answered[next]->marks).input ==
            tuple.prompt.input) {
          exchange = answered[next];
        }
        ++next;
      }
      const TurnReading reading = parse_turn_reading(tuple.output, exchange->marks.size());
      const TurnContext context(exchange->acts);
      EXPECT_EQ(update_of(reading, exchange->marks, context, world.catalog), exchange->update) << exchange->user_text;
      EXPECT_TRUE(ReadingGrammar(exchange->user_text, exchange->marks, context).accepts(tuple.output))
          << exchange->user_text << "\n"
          << tuple.output;
      ++understood;
    }
    turns += answered.size();
  }
  EXPECT_GT(understood, turns * 9 / 10) << "most of what simulated users mean can be understood";
  for (int skill = 0; skill < kSkills; ++skill)
    EXPECT_GT(counts[static_cast<std::size_t>(skill)], 0) << name_of(static_cast<Skill>(skill));
}

TEST(Conversation, LinesAreJson) {
  const SampleTalks& world = SampleTalks::get();
  simdjson::dom::parser parser;
  const auto parsed = [&](const std::string& line) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    simdjson::dom::object object;
    EXPECT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
    return object;
  };
  for (std::uint64_t index = 0; index < 40; ++index) {
    const Conversation talk = world.talk(10, index);
    const auto object = parsed(conversation_json(talk, world.catalog));
    EXPECT_EQ(std::string_view(object["target"]), world.catalog.tconst(talk.target));
    EXPECT_EQ(object["turns"].get_array().size(), talk.exchanges.size());
    const auto messages = parsed(messages_json(talk, world.catalog));
    std::string_view before = "assistant";
    for (const auto message : messages["messages"]) {
      EXPECT_NE(std::string_view(message["role"]), before) << "roles take turns";
      before = std::string_view(message["role"]);
    }
    EXPECT_EQ(before, "assistant");
    for (const InstructionTuple& tuple : tuples_of(talk, world.catalog)) {
      const auto line = parsed(tuple_json(tuple));
      EXPECT_EQ(std::string_view(line["output"]), tuple.output);
      EXPECT_EQ(std::string_view(line["input"]), tuple.prompt.input);
    }
  }
  // Characters that JSON escapes are kept.
  const InstructionTuple odd{"ask", {Skill::kAsk, "a\"b\\c", "line\nnext\ttab"}, "\x01 caf\xc3\xa9"};
  const auto line = parsed(tuple_json(odd));
  EXPECT_EQ(std::string_view(line["instruction"]), odd.prompt.instruction);
  EXPECT_EQ(std::string_view(line["input"]), odd.prompt.input);
  EXPECT_EQ(std::string_view(line["output"]), odd.output);
}

}  // namespace
}  // namespace matinee
