// How many of the names in sentences are found: with generated typing errors, and in real dialogues.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "lib/base/random.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/mention_finder.h"
#include "lib/io/text_reader.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

struct WholeSample {
  testing::TemporaryFolder folder;
  std::unique_ptr<MovieCatalog> catalog;
  std::unique_ptr<MentionFinder> finder;

  WholeSample() {
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {}, pool).save(folder.file("movies.bin"));
    catalog = std::make_unique<MovieCatalog>(folder.file("movies.bin"));
    finder = std::make_unique<MentionFinder>(*catalog);
  }
  static const WholeSample& get() {
    static const WholeSample sample;
    return sample;
  }
  bool finds(std::string_view text, MentionKind kind, std::int32_t id) const {
    const auto found = finder->find(text);
    return std::any_of(found.begin(), found.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
  }
};

std::string lowered(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

// Drops, doubles or replaces a letter or swaps it with its neighbor, within the words.
std::string mistyped(std::string text, Random& random) {
  for (;;) {
    const std::size_t i = 1 + static_cast<std::size_t>(random.below(text.size() - 1));
    if (text[i] == ' ' || text[i - 1] == ' ') continue;
    switch (random.below(4)) {
      case 0: return text.erase(i, 1);
      case 1: return text.insert(i, 1, text[i]);
      case 2: text[i] = static_cast<char>('a' + random.below(26)); return text;
      default: std::swap(text[i], text[i - 1]); return text;
    }
  }
}

struct Share {
  int found = 0, of = 0;
  void add(bool hit) {
    found += hit ? 1 : 0;
    ++of;
  }
  double value() const { return of == 0 ? 0 : static_cast<double>(found) / of; }
};

TEST(MentionRecall, NamesAreFoundInSpiteOfATypingError) {
  const WholeSample& sample = WholeSample::get();
  const MovieCatalog& catalog = *sample.catalog;
  Share titles, people, two_errors;
  for (MovieId movie = 0; movie < 1000; ++movie) {
    Random random(7, "typing errors", static_cast<std::uint64_t>(movie));
    const std::string title(catalog.title(movie));
    if (fold_title(title).size() >= 6)
      titles.add(sample.finds("i liked " + mistyped(lowered(title), random), MentionKind::kMovie, movie));
    if (catalog.cast(movie).empty()) continue;
    const PersonId person = catalog.cast(movie).front();
    const std::string name(catalog.person_name(person));
    people.add(sample.finds("anything with " + mistyped(lowered(name), random) + "?", MentionKind::kPerson, person));
    if (name.size() < 12) continue;
    two_errors.add(sample.finds("not with " + mistyped(mistyped(lowered(name), random), random) + " please",
                                MentionKind::kPerson, person));
  }
  EXPECT_GE(titles.value(), 0.85) << titles.of;
  EXPECT_GE(people.value(), 0.95) << people.of;
  EXPECT_GE(two_errors.value(), 0.80) << two_errors.of;
}

TEST(MentionRecall, HalfNamesAndNicknames) {
  const WholeSample& sample = WholeSample::get();
  const auto means = [&](const char* text, const char* name) {
    const auto person = sample.catalog->find_person_display_name(name);
    ASSERT_TRUE(person) << name;
    EXPECT_TRUE(sample.finds(text, MentionKind::kPerson, *person)) << text;
  };
  means("anything with bob de niro", "Robert De Niro");
  means("robert deniro maybe", "Robert De Niro");
  means("Arnie!", "Arnold Schwarzenegger");
  means("schwarzenneger", "Arnold Schwarzenegger");
  means("leo dicaprio was great", "Leonardo DiCaprio");
  means("i want scarjo", "Scarlett Johansson");
  means("starring will smith", "Will Smith");
  means("denzel", "Denzel Washington");
  means("something by spielburg", "Steven Spielberg");
  means("samuel jackson", "Samuel L. Jackson");
}

TEST(MentionRecall, TitlesAsPeopleWriteThem) {
  const WholeSample& sample = WholeSample::get();
  const auto means = [&](const char* text, const char* name) {
    const auto movie = sample.catalog->find_display_name(name);
    ASSERT_TRUE(movie) << name;
    EXPECT_TRUE(sample.finds(text, MentionKind::kMovie, *movie)) << text;
  };
  means("spiderman", "Spider-Man (2002)");
  means("inglorious bastards was great", "Inglourious Basterds (2009)");
  means("i have seen it (2017)", "It (2017)");
  means("i watched taken already", "Taken (2008)");
  means("back to the future", "Back to the Future (1985)");
  means("the harry potter films", "Harry Potter and the Goblet of Fire (2005)");
  means("pirates of the carribean", "Pirates of the Caribbean: Dead Man's Chest (2006)");
}

TEST(MentionRecall, EverydayTalkNamesNothing) {
  const WholeSample& sample = WholeSample::get();
  for (const char* text : {"i loved her and it", "i want to heat up the house", "good night!", "something to watch",
                           "a comedy", "Drama", "i dont know, surprise me", "merry christmas", "maybe from the 1980s",
                           "the least scary one", "it will be all good", "no thanks, seen that already"}) {
    const auto found = sample.finder->find(text);
    EXPECT_TRUE(found.empty()) << text << ": "
                               << (found.empty() ? std::string_view()
                                   : found.front().kind == MentionKind::kMovie
                                       ? sample.catalog->display_name(found.front().id)
                                       : sample.catalog->person_display_name(found.front().id));
  }
}

// "The Babadook  (2014)" in the data.
std::string one_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

TEST(MentionRecall, TitlesOfRealDialogues) {
  const std::string path = testing::real_data("dialogues/valid_data.jsonl");
  if (path.empty()) GTEST_SKIP() << "MentionRecall.TitlesOfRealDialogues needs dialogues/valid_data.jsonl";
  const WholeSample& sample = WholeSample::get();
  Share with_year, plain, lower;
  simdjson::dom::parser parser;
  LineReader lines(path);
  for (std::string_view line; lines.next(line);) {
    const simdjson::dom::element dialogue = parser.parse(line.data(), line.size(), true);
    simdjson::dom::object mentions;
    if (dialogue["movieMentions"].get(mentions) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element message : simdjson::dom::array(dialogue["messages"])) {
      std::string dated{std::string_view(message["text"])}, bare = dated;
      std::vector<MovieId> movies;
      for (const auto& [number, title] : mentions) {
        if (!title.is_string()) continue;
        const std::string mark = "@" + std::string(number), name = one_space(std::string_view(title));
        const std::size_t at = dated.find(mark), bare_at = bare.find(mark);
        if (at == std::string::npos) continue;
        if (const auto movie = sample.catalog->find_display_name(name)) movies.push_back(*movie);
        dated.replace(at, mark.size(), name);
        bare.replace(bare_at, mark.size(), name.substr(0, name.rfind(" (")));
      }
      for (const MovieId movie : movies) {
        with_year.add(sample.finds(dated, MentionKind::kMovie, movie));
        plain.add(sample.finds(bare, MentionKind::kMovie, movie));
        lower.add(sample.finds(lowered(bare), MentionKind::kMovie, movie));
      }
    }
  }
  EXPECT_GT(with_year.of, 3000);
  EXPECT_GE(with_year.value(), 0.99);
  EXPECT_GE(plain.value(), 0.98);
  EXPECT_GE(lower.value(), 0.88);
  RecordProperty("mentions", with_year.of);
}

}  // namespace
}  // namespace matinee
