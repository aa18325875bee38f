// Joins IMDb's tables into the catalog. The titles to keep are chosen first; of the larger tables, only their rows are
// read further than the id.
#include "lib/catalog/catalog_builder.h"

#include <span>
#include <utility>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/named_people.h"
#include "lib/catalog/other_titles.h"
#include "lib/catalog/person_lists.h"
#include "lib/catalog/text_order.h"
#include "lib/catalog/title_selection.h"

namespace matinee {
namespace {

// What the catalog lacks because a table is not there.
std::vector<std::string> missing_tables(const CatalogTables& tables) {
  std::vector<std::string> notes;
  if (tables.ratings.empty()) notes.emplace_back("no title.ratings: votes and ratings are unknown, newer titles first");
  if (tables.names.empty()) {
    notes.emplace_back("no name.basics: casts, directors and writers are unknown");
    return notes;
  }
  if (tables.principals.empty()) notes.emplace_back("no title.principals: casts are unknown");
  if (tables.crew.empty()) {
    notes.emplace_back(tables.principals.empty() ? "no title.crew: directors and writers are unknown"
                                                 : "no title.crew: directors and writers come from title.principals");
  }
  return notes;
}

StringColumn view_of(const StringColumnBuilder& column) { return {column.offsets, column.bytes}; }

}  // namespace

struct CatalogBuilder::Impl {
  Impl(CatalogTables tables, const CatalogOptions& options, ThreadPool& pool) {
    JoinContext context{options, report, pool};
    report.notes = missing_tables(tables);
    titles = select_titles(tables, context);
    if (tables.names.empty()) tables.crew = tables.principals = "";
    const MoviePeople people = read_people(tables, titles, context);
    named = read_names(tables.names, people, context);
    cast = rows_of(people.cast, named, report.dangling_people);
    directors = rows_of(people.directors, named, report.dangling_people);
    writers = rows_of(people.writers, named, report.dangling_people);
    count_movies_without_people(!tables.principals.empty(), !tables.crew.empty() || !tables.principals.empty());
    others = read_other_titles(tables.akas, titles, context);
    certificates = read_certificates(tables.certificates, titles, context);
    tconst_order = order_of_texts(view_of(titles.tconst), {}, pool);
    title_order = order_of_texts(view_of(titles.title), titles.years, pool);
    nconst_order = order_of_texts(view_of(named.nconst), {}, pool);
    name_order = order_of_texts(view_of(named.name), named.births, pool);
  }

  // Where no table has any, that is said already.
  void count_movies_without_people(bool with_cast, bool with_crew) {
    for (std::size_t movie = 0; movie < titles.ids.size(); ++movie) {
      const auto empty = [&](const ListColumnBuilder& lists) {
        return lists.offsets[movie] == lists.offsets[movie + 1];
      };
      report.without_cast += with_cast && empty(cast) ? 1 : 0;
      report.without_crew += with_crew && empty(directors) && empty(writers) ? 1 : 0;
    }
  }

  // Calls use(name, column) for all tensors and string and list columns, in the order in which they are declared.
  template <class Use>
  void for_each_column(const Use& use) const {
    use("tconst", titles.tconst);
    use("primaryTitle", titles.title);
    use("originalTitle", titles.original);
    use("otherTitles", others.texts);
    use("otherTitles.rows", others.rows);
    use("certificate", certificates);
    use("genre_names", titles.genre_names);
    use("nconst", named.nconst);
    use("primaryName", named.name);
    use("genres", titles.genres);
    use("cast", cast);
    use("directors", directors);
    use("writers", writers);
    use("startYear", titles.years);
    use("runtimeMinutes", titles.runtimes);
    use("numVotes", titles.votes);
    use("averageRating", titles.ratings);
    use("birthYear", named.births);
    use("tconst.order", tconst_order);
    use("primaryTitle.order", title_order);
    use("nconst.order", nconst_order);
    use("primaryName.order", name_order);
  }

  CatalogReport report;
  SelectedTitles titles;
  NamedPeople named;
  ListColumnBuilder cast, directors, writers;
  OtherTitles others;
  StringColumnBuilder certificates;
  std::vector<std::int32_t> tconst_order, title_order, nconst_order, name_order;
};

CatalogBuilder::CatalogBuilder(const CatalogTables& tables, const CatalogOptions& options, ThreadPool& pool)
    : impl_(std::make_unique<Impl>(tables, options, pool)) {}
CatalogBuilder::~CatalogBuilder() = default;

const CatalogReport& CatalogBuilder::report() const { return impl_->report; }
std::int32_t CatalogBuilder::size() const { return static_cast<std::int32_t>(impl_->titles.ids.size()); }

namespace {

template <class T>
void declare_column(SafetensorsWriter& writer, const char* name, const std::vector<T>& values) {
  writer.declare(name, DTypeOf<T>::value, {static_cast<std::int64_t>(values.size())});
}
template <class Column>
void declare_column(SafetensorsWriter& writer, const char* name, const Column& column) {
  column.declare(writer, name);
}

template <class T>
void write_column(SafetensorsWriter& writer, const char* name, const std::vector<T>& values) {
  writer.write(name, std::span<const T>(values));
}
template <class Column>
void write_column(SafetensorsWriter& writer, const char* name, const Column& column) {
  column.write(writer, name);
}

}  // namespace

void CatalogBuilder::declare(SafetensorsWriter& writer) const {
  impl_->for_each_column([&](const char* name, const auto& column) { declare_column(writer, name, column); });
}

void CatalogBuilder::write(SafetensorsWriter& writer) const {
  impl_->for_each_column([&](const char* name, const auto& column) { write_column(writer, name, column); });
}

void CatalogBuilder::save(const std::string& path) const {
  SafetensorsWriter writer(path, kCatalogKind);
  declare(writer);
  write(writer);
  writer.commit();
}

}  // namespace matinee
