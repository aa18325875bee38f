#include "lib/chat/viewing_import.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"
#include "lib/chat/one_line.h"
#include "lib/io/csv_reader.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

constexpr double kLikedFrom = 7, kDislikedUpTo = 4;  // of 10
constexpr std::size_t kNamed = 5;                    // unmatched titles in the report

// A row of either service.
struct Viewing {
  std::string tconst;  // IMDb only
  std::vector<std::string> titles;
  std::int32_t year = kUnknown;
  std::optional<double> rating;  // of 10
  std::string date;
  bool is_movie = true;
};

std::optional<double> number_in(std::string_view text, double low, double high) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) return {};
  return value;
}

// The text if it is a date, YYYY-MM-DD; else "".
std::string date_in(std::string_view text) {
  const auto fits = [](char c, std::size_t at) { return at == 4 || at == 7 ? c == '-' : c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!fits(text[i], i)) return "";
  }
  return text.size() == 10 ? std::string(text) : "";
}

enum class Source { kLetterboxd, kLetterboxdLikes, kImdb };

Source source_of(const std::string& path, const CsvHeader& header) {
  if (header.has("Const") && header.has("Title")) return Source::kImdb;
  if (!header.has("Name") || !header.has("Year")) {
    throw bad_data(
        "{}:1: expected the columns of an export of Letterboxd (Date,Name,Year,Letterboxd URI,Rating) or IMDb "
        "(Const,Your Rating,Date Rated,Title,...), found {}",
        path, one_line(fmt::to_string(fmt::join(header.names(), ","))).substr(0, 200));
  }
  const std::string lower = to_lower(path);
  const std::string file = lower.substr(lower.rfind('/') + 1);
  if (file.find("watchlist") != std::string::npos) {
    throw bad_data(
        "{}: a watchlist of Letterboxd holds movies that are not seen yet; import watched.csv, ratings.csv, "
        "diary.csv or likes/films.csv",
        path);
  }
  const bool likes = ("/" + lower).ends_with("/likes/" + file) || file.find("like") != std::string::npos;
  return likes ? Source::kLetterboxdLikes : Source::kLetterboxd;
}

Viewing viewing_in(const std::vector<std::string>& record, const CsvHeader& header, Source source) {
  const auto field = [&](const char* name) { return header.field(record, name); };
  if (record.size() != header.names().size()) {
    throw bad_data("expected {} fields, found {}", header.names().size(), record.size());
  }
  Viewing viewing;
  const auto read_rating = [&](const char* column, double low, double scale) {
    if (field(column).empty()) return;
    viewing.rating = number_in(field(column), low, 10 / scale);
    if (!viewing.rating) {
      throw bad_data("{}: expected a number from {} to {}, found \"{}\"", column, low, 10 / scale, field(column));
    }
    *viewing.rating *= scale;
  };
  if (const auto year = number_in(field("Year"), 1800, 2200)) viewing.year = static_cast<std::int32_t>(*year);
  if (source == Source::kImdb) {
    viewing.tconst = field("Const");
    viewing.titles = {std::string(field("Title")), std::string(field("Original Title"))};
    const std::string type = to_lower(field("Title Type"));
    viewing.is_movie = type.find("series") == std::string::npos && type.find("episode") == std::string::npos &&
                       type.find("game") == std::string::npos && type.find("podcast") == std::string::npos;
    viewing.date = date_in(field("Date Rated"));
    read_rating("Your Rating", 1, 1);
  } else {
    viewing.titles = {std::string(field("Name"))};
    viewing.date = date_in(header.has("Watched Date") ? field("Watched Date") : field("Date"));
    read_rating("Rating", 0.5, 2);
  }
  if (viewing.titles.front().empty()) throw bad_data("expected a title, found none");
  return viewing;
}

// `foreign_ids`: no tconst of the file is in the catalog, so it may have ids of its own.
std::optional<MovieId> movie_of(const Viewing& viewing, bool foreign_ids, const MovieCatalog& catalog,
                                const TitleIndex& titles) {
  const bool of_imdb = !viewing.tconst.empty();
  if (of_imdb && !foreign_ids) return catalog.find_tconst(viewing.tconst);
  if (of_imdb && (!viewing.is_movie || viewing.year == kUnknown)) return {};
  for (const std::string& title : viewing.titles) {
    const TitleLookup found = titles.find(title, viewing.year);
    if (found.match != TitleMatch::kExact && found.match != TitleMatch::kFolded) continue;
    // Several movies of that title and year cannot be told apart. IMDb's own year must agree.
    if (found.movies.size() != 1 || (of_imdb && catalog.year(found.movies.front()) != viewing.year)) continue;
    return found.movies.front();
  }
  return {};
}

Verdict verdict_of(const Viewing& viewing, Source source) {
  if (source == Source::kLetterboxdLikes) return Verdict::kLiked;
  if (!viewing.rating) return Verdict::kSeen;
  return *viewing.rating >= kLikedFrom      ? Verdict::kLiked
         : *viewing.rating <= kDislikedUpTo ? Verdict::kDisliked
                                            : Verdict::kSeen;
}

bool changes(const ViewingEntry* known, const ViewingEntry& entry) {
  if (known == nullptr) return true;
  if (known->verdict == entry.verdict || known->date > entry.date) return false;
  return entry.verdict != Verdict::kSeen || known->verdict == Verdict::kNone;
}

// The rows of an export that tell of a movie that was seen; counts the others in `report`.
std::vector<Viewing> read_viewings(CsvReader& reader, const CsvHeader& header, Source source, ImportReport& report,
                                   const std::function<void(std::string_view)>& note) {
  std::vector<Viewing> viewings;
  std::vector<std::string> record;
  while (reader.next(record)) {
    ++report.rows;
    try {
      Viewing viewing = viewing_in(record, header, source);
      if (source == Source::kImdb && !viewing.rating) {
        ++report.unrated;
      } else {
        viewings.push_back(std::move(viewing));
      }
    } catch (const Error& error) {
      ++report.damaged;
      note(one_line(fmt::format("{}: {}; this row is left out", reader.place(), error.what())));
    }
  }
  return viewings;
}

}  // namespace

ImportReport import_viewings(const std::string& path, const MovieCatalog& catalog, const TitleIndex& titles,
                             ViewingHistory& history, const std::function<void(std::string_view)>& note) {
  const std::string text = read_text(path);
  CsvReader reader(text, path);
  std::vector<std::string> record;
  reader.next(record);
  const CsvHeader header(record);
  const Source source = source_of(path, header);
  ImportReport report;
  report.service = source == Source::kImdb ? "IMDb" : "Letterboxd";
  std::vector<ViewingEntry> entries;
  std::unordered_map<MovieId, std::size_t> places;  // of movies in entries
  const std::vector<Viewing> viewings = read_viewings(reader, header, source, report, note);
  const bool foreign_ids = std::none_of(viewings.begin(), viewings.end(), [&](const Viewing& viewing) {
    return catalog.find_tconst(viewing.tconst).has_value();
  });
  for (const Viewing& viewing : viewings) {
    const auto movie = movie_of(viewing, foreign_ids, catalog, titles);
    if (!movie) {
      ++report.unmatched;
      const std::string year = viewing.year == kUnknown ? "" : fmt::format(" ({})", viewing.year);
      if (report.missing.size() < kNamed) report.missing.push_back(one_line(viewing.titles.front()) + year);
      continue;
    }
    ++report.matched;
    ViewingEntry entry{std::string(catalog.tconst(*movie)), std::string(catalog.title(*movie)), catalog.year(*movie),
                       verdict_of(viewing, source), viewing.date.empty() ? today() : viewing.date};
    const auto place = places.find(*movie);
    const ViewingEntry* known = place == places.end() ? history.find(entry.tconst) : &entries[place->second];
    if (!changes(known, entry)) continue;
    if (place == places.end()) {
      places[*movie] = entries.size();
      entries.push_back(std::move(entry));
    } else {
      entries[place->second] = std::move(entry);
    }
  }
  history.add(entries);
  report.written = static_cast<std::int64_t>(entries.size());
  return report;
}

std::string report_text(const ImportReport& report, const std::string& path, const std::string& history_path) {
  std::string text = fmt::format("{}: {} {} of {}; {} matched, {} not in the catalog", path, report.rows,
                                 report.rows == 1 ? "row" : "rows", report.service, report.matched, report.unmatched);
  if (report.unrated > 0) text += fmt::format(", {} without a rating", report.unrated);
  if (report.damaged > 0) text += fmt::format(", {} damaged", report.damaged);
  text += '\n';
  if (!report.missing.empty()) {
    text += fmt::format("  not in the catalog: {}", fmt::join(report.missing, ", "));
    const auto more = report.unmatched - static_cast<std::int64_t>(report.missing.size());
    text += more > 0 ? fmt::format(" and {} more\n", more) : "\n";
  }
  return text + fmt::format("  {}: {} {} new or changed\n", history_path, report.written,
                            report.written == 1 ? "movie" : "movies");
}

void MemoryOptions::add(OptionSet& options) {
  options.group("Memory");
  options.text("memory", &memory, "FILE", "remember in this file what you have seen, liked and disliked");
  options.offer_suffixes({".jsonl"});
  options.list("import", &imports, "FILES",
               "add CSV exports of Letterboxd or IMDb to the memory, print a report and end");
  options.offer_suffixes({".csv"});
}

void MemoryOptions::check() const {
  if (!imports.empty() && memory.empty()) throw usage_error("--import adds to a memory; give --memory FILE, too");
}

void import_files(const MemoryOptions& options, const std::string& movies,
                  const std::function<void(std::string_view)>& note,
                  const std::function<void(std::string_view)>& write) {
  const MovieCatalog catalog(movies);
  const TitleIndex titles(catalog);
  ViewingHistory history(options.memory, catalog, note);
  for (const std::string& path : options.imports) {
    write(report_text(import_viewings(path, catalog, titles, history, note), path, options.memory));
  }
}

}  // namespace matinee
