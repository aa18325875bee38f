#include "lib/catalog/person_index.h"

#include <algorithm>
#include <bit>

#include "lib/base/ascii.h"
#include "lib/base/list_members.h"
#include "lib/base/words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_keys.h"
#include "lib/catalog/name_lookup.h"
#include "lib/catalog/spelling_index.h"
#include "lib/catalog/title_closeness.h"
#include "lib/catalog/title_query.h"

namespace matinee {
namespace {

constexpr std::size_t kSuggestions = 5;
// Factors beside factor_of_errors, as in title_closeness.cc.
constexpr double kSurname = 0.1, kOtherWords = 0.02;

struct Candidate {
  PersonId person;
  double factor;
};

}  // namespace

struct PersonIndex::Impl {
  Impl(const MovieCatalog& movie_catalog, ThreadPool* pool)
      : catalog(movie_catalog),
        names(
            catalog.people_count(), stored_person_keys(catalog),
            [this](ThreadPool& threads) { return person_key_entries(catalog, threads); },
            [this](PersonId person, const NameScan::Add& add) { add(fold_name(catalog.person_name(person))); }, pool) {}

  std::int64_t votes(PersonId person) const {
    std::int64_t sum = 0;
    for (const auto& movies : {catalog.acted_in(person), catalog.directed(person)}) {
      for (const MovieId movie : movies) sum += 1 + std::max(0, catalog.votes(movie));
    }
    return sum;
  }

  // By votes times factor.
  PersonLookup best_first(PersonMatch match, const std::vector<Candidate>& people) const {
    std::vector<std::pair<double, PersonId>> order;
    for (const Candidate& each : people)
      order.emplace_back(-each.factor * static_cast<double>(votes(each.person)), each.person);
    std::sort(order.begin(), order.end());
    PersonLookup lookup{match, {}};
    for (const auto& [strength, person] : order) add_once(lookup.people, person);
    return lookup;
  }

  std::vector<Candidate> named(const std::string& folded) {
    std::vector<Candidate> people;
    for (const PersonId person : names.rows_with_key(folded)) {
      if (fold_name(catalog.person_name(person)) == folded) people.push_back({person, 1});
    }
    return people;
  }

  std::vector<Candidate> misspelled(const std::string& folded, int limit) {
    std::vector<Candidate> people;
    for (const auto& near : names.scan().near({folded}, limit, names.pool()))
      people.push_back({near.row, factor_of_errors(near.errors)});
    return people;
  }

  std::vector<Candidate> with_words(const std::string& folded) {
    std::vector<Candidate> people;
    std::vector<std::string> words;
    for_each_piece(folded, ' ', [&](std::string_view word) { words.emplace_back(word); });
    for (const auto& shared : names.scan().with_words(words, names.pool())) {
      if (std::popcount(shared.words) != static_cast<int>(words.size())) continue;
      const bool surname = fold_name(catalog.person_name(shared.row)).ends_with(" " + folded);
      people.push_back({shared.row, surname ? kSurname : kOtherWords});
    }
    return people;
  }

  const MovieCatalog& catalog;
  NameLookup names;
};

PersonIndex::PersonIndex(const MovieCatalog& catalog, ThreadPool* pool)
    : impl_(std::make_unique<Impl>(catalog, pool)) {}
PersonIndex::~PersonIndex() = default;

bool PersonIndex::has(std::string_view name) const { return !impl_->named(fold_name(name)).empty(); }

PersonLookup PersonIndex::find(std::string_view name) const {
  Impl& index = *impl_;
  name = trimmed(name);
  if (name.ends_with(')') || name.ends_with(']')) {
    if (const auto person = index.catalog.find_person_display_name(name)) return {PersonMatch::kNamed, {*person}};
  }
  if (const auto person = index.catalog.find_nconst(to_lower(name))) return {PersonMatch::kNamed, {*person}};
  const std::string folded = fold_name(name);
  if (folded.empty()) return {};
  if (const auto people = index.named(folded); !people.empty()) return index.best_first(PersonMatch::kNamed, people);
  const auto misspelled = index.misspelled(folded, spelling_errors_allowed(folded.size()));
  auto people = index.with_words(folded);
  const PersonMatch match = people.empty() ? PersonMatch::kFuzzy : PersonMatch::kWords;
  people.insert(people.end(), misspelled.begin(), misspelled.end());
  if (!people.empty()) return index.best_first(match, people);
  PersonLookup nearest = index.best_first(PersonMatch::kNone, index.misspelled(folded, 3));
  if (nearest.people.size() > kSuggestions) nearest.people.resize(kSuggestions);
  return nearest;
}

}  // namespace matinee
