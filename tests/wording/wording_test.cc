#include "lib/wording/wording.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "lib/base/file.h"
#include "lib/wording/limit_wording.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/reply_check.h"
#include "tests/dialogue/full_catalog.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"
#include "tests/wording/random_acts.h"

namespace matinee {
namespace {

using testing::built_in_phrases;
using testing::FullCatalog;
using testing::random_act;
using testing::RandomAct;
using testing::SampleWorld;
using testing::TemporaryFolder;

constexpr std::size_t kMostBytes = 240;

// What a reader would stumble over; "" if there is nothing.
std::string flaw(const std::string& text) {
  for (const char* wrong : {"  ",          " ,",    " .",     " ?",    " !",    "..",    ",,",    "??",
                            "!!",          "?.",    "!.",     ".?",    ",.",    "{",     "}",     "<",
                            ">",           "|",     " a a",   " a e",  " a i",  " a o",  " an b", " an c",
                            " an d",       " an f", " an m",  " an r", " an s", " an t", " an w", "a movie movie",
                            "movie movie", " i ",   "unknown"}) {
    const std::size_t at = text.find(wrong);
    if (at != std::string::npos && text.find("...") == std::string::npos) return std::string("has \"") + wrong + "\"";
  }
  if (text.empty() || std::string(".!?").find(text.back()) == std::string::npos) return "has no end";
  return "";
}

// A catalog with age ratings and a series, half of whose movies have no other fact than their title.
class BareCatalog {
 public:
  static const MovieCatalog& get() {
    static const BareCatalog made;
    return made.catalog;
  }

 private:
  static std::string build(const TemporaryFolder& folder) {
    std::string basics =
        "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n";
    std::string certificates = "tconst\tcertificate\n";
    std::string ratings = "tconst\taverageRating\tnumVotes\n", crew = "tconst\tdirectors\twriters\n";
    for (int i = 1; i <= 6; ++i) {
      basics += fmt::format("tt{:07}\tmovie\tStory{}\tStory{}\t0\t{}\t\\N\t{}\tComedy\n", i,
                            i == 1 ? "" : fmt::format(" {}", i), i, 1990 + i, 85 + 11 * i);
      certificates += fmt::format("tt{:07}\t{}\n", i, i == 6 ? "Not Rated" : "PG-13");
      ratings += fmt::format("tt{:07}\t7.{}\t5000\n", i, i);
      crew += fmt::format("tt{:07}\tnm0000001\tnm0000001\n", i);
    }
    for (const char* title : {"Alone", "Rain", "Why Not?", "Oh!", "Snow", "Ice"})
      basics += fmt::format("tt{:07}\tmovie\t{}\t{}\t0\t\\N\t\\N\t\\N\t\\N\n", 10 + title[0], title, title);
    write_file(folder.file("title.basics.tsv"), basics);
    write_file(folder.file("title.certificates.tsv"), certificates);
    write_file(folder.file("title.ratings.tsv"), ratings);
    write_file(folder.file("title.crew.tsv"), crew);
    write_file(folder.file("title.principals.tsv"), "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n");
    write_file(folder.file("name.basics.tsv"),
               "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
               "nm0000001\tAnn Lee\t1960\t\\N\tdirector\t\\N\n");
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder(folder.path()), {}, pool).save(folder.file("movies.bin"));
    return folder.file("movies.bin");
  }
  TemporaryFolder folder;
  const MovieCatalog catalog{build(folder)};
};

// The catalogs: real movies that lack running times, made-up ones with everything, and bare ones.
template <class Visit>
void for_catalogs(const Visit& visit) {
  visit(SampleWorld::get().catalog);
  visit(FullCatalog::get().catalog);
  visit(BareCatalog::get());
}

TEST(Wording, EveryActReadsWellAndIsGrounded) {
  const Phrasebook book = Phrasebook::built_in();
  for_catalogs([&](const MovieCatalog& catalog) {
    Random random(3, "acts");
    for (int kind = 0; kind < kSystemActKinds; ++kind) {
      for (int i = 0; i < 150; ++i) {
        const RandomAct made = random_act(static_cast<SystemActKind>(kind), catalog, random);
        for (const PhraseRequest& request : possible_wordings(made.act, made.preferences, catalog)) {
          const std::string text = book.expand(request.section, request.slots, random);
          ASSERT_EQ(flaw(text), "") << request.section << ": " << text;
          std::size_t names = 0;
          if (const auto movie = request.slots.find("movie"); movie != request.slots.end())
            names += movie->second.size();
          if (made.act.kind != SystemActKind::kList && made.act.kind != SystemActKind::kCompare && names < 60) {
            EXPECT_LE(text.size(), kMostBytes) << text;
          }
          const ReplyCheck check = check_reply(text, made.act, made.preferences, catalog);
          EXPECT_TRUE(check.ungrounded.empty()) << request.section << ": " << check.ungrounded[0] << " in: " << text;
          EXPECT_TRUE(check.complete) << request.section << ": " << text;
        }
      }
    }
  });
}

TEST(Wording, TheLanguageOfAnActHasItsPhrases) {
  const Phrasebook book = Phrasebook::built_in();
  for_catalogs([&](const MovieCatalog& catalog) {
    Random random(4, "language");
    for (int kind = 0; kind < kSystemActKinds; ++kind) {
      for (int i = 0; i < 20; ++i) {
        const RandomAct made = random_act(static_cast<SystemActKind>(kind), catalog, random);
        const auto requests = possible_wordings(made.act, made.preferences, catalog);
        const PhraseLanguage language(book, requests);
        for (int draw = 0; draw < 10; ++draw) {
          const PhraseRequest& request = random.pick(requests);
          const std::string text = book.expand(request.section, request.slots, random);
          EXPECT_TRUE(language.accepts(text)) << text;
          EXPECT_FALSE(language.accepts(text + " Really.")) << text;
        }
      }
    }
  });
}

// A reply in a language of phrases chosen at random, byte by byte.
std::string walk(const PhraseLanguage& language, Random& random) {
  std::string text;
  ByteAutomaton::State state = language.start();
  for (;;) {
    std::string bytes;
    for (int byte = 1; byte < 256; ++byte) {
      ByteAutomaton::State next = state;
      if (language.advance(next, static_cast<std::uint8_t>(byte))) bytes += static_cast<char>(byte);
    }
    if (language.may_end(state) && (bytes.empty() || random.chance(0.5))) return text;
    if (bytes.empty()) return "(stuck) " + text;
    const char byte = random.pick(bytes);
    language.advance(state, static_cast<std::uint8_t>(byte));
    text += byte;
  }
}

TEST(Wording, EveryWalkThroughTheLanguageIsAReplyOfTheAct) {
  const Phrasebook book = Phrasebook::built_in();
  for_catalogs([&](const MovieCatalog& catalog) {
    Random random(5, "walks");
    for (int kind = 0; kind < kSystemActKinds; ++kind) {
      for (int i = 0; i < 10; ++i) {
        const RandomAct made = random_act(static_cast<SystemActKind>(kind), catalog, random);
        const PhraseLanguage language(book, possible_wordings(made.act, made.preferences, catalog));
        for (int draw = 0; draw < 5; ++draw) {
          const std::string text = walk(language, random);
          EXPECT_EQ(flaw(text), "") << text;
          const ReplyCheck check = check_reply(text, made.act, made.preferences, catalog);
          EXPECT_TRUE(check.ungrounded.empty() && check.complete) << text;
        }
      }
    }
  });
}

TEST(Wording, EverySectionOfTheSystemIsUsed) {
  const Phrasebook book = Phrasebook::built_in();
  std::set<std::string> used;
  for_catalogs([&](const MovieCatalog& catalog) {
    Random random(6, "sections");
    for (int kind = 0; kind < kSystemActKinds; ++kind) {
      for (int i = 0; i < 400; ++i) {
        const RandomAct made = random_act(static_cast<SystemActKind>(kind), catalog, random);
        for (const PhraseRequest& request : possible_wordings(made.act, made.preferences, catalog)) {
          EXPECT_TRUE(book.has(request.section)) << request.section;
          used.insert(request.section);
        }
      }
    }
  });
  used.insert({"s.not_found.none", "s.relax.none"});  // for acts that name nothing
  for (const std::string& section : book.sections())
    EXPECT_TRUE(!section.starts_with("s.") || used.contains(section)) << section << " is never used";
}

TEST(Wording, NoSentenceComesTwiceInAConversation) {
  const SampleWorld& world = SampleWorld::get();
  Random random(7, "twice");
  SaidSentences said;
  std::set<std::string> seen;
  SystemAct act{.kind = SystemActKind::kWait};
  for (int i = 0; i < 25; ++i) {
    const std::string text = word_act(act, {}, world.catalog, built_in_phrases(), said, random);
    const bool is_short = std::count(text.begin(), text.end(), ' ') < 2;
    EXPECT_TRUE(seen.insert(text).second || is_short) << text;
  }
}

TEST(Wording, SessionsOpenInManyWays) {
  const SampleWorld& world = SampleWorld::get();
  for (const SystemActKind kind : {SystemActKind::kGreet, SystemActKind::kClose, SystemActKind::kHelp}) {
    std::set<std::string> texts;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Random random(seed, "opening");
      SaidSentences said;
      texts.insert(word_act({.kind = kind}, {}, world.catalog, built_in_phrases(), said, random));
    }
    EXPECT_GE(texts.size(), 50u) << name_of(kind);
  }
}

TEST(LimitWording, NamesAreQuotedAsOneShortLine) {
  EXPECT_EQ(clean_name("  \"Parasite\"? "), "Parasite");
  EXPECT_EQ(clean_name("Am\xc3\xa9lie\n2"), "Am\xc3\xa9lie 2");
  EXPECT_EQ(clean_name("?!"), "");
  const std::string longer = clean_name(std::string(20, 'x') + " " + std::string(100, 'y'));
  EXPECT_EQ(longer, std::string(20, 'x'));
}

}  // namespace
}  // namespace matinee
