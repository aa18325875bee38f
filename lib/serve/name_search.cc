#include "lib/serve/name_search.h"

#include <algorithm>

#include "lib/base/list_members.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/title_query.h"

namespace matinee {

NameSearch::NameSearch(const MovieCatalog& catalog) : catalog_(catalog), titles_(catalog), people_(catalog) {}

void NameSearch::Beginnings::add(std::string_view name) {
  starts.push_back(static_cast<std::uint32_t>(names.size()));
  names += " " + fold_name(name) + "\n";
}

std::vector<std::int32_t> NameSearch::Beginnings::find(std::string_view text, std::size_t limit) const {
  std::vector<std::int32_t> found;
  const std::string folded = fold_name(text);
  if (folded.empty()) return found;
  const std::string beginning = " " + folded;
  for (std::size_t at = names.find(beginning); at != std::string::npos && found.size() < limit;) {
    const auto next = std::upper_bound(starts.begin(), starts.end(), static_cast<std::uint32_t>(at));
    found.push_back(static_cast<std::int32_t>(next - starts.begin()) - 1);
    at = next == starts.end() ? std::string::npos : names.find(beginning, *next);
  }
  return found;
}

std::vector<MovieId> NameSearch::movies(std::string_view text, std::size_t limit) {
  text = trimmed(text);
  if (const auto tconst = tconst_in(text)) {
    const auto movie = catalog_.find_tconst(*tconst);
    return movie ? std::vector{*movie} : std::vector<MovieId>{};
  }
  const std::lock_guard lock(mutex_);
  if (title_words_.starts.empty()) {
    for (MovieId movie = 0; movie < catalog_.size(); ++movie) title_words_.add(catalog_.title(movie));
  }
  const TitleLookup lookup = titles_.find(text);
  std::vector<MovieId> found;
  // Movies are ordered by votes. What is only near is a guess, and comes last.
  const bool near = lookup.match == TitleMatch::kNone || lookup.match == TitleMatch::kFuzzy;
  const std::vector<MovieId> begun = title_words_.find(text, limit);
  for (const auto* list : {near ? &begun : &lookup.movies, near ? &lookup.movies : &begun}) {
    for (const MovieId movie : *list) {
      if (found.size() < limit) add_once(found, movie);
    }
  }
  return found;
}

std::vector<PersonId> NameSearch::people(std::string_view text, std::size_t limit) {
  text = trimmed(text);
  const std::lock_guard lock(mutex_);
  if (person_words_.starts.empty()) {
    for (PersonId person = 0; person < catalog_.people_count(); ++person)
      person_words_.add(catalog_.person_name(person));
  }
  const PersonLookup lookup = people_.find(text);
  // The id says nothing about how well known a person is: the number of films does.
  std::vector<PersonId> begun = person_words_.find(text, 1000);
  const auto films = [&](PersonId person) {
    return catalog_.acted_in(person).size() + catalog_.directed(person).size();
  };
  std::stable_sort(begun.begin(), begun.end(), [&](PersonId a, PersonId b) { return films(a) > films(b); });
  std::vector<PersonId> found;
  const bool near = lookup.match == PersonMatch::kNone || lookup.match == PersonMatch::kFuzzy;
  for (const auto* list : {near ? &begun : &lookup.people, near ? &lookup.people : &begun}) {
    for (const PersonId person : *list) {
      if (found.size() < limit) add_once(found, person);
    }
  }
  return found;
}

}  // namespace matinee
