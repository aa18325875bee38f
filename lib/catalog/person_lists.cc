#include "lib/catalog/person_lists.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>

namespace matinee {
namespace {

enum Role : std::uint8_t { kCast, kDirector, kWriter, kNoRole };

struct Credit {
  std::int32_t movie, ordering;
  std::uint32_t person;
};

// Credits of each role, in the order of their table.
struct Credits {
  std::array<std::vector<Credit>, 3> of;
  std::int64_t without_title = 0;

  void append(const Credits& other) {
    for (std::size_t role = 0; role < of.size(); ++role)
      of[role].insert(of[role].end(), other.of[role].begin(), other.of[role].end());
    without_title += other.without_title;
  }
};

Role role_of(std::string_view category) {
  if (category == "actor" || category == "actress" || category == "self") return kCast;
  if (category == "director") return kDirector;
  return category == "writer" ? kWriter : kNoRole;
}

void read_crew(const std::string& path, const SelectedTitles& titles, JoinContext& context, Credits& credits) {
  TablePass pass(path, "title.crew", "tconst", context);
  const std::array<std::size_t, 2> columns{pass.column("directors"), pass.column("writers")};
  pass.run<Credits>(
      [&](const TableBlock& block, std::span<const std::uint32_t> ids, Credits& part) {
        std::vector<std::pair<std::size_t, std::int32_t>> rows;  // with their movies
        for (std::size_t row = 0; row < ids.size(); ++row) {
          if (ids[row] == kNoId) continue;
          const std::int32_t movie = titles.movie_of(ids[row]);
          if (movie >= 0) rows.emplace_back(row, movie);
          part.without_title += movie < 0 && !titles.all.contains(ids[row]) ? 1 : 0;
        }
        if (rows.empty()) return;
        std::vector<std::uint32_t> offsets, people;
        for (std::size_t i = 0; i < columns.size(); ++i) {
          block.id_lists(columns[i], offsets, people);
          for (const auto& [row, movie] : rows) {
            for (std::uint32_t at = offsets[row]; at < offsets[row + 1]; ++at)
              part.of[kDirector + i].push_back({movie, 0, people[at]});
          }
        }
      },
      [&](std::span<const std::uint32_t>, Credits& part) { credits.append(part); });
  context.report.crew_without_title = credits.without_title;
  credits.without_title = 0;
}

class PrincipalsReader {
 public:
  PrincipalsReader(const std::string& path, const SelectedTitles& titles, bool crew, JoinContext& context)
      : titles_(titles),
        crew_(crew),
        context_(context),
        pass_(path, "title.principals", "tconst", context),
        nconst_(pass_.column("nconst")),
        category_(pass_.column("category")),
        ordering_(pass_.column("ordering")) {}

  void read(Credits& credits) {
    pass_.run<Credits>(
        [&](const TableBlock& block, std::span<const std::uint32_t> ids, Credits& part) { read(block, ids, part); },
        [&](std::span<const std::uint32_t>, Credits& part) { credits.append(part); });
    context_.report.principals_without_title = credits.without_title;
  }

 private:
  void read(const TableBlock& block, std::span<const std::uint32_t> ids, Credits& part) const {
    struct Run {
      std::size_t begin, end;
      std::int32_t movie;  // -1: of a title that title.basics lacks
    };
    // Rows of a title follow each other, so that most rows need no lookup.
    std::vector<Run> runs;
    for (std::size_t row = 0; row < ids.size();) {
      const std::uint32_t id = ids[row];
      const std::size_t begin = row;
      while (row < ids.size() && ids[row] == id) ++row;
      if (id == kNoId) continue;
      const std::int32_t movie = titles_.movie_of(id);
      if (movie >= 0 || !titles_.all.contains(id)) runs.push_back({begin, row, movie});
    }
    if (runs.empty()) return;
    std::vector<std::string_view> names;
    std::vector<std::uint32_t> codes, people;
    std::vector<std::int32_t> orderings;
    block.categories(category_, names, codes);
    std::vector<Role> roles;
    for (const std::string_view name : names) roles.push_back(role_of(name));
    block.ids(nconst_, people);
    block.numbers(ordering_, orderings);
    for (const Run& run : runs) {
      for (std::size_t row = run.begin; row < run.end; ++row) {
        const Role role = roles[codes[row]];
        if (run.movie < 0) {
          part.without_title += role == kCast ? 1 : 0;
        } else if (role == kCast || (crew_ && role != kNoRole)) {
          part.of[role].push_back({run.movie, orderings[row], people[row]});
        }
      }
    }
  }

  const SelectedTitles& titles_;
  bool crew_;  // directors and writers, too
  JoinContext& context_;
  TablePass pass_;
  std::size_t nconst_, category_, ordering_;
};

// Removes later repeats of a person; returns the new end.
Credit* without_repeats(Credit* begin, Credit* end) {
  if (end - begin > 64) {
    std::unordered_set<std::uint32_t> seen;
    return std::remove_if(begin, end, [&](const Credit& credit) { return !seen.insert(credit.person).second; });
  }
  Credit* kept = begin;
  for (Credit* each = begin; each < end; ++each) {
    if (std::none_of(begin, kept, [&](const Credit& before) { return before.person == each->person; })) *kept++ = *each;
  }
  return kept;
}

// The credits of each movie by ordering, then in the order of the table; at most `limit` people.
PersonLists lists_of(std::vector<Credit>& credits, std::size_t movies, std::size_t limit, ThreadPool& pool) {
  std::vector<std::size_t> begins(movies + 1);
  for (const Credit& credit : credits) ++begins[static_cast<std::size_t>(credit.movie) + 1];
  for (std::size_t movie = 0; movie < movies; ++movie) begins[movie + 1] += begins[movie];
  std::vector<Credit> sorted(credits.size());
  std::vector<std::size_t> ends(begins.begin(), begins.end() - 1);
  for (const Credit& credit : credits) sorted[ends[static_cast<std::size_t>(credit.movie)]++] = credit;
  credits = {};
  pool.for_blocks(movies, 4096, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t movie = begin; movie < end; ++movie) {
      Credit* const first = sorted.data() + begins[movie];
      Credit* const last = sorted.data() + ends[movie];
      const auto earlier = [](const Credit& a, const Credit& b) { return a.ordering < b.ordering; };
      if (!std::is_sorted(first, last, earlier)) std::stable_sort(first, last, earlier);
      const auto kept = static_cast<std::size_t>(without_repeats(first, last) - first);
      ends[movie] = begins[movie] + std::min(kept, limit);
    }
  });
  PersonLists lists{{0}, {}};
  for (std::size_t movie = 0; movie < movies; ++movie) {
    for (std::size_t at = begins[movie]; at < ends[movie]; ++at) lists.people.push_back(sorted[at].person);
    lists.offsets.push_back(static_cast<std::int64_t>(lists.people.size()));
  }
  return lists;
}

}  // namespace

MoviePeople read_people(const CatalogTables& tables, const SelectedTitles& titles, JoinContext& context) {
  Credits credits;
  if (!tables.crew.empty()) read_crew(tables.crew, titles, context, credits);
  if (!tables.principals.empty())
    PrincipalsReader(tables.principals, titles, tables.crew.empty(), context).read(credits);
  const std::size_t movies = titles.ids.size(), all = std::numeric_limits<std::size_t>::max();
  MoviePeople people;
  people.cast = lists_of(credits.of[kCast], movies, static_cast<std::size_t>(context.options.cast_size), context.pool);
  people.directors = lists_of(credits.of[kDirector], movies, all, context.pool);
  people.writers = lists_of(credits.of[kWriter], movies, all, context.pool);
  return people;
}

}  // namespace matinee
