#include "lib/catalog/named_people.h"

#include <utility>

#include "lib/base/parallel_sort.h"
#include "lib/catalog/movie_catalog.h"

namespace matinee {
namespace {

struct Person {
  std::uint32_t id;
  std::int32_t birth;
  std::size_t begin, name, end;  // of nconst and name among the texts
};

struct People {
  std::vector<Person> people;
  std::string texts;
  std::int64_t nameless = 0;

  void add(std::uint32_t id, std::int32_t birth, std::string_view nconst, std::string_view name) {
    const std::size_t begin = texts.size();
    texts.append(nconst).append(name);
    people.push_back({id, birth, begin, begin + nconst.size(), texts.size()});
  }
  std::string_view nconst(const Person& person) const {
    return std::string_view(texts).substr(person.begin, person.name - person.begin);
  }
  std::string_view name(const Person& person) const {
    return std::string_view(texts).substr(person.name, person.end - person.name);
  }
};

}  // namespace

NamedPeople read_names(const std::string& path, const MoviePeople& people, JoinContext& context) {
  NamedPeople named;
  if (path.empty()) return named;
  IdSet wanted;
  for (const PersonLists* lists : {&people.cast, &people.directors, &people.writers}) {
    for (const std::uint32_t id : lists->people) {
      if (id != kNoId) wanted.insert(id);
    }
  }
  TablePass pass(path, "name.basics", "nconst", context);
  const std::size_t nconst = pass.column("nconst"), name = pass.column("primaryName"), birth = pass.column("birthYear");
  People found;
  pass.run<People>(
      [&](const TableBlock& block, std::span<const std::uint32_t> ids, People& part) {
        std::vector<std::size_t> rows;
        for (std::size_t row = 0; row < ids.size(); ++row) {
          if (ids[row] != kNoId && wanted.contains(ids[row])) rows.push_back(row);
        }
        if (rows.empty()) return;
        std::vector<std::string_view> nconsts, names;
        std::vector<std::int32_t> births;
        block.texts(nconst, nconsts);
        block.texts(name, names);
        block.numbers(birth, births);
        for (const std::size_t row : rows) {
          if (is_null(names[row])) {
            ++part.nameless;
          } else {
            part.add(ids[row], births[row] == kMissingValue ? kUnknown : births[row], nconsts[row], names[row]);
          }
        }
      },
      [&](std::span<const std::uint32_t>, People& part) {
        context.report.people_without_name += part.nameless;
        for (const Person& person : part.people) {
          if (named.ids.insert(person.id)) {
            found.add(person.id, person.birth, part.nconst(person), part.name(person));
          } else {
            ++context.report.people_twice;
          }
        }
      });
  named.ids.seal();
  parallel_sort(context.pool, found.people,
                [](const Person& a, const Person& b) { return text_order_key(a.id) < text_order_key(b.id); });
  named.row_of_rank.resize(found.people.size());
  for (const Person& person : found.people) {
    named.row_of_rank[static_cast<std::size_t>(named.ids.rank(person.id))] =
        static_cast<std::int32_t>(named.births.size());
    named.nconst.add(found.nconst(person));
    named.name.add(found.name(person));
    named.births.push_back(person.birth);
  }
  return named;
}

ListColumnBuilder rows_of(const PersonLists& lists, const NamedPeople& named, std::int64_t& dangling) {
  ListColumnBuilder rows;
  rows.values.reserve(lists.people.size());
  for (std::size_t movie = 0; movie + 1 < lists.offsets.size(); ++movie) {
    for (const std::uint32_t id : lists[movie]) {
      const std::int32_t row = named.row_of(id);
      if (row >= 0) {
        rows.values.push_back(row);
      } else {
        ++dangling;
      }
    }
    rows.offsets.push_back(static_cast<std::int64_t>(rows.values.size()));
  }
  return rows;
}

}  // namespace matinee
