// Joins IMDb's tables into the catalog. All title rows are held in memory (the whole of IMDb has 12 million).
// Principals and names, the large tables, are read once, and only rows of kept movies stay.
#include "lib/catalog/catalog_builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "lib/base/format_error.h"
#include "lib/base/parallel.h"
#include "lib/base/temporary_file.h"
#include "lib/catalog/list_column.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/table/imdb_table.h"
#include "lib/table/tsv_reader.h"

namespace matinee {
namespace {

std::int32_t known(std::int32_t value) { return value == kMissingValue ? kUnknown : value; }

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  if (text == "\\N" || text.empty()) return parts;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = text.find(',', begin);
    if (comma != begin && begin < text.size()) parts.push_back(text.substr(begin, comma - begin));
    if (comma == std::string_view::npos) return parts;
    begin = comma + 1;
  }
}

struct Movie {
  std::string tconst, title, original;
  std::int32_t year = kUnknown, runtime = kUnknown, votes = kUnknown, rating = kUnknown;
  std::vector<std::string> genres;
  std::vector<std::string> directors, writers;
  std::vector<std::pair<std::int32_t, std::string>> cast;  // ordering, nconst
  std::vector<std::string> other_titles;
  std::string certificate;
};

// Archives unpack "title.basics.tsv" as a folder with the table in it.
std::string only_file_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path().string());
  if (files.size() != 1)
    throw bad_data("{}: expected a table or a folder with one in it, found a folder with {} files", folder,
                   files.size());
  return files.front();
}

bool is_null(std::string_view text) { return text.empty() || text == "\\N"; }

}  // namespace

CatalogTables CatalogTables::in_folder(const std::string& folder) {
  const auto find = [&](const std::string& table, bool necessary = true) {
    for (const char* ending : {".bin", ".tsv", ".tsv.gz"}) {
      std::string path = fmt::format("{}/{}{}", folder, table, ending);
      if (std::filesystem::is_directory(path)) return only_file_in(path);
      if (file_exists(path)) return path;
    }
    if (!necessary) return std::string();
    throw missing("{}: expected {}.bin, {}.tsv or {}.tsv.gz in this folder, found none", folder, table, table, table);
  };
  return {find("title.basics"),
          find("title.ratings"),
          find("title.crew"),
          find("title.principals"),
          find("name.basics"),
          find("title.akas", false),
          find("title.certificates", false)};
}

std::string CatalogReport::describe() const {
  std::string text = fmt::format("{} titles read, {} of the type, {} kept", titles_read, titles_of_type, kept);
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) text += fmt::format("; {} {}", count, what);
  };
  add(adult, "adult titles left out");
  add(without_title, "left out because they have no title");
  add(twice, "rows left out because their title is there before");
  add(without_rating, "without rating");
  add(without_crew, "without director or writer");
  add(without_cast, "without cast");
  add(dangling_people, "references to people that name.basics lacks");
  add(people_without_name, "people without a name left out");
  add(ratings_without_title, "ratings without a title");
  add(crew_without_title, "crew rows without a title");
  add(principals_without_title, "principals without a title");
  add(bad_rows, "bad rows skipped");
  if (bad_rows > 0) text += ", the first: " + first_bad;
  return text;
}

struct CatalogBuilder::Impl {
  Impl(const CatalogTables& tables, const CatalogOptions& options, ThreadPool& threads)
      : pool(threads), keep_going(options.keep_going) {
    read_titles(tables, options);
    read_crew(tables.crew);
    read_principals(tables.principals, options.cast_size);
    read_names(tables.names);
    if (!tables.akas.empty()) read_other_titles(tables.akas);
    if (!tables.certificates.empty()) read_certificates(tables.certificates);
    arrange();
  }

  // Maps a table file; a TSV is converted into a temporary table first.
  std::unique_ptr<ImdbTable> open_table(const std::string& path, const char* expected) {
    std::unique_ptr<ImdbTable> table;
    if (path.ends_with(".bin")) {
      table = std::make_unique<ImdbTable>(path);
    } else {
      const TemporaryFile file;
      const TsvReadReport read =
          tsv_to_table(path, file.path(), {.keep_going = keep_going}, pool, [](std::uint64_t) {});
      if (report.bad_rows == 0) report.first_bad = read.first_skipped;
      report.bad_rows += read.skipped;
      table = std::make_unique<ImdbTable>(file.path());  // the mapping keeps the contents
    }
    if (table->name() != expected) throw bad_data("{}: expected the table {}, found {}", path, expected, table->name());
    return table;
  }

  void read_titles(const CatalogTables& tables, const CatalogOptions& options) {
    const auto ratings = open_table(tables.ratings, "title.ratings");
    const auto basics = open_table(tables.basics, "title.basics");
    std::unordered_map<std::string_view, std::size_t> rating_row;
    const StringColumn rated = ratings->text("tconst");
    const auto votes = ratings->integers("numVotes"), average = ratings->integers("averageRating");
    for (std::size_t row = 0; row < rated.size(); ++row) rating_row.emplace(rated[row], row);

    const StringColumn tconst = basics->text("tconst"), type = basics->text("titleType");
    const StringColumn primary = basics->text("primaryTitle"), original = basics->text("originalTitle"),
                       genres = basics->text("genres");
    const auto year = basics->integers("startYear"), is_adult = basics->integers("isAdult");
    struct Candidate {
      std::int32_t votes;
      std::int32_t year;
      std::size_t row;
    };
    std::vector<Candidate> candidates;
    std::unordered_set<std::string_view> titles;
    for (std::size_t row = 0; row < tconst.size(); ++row) {
      if (!titles.insert(tconst[row]).second) {
        ++report.twice;
        continue;
      }
      all_titles.emplace(tconst[row]);
      if (std::find(options.types.begin(), options.types.end(), type[row]) == options.types.end()) continue;
      ++report.titles_of_type;
      const bool left_out = is_adult[row] == 1 && !options.adult, nameless = is_null(primary[row]);
      report.adult += left_out;
      report.without_title += nameless && !left_out;
      if (left_out || nameless) continue;
      const auto rating = rating_row.find(tconst[row]);
      candidates.push_back(
          {rating == rating_row.end() ? kUnknown : known(votes[rating->second]), known(year[row]), row});
    }
    report.titles_read = static_cast<std::int64_t>(tconst.size());
    for (const auto& [name, row] : rating_row) report.ratings_without_title += titles.contains(name) ? 0 : 1;
    if (report.titles_of_type == 0)
      throw bad_data("{}: no title of the type \"{}\"; --type chooses another", tables.basics,
                     fmt::join(options.types, "\" or \""));
    // Most votes first, then the later film, then the order of the table, so that the order is total.
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(-a.votes, -a.year, a.row) < std::tuple(-b.votes, -b.year, b.row);
    });
    candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(options.top)));

    const auto runtime = basics->integers("runtimeMinutes");
    for (const Candidate& candidate : candidates) {
      Movie movie;
      movie.tconst = tconst[candidate.row];
      movie.title = primary[candidate.row];
      movie.original = is_null(original[candidate.row]) ? primary[candidate.row] : original[candidate.row];
      movie.year = candidate.year;
      movie.runtime = known(runtime[candidate.row]);
      movie.votes = candidate.votes;
      const auto rating = rating_row.find(tconst[candidate.row]);
      if (rating != rating_row.end()) movie.rating = known(average[rating->second]);
      report.without_rating += rating == rating_row.end() ? 1 : 0;
      for (const std::string_view genre : split_list(genres[candidate.row])) movie.genres.emplace_back(genre);
      movies.push_back(std::move(movie));
    }
    for (std::size_t i = 0; i < movies.size(); ++i) row_of.emplace(movies[i].tconst, i);
    report.kept = static_cast<std::int64_t>(movies.size());
  }

  void read_crew(const std::string& path) {
    const auto crew = open_table(path, "title.crew");
    const StringColumn tconst = crew->text("tconst"), directors = crew->text("directors"),
                       writers = crew->text("writers");
    for (std::size_t row = 0; row < tconst.size(); ++row) {
      const auto movie = row_of.find(std::string(tconst[row]));
      if (movie == row_of.end()) {
        report.crew_without_title += all_titles.contains(std::string(tconst[row])) ? 0 : 1;
        continue;
      }
      for (const std::string_view nconst : split_list(directors[row]))
        movies[movie->second].directors.emplace_back(nconst);
      for (const std::string_view nconst : split_list(writers[row])) movies[movie->second].writers.emplace_back(nconst);
    }
  }

  void read_principals(const std::string& path, std::int64_t cast_size) {
    const auto principals = open_table(path, "title.principals");
    const StringColumn tconst = principals->text("tconst"), nconst = principals->text("nconst"),
                       category = principals->text("category");
    const auto ordering = principals->integers("ordering");
    for (std::size_t row = 0; row < tconst.size(); ++row) {
      if (category[row] != "actor" && category[row] != "actress" && category[row] != "self") continue;
      const auto movie = row_of.find(std::string(tconst[row]));
      if (movie != row_of.end()) {
        movies[movie->second].cast.emplace_back(ordering[row], nconst[row]);
      } else if (!all_titles.contains(std::string(tconst[row]))) {
        ++report.principals_without_title;
      }
    }
    all_titles.clear();
    for (Movie& movie : movies) {
      std::stable_sort(movie.cast.begin(), movie.cast.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::set<std::string> seen;
      std::erase_if(movie.cast, [&](const auto& entry) { return !seen.insert(entry.second).second; });
      if (movie.cast.size() > static_cast<std::size_t>(cast_size))
        movie.cast.resize(static_cast<std::size_t>(cast_size));
    }
  }

  void read_names(const std::string& path) {
    std::unordered_set<std::string> wanted;
    for (const Movie& movie : movies) {
      wanted.insert(movie.directors.begin(), movie.directors.end());
      wanted.insert(movie.writers.begin(), movie.writers.end());
      for (const auto& [order, person] : movie.cast) wanted.insert(person);
    }
    const auto names = open_table(path, "name.basics");
    const StringColumn nconst_column = names->text("nconst"), name = names->text("primaryName");
    const auto birth = names->integers("birthYear");
    for (std::size_t row = 0; row < nconst_column.size(); ++row) {
      const std::string nconst(nconst_column[row]);
      if (!wanted.contains(nconst)) continue;
      if (is_null(name[row])) {
        ++report.people_without_name;
        continue;
      }
      if (!person_of.emplace(nconst, static_cast<std::int32_t>(person_of.size())).second) continue;
      nconsts.add(nconst);
      person_names.add(name[row]);
      births.push_back(known(birth[row]));
    }
  }

  void read_other_titles(const std::string& path) {
    const auto akas = open_table(path, "title.akas");
    const StringColumn tconst = akas->text("titleId"), title = akas->text("title");
    for (std::size_t row = 0; row < tconst.size(); ++row) {
      const auto found = row_of.find(std::string(tconst[row]));
      if (found == row_of.end() || is_null(title[row])) continue;
      Movie& movie = movies[found->second];
      const bool known =
          title[row] == movie.title || title[row] == movie.original ||
          std::find(movie.other_titles.begin(), movie.other_titles.end(), title[row]) != movie.other_titles.end();
      if (!known) movie.other_titles.emplace_back(title[row]);
    }
  }

  void read_certificates(const std::string& path) {
    const auto table = open_table(path, "title.certificates");
    const StringColumn tconst = table->text("tconst"), certificate = table->text("certificate");
    for (std::size_t row = 0; row < tconst.size(); ++row) {
      const auto found = row_of.find(std::string(tconst[row]));
      if (found != row_of.end() && !is_null(certificate[row])) movies[found->second].certificate = certificate[row];
    }
  }

  std::vector<std::int32_t> people(const std::vector<std::string>& list) {
    std::vector<std::int32_t> ids;
    for (const std::string& nconst : list) {
      const auto found = person_of.find(nconst);
      if (found == person_of.end()) {
        ++report.dangling_people;
      } else if (std::find(ids.begin(), ids.end(), found->second) == ids.end()) {
        ids.push_back(found->second);
      }
    }
    return ids;
  }

  void arrange() {
    std::set<std::string> genre_set;
    for (const Movie& movie : movies) genre_set.insert(movie.genres.begin(), movie.genres.end());
    if (genre_set.size() > 32) throw bad_data("title.basics: expected at most 32 genres, found {}", genre_set.size());
    const std::vector<std::string> genre_list(genre_set.begin(), genre_set.end());
    for (const std::string& genre : genre_list) genre_names.add(genre);
    for (const Movie& movie : movies) {
      tconsts.add(movie.tconst);
      title_column.add(movie.title);
      originals.add(movie.original);
      for (const std::string& title : movie.other_titles) other_titles.add(title);
      other_title_rows.push_back(static_cast<std::int64_t>(other_titles.offsets.size()) - 1);
      certificates.add(movie.certificate);
      years.push_back(movie.year);
      runtimes.push_back(movie.runtime);
      vote_column.push_back(movie.votes);
      rating_column.push_back(movie.rating);
      std::vector<std::int32_t> ids;
      for (const std::string& genre : movie.genres) {
        ids.push_back(static_cast<std::int32_t>(std::lower_bound(genre_list.begin(), genre_list.end(), genre) -
                                                genre_list.begin()));
      }
      genre_column.add(ids);
      std::vector<std::string> players;
      for (const auto& [order, nconst] : movie.cast) players.push_back(nconst);
      const auto cast_ids = people(players), director_ids = people(movie.directors), writer_ids = people(movie.writers);
      cast.add(cast_ids);
      director_column.add(director_ids);
      writer_column.add(writer_ids);
      report.without_cast += cast_ids.empty() ? 1 : 0;
      report.without_crew += director_ids.empty() && writer_ids.empty() ? 1 : 0;
    }
  }

  ThreadPool& pool;
  bool keep_going;
  CatalogReport report;
  std::vector<Movie> movies;
  std::unordered_map<std::string, std::size_t> row_of;
  std::unordered_set<std::string> all_titles;
  std::unordered_map<std::string, std::int32_t> person_of;
  StringColumnBuilder tconsts, title_column, originals, other_titles, certificates, genre_names, nconsts, person_names;
  std::vector<std::int64_t> other_title_rows{0};
  ListColumnBuilder genre_column, cast, director_column, writer_column;
  std::vector<std::int32_t> years, runtimes, vote_column, rating_column, births;
};

CatalogBuilder::CatalogBuilder(const CatalogTables& tables, const CatalogOptions& options, ThreadPool& pool)
    : impl_(std::make_unique<Impl>(tables, options, pool)) {}
CatalogBuilder::~CatalogBuilder() = default;

const CatalogReport& CatalogBuilder::report() const { return impl_->report; }
std::int32_t CatalogBuilder::size() const { return static_cast<std::int32_t>(impl_->movies.size()); }

void CatalogBuilder::declare(SafetensorsWriter& writer) const {
  const Impl& c = *impl_;
  const std::int64_t rows = size(), people = static_cast<std::int64_t>(c.births.size());
  c.tconsts.declare(writer, "tconst");
  c.title_column.declare(writer, "primaryTitle");
  c.originals.declare(writer, "originalTitle");
  c.other_titles.declare(writer, "otherTitles");
  writer.declare("otherTitles.rows", DType::kI64, {rows + 1});
  c.certificates.declare(writer, "certificate");
  c.genre_names.declare(writer, "genre_names");
  c.nconsts.declare(writer, "nconst");
  c.person_names.declare(writer, "primaryName");
  c.genre_column.declare(writer, "genres");
  c.cast.declare(writer, "cast");
  c.director_column.declare(writer, "directors");
  c.writer_column.declare(writer, "writers");
  for (const char* name : {"startYear", "runtimeMinutes", "numVotes", "averageRating"})
    writer.declare(name, DType::kI32, {rows});
  writer.declare("birthYear", DType::kI32, {people});
}

void CatalogBuilder::write(SafetensorsWriter& writer) const {
  const Impl& c = *impl_;
  c.tconsts.write(writer, "tconst");
  c.title_column.write(writer, "primaryTitle");
  c.originals.write(writer, "originalTitle");
  c.other_titles.write(writer, "otherTitles");
  writer.write("otherTitles.rows", std::span<const std::int64_t>(c.other_title_rows));
  c.certificates.write(writer, "certificate");
  c.genre_names.write(writer, "genre_names");
  c.nconsts.write(writer, "nconst");
  c.person_names.write(writer, "primaryName");
  c.genre_column.write(writer, "genres");
  c.cast.write(writer, "cast");
  c.director_column.write(writer, "directors");
  c.writer_column.write(writer, "writers");
  writer.write("startYear", std::span<const std::int32_t>(c.years));
  writer.write("runtimeMinutes", std::span<const std::int32_t>(c.runtimes));
  writer.write("numVotes", std::span<const std::int32_t>(c.vote_column));
  writer.write("averageRating", std::span<const std::int32_t>(c.rating_column));
  writer.write("birthYear", std::span<const std::int32_t>(c.births));
}

void CatalogBuilder::save(const std::string& path) const {
  SafetensorsWriter writer(path, kCatalogKind);
  declare(writer);
  write(writer);
  writer.commit();
}

}  // namespace matinee
