#include "lib/understanding/genre_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "lib/catalog/common_words.h"

namespace matinee {
namespace {

// Shorter words resemble too many others to be corrected.
constexpr std::size_t kShortest = 5;
constexpr GenreId kNone = -1, kSeveral = -2;

void add_words(std::string_view text, std::set<std::string>& words) {
  for (SentenceWord& word : sentence_words(text)) words.insert(std::move(word.folded));
}

}  // namespace

GenreFinder::GenreFinder(const MovieCatalog& catalog, const Phrasebook& phrasebook) {
  std::set<std::string> others;
  for (const std::string& section : phrasebook.sections()) {
    // Questions about a movie's genres name some as examples.
    if (section.starts_with("s.") || is_genre_section(section) || section == "u.ask.genres") continue;
    for (const std::string& word : phrasebook.section_words(section)) add_words(word, others);
  }
  std::map<std::string, GenreId, std::less<>> meanings;
  std::set<std::string> words;
  const auto give = [&](GenreId genre) {
    for (const std::string& word : words) {
      const auto [entry, fresh] = meanings.try_emplace(word, genre);
      if (!fresh && entry->second != genre) entry->second = kSeveral;
    }
    words.clear();
  };
  const auto count = static_cast<GenreId>(catalog.genres().size());
  for (GenreId genre = 0; genre < count; ++genre) {
    const std::string& name = catalog.genres()[static_cast<std::size_t>(genre)];
    for (const std::string_view form : kGenreForms) {
      for (const std::string& word : phrasebook.section_words(fmt::format("{}.{}", form, name))) add_words(word, words);
    }
    give(genre);
  }
  // A genre without phrases is found by its name, except for words that mean another genre ("stand-up comedy").
  const auto worded = meanings;
  for (GenreId genre = 0; genre < count; ++genre) {
    add_words(catalog.genres()[static_cast<std::size_t>(genre)], words);
    std::erase_if(words, [&](const std::string& word) { return worded.contains(word); });
    give(genre);
  }
  for (const auto& [word, genre] : meanings) {
    if (genre != kSeveral && !others.contains(word) && !is_function_word(word)) genre_of_[words_.add(word)] = genre;
  }
  words_.build();
}

GenreId GenreFinder::misspelt(std::string_view folded) const {
  if (folded.size() < kShortest || is_english_word(folded)) return kNone;
  GenreId best = kNone;
  int errors = 3;
  for (const auto& near : words_.near(folded)) {
    const GenreId genre = genre_of_.at(near.word);
    if (near.errors < errors) {
      best = genre;
      errors = near.errors;
    } else if (near.errors == errors && genre != best) {
      best = kNone;
    }
  }
  return best;
}

std::vector<GenreMention> GenreFinder::find(std::string_view text) const { return find(sentence_words(text)); }

std::vector<GenreMention> GenreFinder::find(std::span<const SentenceWord> words) const {
  std::vector<GenreMention> found;
  for (const SentenceWord& word : words) {
    const SpellingIndex::WordId exact = words_.exact(word.folded);
    const bool is_exact = exact != SpellingIndex::kNone;
    const GenreId genre = is_exact ? genre_of_.at(exact) : misspelt(word.folded);
    const bool known =
        std::any_of(found.begin(), found.end(), [&](const GenreMention& mention) { return mention.genre == genre; });
    if (genre != kNone && !known) found.push_back({genre, word.begin, word.end, is_exact});
  }
  return found;
}

}  // namespace matinee
