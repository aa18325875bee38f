#include "lib/catalog/name_keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/base/list_members.h"
#include "lib/base/random.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/title_parts.h"

namespace matinee {
namespace {

constexpr const char* kMovies = "title_index.movies";
constexpr const char* kPeople = "title_index.people";

// "6th" of "sixth". Not a standard_word: in a sentence, "the second one" is no name.
std::string_view ordinal(std::string_view word) {
  constexpr auto kOrdinals = std::to_array<std::pair<std::string_view, std::string_view>>({{"first", "1st"},
                                                                                           {"second", "2nd"},
                                                                                           {"third", "3rd"},
                                                                                           {"fourth", "4th"},
                                                                                           {"fifth", "5th"},
                                                                                           {"sixth", "6th"},
                                                                                           {"seventh", "7th"},
                                                                                           {"eighth", "8th"},
                                                                                           {"ninth", "9th"},
                                                                                           {"tenth", "10th"},
                                                                                           {"twelfth", "12th"},
                                                                                           {"thirteenth", "13th"}});
  const auto* found =
      std::find_if(kOrdinals.begin(), kOrdinals.end(), [&](const auto& pair) { return pair.first == word; });
  return found == kOrdinals.end() ? word : found->second;
}

// 31 bits, so that entries are positive and ascend by hash.
std::int64_t hash_of(std::string_view key) {
  const std::uint64_t hash = hash64(key);
  return static_cast<std::int64_t>((hash ^ (hash >> 31)) & 0x7fffffffULL);
}

std::int64_t entry_of(std::string_view key, std::int64_t row) { return hash_of(key) << 32 | row; }

// add(row, entries) for each row, in blocks; then all entries, ascending.
template <class Add>
std::vector<std::int64_t> sorted_entries(std::int32_t rows, ThreadPool& pool, const Add& add) {
  constexpr std::size_t kBlock = 16384;
  const auto count = static_cast<std::size_t>(rows);
  std::vector<std::vector<std::int64_t>> blocks((count + kBlock - 1) / kBlock);
  pool.for_blocks(count, kBlock, [&](std::size_t begin, std::size_t end, int) {
    std::vector<std::int64_t>& entries = blocks[begin / kBlock];
    for (std::size_t row = begin; row < end; ++row) add(static_cast<std::int32_t>(row), entries);
    std::sort(entries.begin(), entries.end());
  });
  // Neighboring blocks are merged until one is left.
  while (blocks.size() > 1) {
    std::vector<std::vector<std::int64_t>> merged((blocks.size() + 1) / 2);
    pool.for_blocks(merged.size(), 1, [&](std::size_t i, std::size_t, int) {
      if (2 * i + 1 == blocks.size()) {
        merged[i] = std::move(blocks[2 * i]);
      } else {
        const auto &a = blocks[2 * i], &b = blocks[2 * i + 1];
        merged[i].resize(a.size() + b.size());
        std::merge(a.begin(), a.end(), b.begin(), b.end(), merged[i].begin());
      }
    });
    blocks = std::move(merged);
  }
  return blocks.empty() ? std::vector<std::int64_t>() : std::move(blocks.front());
}

std::span<const std::int64_t> stored(const MovieCatalog& catalog, const char* name, std::int32_t rows) {
  const SafetensorsFile& file = catalog.file();
  if (file.find(name) == nullptr) return {};
  const auto entries = file.view<std::int64_t>(name);
  // A sample: to read all of them would take longer than a search.
  const std::size_t step = std::max<std::size_t>(1, entries.size() / 64);
  for (std::size_t i = 0; i < entries.size(); i += step) {
    if (entries[i] < 0 || (entries[i] & 0xffffffff) >= rows || (i > 0 && entries[i - step] > entries[i]))
      throw bad_data("{}: {}: entry {} does not fit the catalog", catalog.path(), name, i);
  }
  return entries;
}

}  // namespace

std::string key_of_folded(std::string_view folded) {
  std::string key;
  for (const std::string_view word : name_words(folded)) {
    if (!key.empty()) key += ' ';
    key += ordinal(word);
  }
  return key;
}

std::string title_key(std::string_view title) {
  const std::string folded = fold_name(title);
  return folded.empty() ? std::string(title) : key_of_folded(folded);
}

std::vector<std::string> title_keys_of(const MovieCatalog& catalog, MovieId movie) {
  std::vector<std::string> keys;
  const auto add = [&](const std::string& key) {
    if (!key.empty()) add_once(keys, key);
  };
  const auto add_title = [&](std::string_view title) {
    const std::string folded = fold_name(title);
    if (folded.empty()) return add(std::string(title));
    add(key_of_folded(folded));
    if (const std::string letters = digits_as_letters(folded); !letters.empty()) add(key_of_folded(letters));
    for (const TitlePart& part : title_parts(title)) {
      if (part.identifies || part.leads) add(key_of_folded(part.folded));
    }
  };
  add_title(catalog.title(movie));
  if (catalog.original_title(movie) != catalog.title(movie)) add_title(catalog.original_title(movie));
  for (const std::string_view title : catalog.other_titles(movie)) add(title_key(title));
  return keys;
}

std::vector<std::int32_t> NameKeys::rows(std::string_view key) const {
  std::vector<std::int32_t> found;
  const std::int64_t first = entry_of(key, 0);
  for (auto it = std::lower_bound(entries_.begin(), entries_.end(), first);
       it != entries_.end() && *it >> 32 == first >> 32; ++it) {
    const auto row = static_cast<std::int32_t>(*it & 0x7fffffff);
    if (row < rows_) found.push_back(row);
  }
  return found;
}

std::vector<std::int64_t> movie_key_entries(const MovieCatalog& catalog, ThreadPool& pool) {
  return sorted_entries(catalog.size(), pool, [&](MovieId movie, std::vector<std::int64_t>& entries) {
    for (const std::string& key : title_keys_of(catalog, movie)) entries.push_back(entry_of(key, movie));
  });
}

std::vector<std::int64_t> person_key_entries(const MovieCatalog& catalog, ThreadPool& pool) {
  return sorted_entries(catalog.people_count(), pool, [&](PersonId person, std::vector<std::int64_t>& entries) {
    entries.push_back(entry_of(fold_name(catalog.person_name(person)), person));
  });
}

StoredKeys::StoredKeys(const MovieCatalog& catalog, ThreadPool& pool)
    : movies(movie_key_entries(catalog, pool)), people(person_key_entries(catalog, pool)) {}

void StoredKeys::declare(SafetensorsWriter& writer) const {
  writer.declare(kMovies, DType::kI64, {static_cast<std::int64_t>(movies.size())});
  writer.declare(kPeople, DType::kI64, {static_cast<std::int64_t>(people.size())});
}

void StoredKeys::write(SafetensorsWriter& writer) const {
  writer.write(kMovies, std::span<const std::int64_t>(movies));
  writer.write(kPeople, std::span<const std::int64_t>(people));
}

std::span<const std::int64_t> stored_movie_keys(const MovieCatalog& catalog) {
  return stored(catalog, kMovies, catalog.size());
}

std::span<const std::int64_t> stored_person_keys(const MovieCatalog& catalog) {
  return stored(catalog, kPeople, catalog.people_count());
}

}  // namespace matinee
