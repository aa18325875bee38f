#include "lib/catalog/title_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "lib/base/format_error.h"
#include "lib/base/parallel_sort.h"
#include "lib/base/words.h"
#include "lib/catalog/movie_catalog.h"

namespace matinee {
namespace {

constexpr std::size_t kGenreLimit = 32;  // a set of genres is a word of 32 bits

std::int32_t known(std::int32_t value) { return value == kMissingValue ? kUnknown : value; }

// The first rating of each title.
struct Ratings {
  IdSet rated;
  std::vector<std::int32_t> votes, tenths;  // by rank of the title in `rated`
};

Ratings read_ratings(const std::string& path, JoinContext& context) {
  struct Rating {
    std::uint32_t id;
    std::int32_t votes, tenths;
  };
  struct Part {
    std::vector<std::int32_t> votes, tenths;
  };
  Ratings ratings;
  std::vector<Rating> rows;
  TablePass pass(path, "title.ratings", "tconst", context);
  const std::size_t votes = pass.column("numVotes"), average = pass.column("averageRating");
  pass.run<Part>(
      [&](const TableBlock& block, std::span<const std::uint32_t>, Part& part) {
        block.numbers(votes, part.votes);
        block.numbers(average, part.tenths);
      },
      [&](std::span<const std::uint32_t> ids, Part& part) {
        for (std::size_t row = 0; row < ids.size(); ++row) {
          if (ids[row] == kNoId) continue;
          if (ratings.rated.insert(ids[row])) {
            rows.push_back({ids[row], known(part.votes[row]), known(part.tenths[row])});
          } else {
            ++context.report.ratings_twice;
          }
        }
      });
  ratings.rated.seal();
  ratings.votes.resize(rows.size());
  ratings.tenths.resize(rows.size());
  for (const Rating& row : rows) {
    const auto rank = static_cast<std::size_t>(ratings.rated.rank(row.id));
    ratings.votes[rank] = row.votes;
    ratings.tenths[rank] = row.tenths;
  }
  return ratings;
}

// A title that may be kept. Its texts are bytes of a pool: tconst, title, original title and genres, between tabs.
struct Candidate {
  std::int32_t votes, year;
  std::uint32_t id;
  std::int32_t runtime, tenths;
  std::uint32_t length;  // of the texts
  std::uint64_t begin;   // of the texts
};

// Most votes first, then the later title, then the lower tconst: a total order.
bool better(const Candidate& a, const Candidate& b) {
  if (a.votes != b.votes) return a.votes > b.votes;
  return a.year != b.year ? a.year > b.year : text_order_key(a.id) < text_order_key(b.id);
}

struct CandidatePool {
  std::vector<Candidate> candidates;
  std::string texts;

  std::string_view text(const Candidate& candidate) const {
    return std::string_view(texts).substr(candidate.begin, candidate.length);
  }
  void add(Candidate candidate, std::string_view text) {
    candidate.begin = texts.size();
    candidate.length = static_cast<std::uint32_t>(text.size());
    texts += text;
    candidates.push_back(candidate);
  }
};

// The best candidates so far. Rows that are worse than the worst of them need not be read.
class BestTitles {
 public:
  explicit BestTitles(std::size_t top) : top_(top) {}

  // Any thread may ask.
  std::optional<Candidate> worst() const {
    const std::lock_guard lock(mutex_);
    return worst_;
  }

  void add(const Candidate& candidate, std::string_view text) {
    pool_.add(candidate, text);
    if (pool_.candidates.size() >= 2 * top_ + (1 << 14)) prune();
  }

  const CandidatePool& sorted(ThreadPool& threads) {
    if (pool_.candidates.size() > top_) prune();
    parallel_sort(threads, pool_.candidates, better);
    return pool_;
  }

 private:
  void prune() {
    auto& all = pool_.candidates;
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(top_) - 1, all.end(), better);
    const Candidate worst = all[top_ - 1];
    CandidatePool rest;
    rest.candidates.reserve(top_);
    for (std::size_t i = 0; i < top_; ++i) rest.add(all[i], pool_.text(all[i]));
    pool_ = std::move(rest);
    const std::lock_guard lock(mutex_);
    worst_ = worst;
  }

  std::size_t top_;
  CandidatePool pool_;
  mutable std::mutex mutex_;
  std::optional<Candidate> worst_;
};

// What a block of title.basics gives. The flags say of each row why it counts and why it is left out.
constexpr std::uint8_t kOfType = 1, kAdult = 2, kNameless = 4;
struct TitlePart {
  std::vector<std::uint8_t> flags;
  CandidatePool candidates;
  std::vector<std::uint32_t> rows;  // of the candidates
};

class TitleReader {
 public:
  TitleReader(const CatalogTables& tables, JoinContext& context)
      : context_(context),
        best_(static_cast<std::size_t>(context.options.top)),
        pass_(tables.basics, "title.basics", "tconst", context),
        has_ratings_(!tables.ratings.empty()) {
    if (has_ratings_) ratings_ = read_ratings(tables.ratings, context);
    tconst_ = pass_.column("tconst");
    type_ = pass_.column("titleType");
    title_ = pass_.column("primaryTitle");
    original_ = pass_.column("originalTitle");
    adult_ = pass_.column("isAdult");
    year_ = pass_.column("startYear");
    runtime_ = pass_.column("runtimeMinutes");
    genres_ = pass_.column("genres");
  }

  const CandidatePool& read(IdSet& all) {
    CatalogReport& report = context_.report;
    pass_.run<TitlePart>(
        [&](const TableBlock& block, std::span<const std::uint32_t> ids, TitlePart& part) { read(block, ids, part); },
        [&](std::span<const std::uint32_t> ids, TitlePart& part) {
          report.titles_read += static_cast<std::int64_t>(ids.size());
          std::size_t next = 0;
          for (std::size_t row = 0; row < ids.size(); ++row) {
            const std::uint8_t flags = part.flags[row];
            const bool candidate = next < part.rows.size() && part.rows[next] == row;
            const std::size_t at = next;
            next += candidate ? 1 : 0;
            if (ids[row] == kNoId) continue;
            if (!all.insert(ids[row])) {
              ++report.twice;
              continue;
            }
            report.titles_of_type += flags & kOfType;
            report.adult += (flags & kAdult) != 0 ? 1 : 0;
            report.without_title += (flags & kNameless) != 0 ? 1 : 0;
            if (candidate)
              best_.add(part.candidates.candidates[at], part.candidates.text(part.candidates.candidates[at]));
          }
        });
    report.ratings_without_title = ratings_.rated.count_missing_in(all);
    const CandidatePool& sorted = best_.sorted(context_.pool);
    if (has_ratings_) {
      for (const Candidate& each : sorted.candidates) report.without_rating += ratings_.rated.contains(each.id) ? 0 : 1;
    }
    return sorted;
  }

 private:
  void read(const TableBlock& block, std::span<const std::uint32_t> ids, TitlePart& part) const {
    const CatalogOptions& options = context_.options;
    std::vector<std::string_view> types, titles, tconsts, originals, genres;
    std::vector<std::uint32_t> codes;
    std::vector<std::int32_t> adult, years, runtimes;
    part.flags.resize(ids.size());
    block.categories(type_, types, codes);
    std::vector<bool> wanted;
    for (const std::string_view type : types)
      wanted.push_back(std::find(options.types.begin(), options.types.end(), type) != options.types.end());
    if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) return;
    block.numbers(adult_, adult);
    block.numbers(year_, years);
    block.texts(title_, titles);
    const std::optional<Candidate> worst = best_.worst();
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (!wanted[codes[row]] || ids[row] == kNoId) continue;
      const bool left_out = adult[row] == 1 && !options.adult, nameless = !left_out && is_null(titles[row]);
      part.flags[row] = static_cast<std::uint8_t>(kOfType | (left_out ? kAdult : 0) | (nameless ? kNameless : 0));
      if (left_out || nameless) continue;
      const std::int32_t rank = ratings_.rated.rank(ids[row]);
      Candidate candidate{kUnknown, known(years[row]), ids[row], kUnknown, kUnknown, 0, 0};
      if (rank >= 0) {
        candidate.votes = ratings_.votes[static_cast<std::size_t>(rank)];
        candidate.tenths = ratings_.tenths[static_cast<std::size_t>(rank)];
      }
      if (worst && !better(candidate, *worst)) continue;
      part.rows.push_back(static_cast<std::uint32_t>(row));
      part.candidates.candidates.push_back(candidate);
    }
    if (part.rows.empty()) return;
    block.texts(tconst_, tconsts);
    block.texts(original_, originals);
    block.texts(genres_, genres);
    block.numbers(runtime_, runtimes);
    std::vector<Candidate> found;
    found.swap(part.candidates.candidates);
    std::string text;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t row = part.rows[i];
      found[i].runtime = known(runtimes[row]);
      text.clear();
      for (const std::string_view field :
           {tconsts[row], titles[row], is_null(originals[row]) ? titles[row] : originals[row], genres[row]})
        text.append(text.empty() ? "" : "\t").append(field);
      part.candidates.add(found[i], text);
    }
  }

  JoinContext& context_;
  BestTitles best_;
  TablePass pass_;
  bool has_ratings_;
  Ratings ratings_;
  std::size_t tconst_, type_, title_, original_, adult_, year_, runtime_, genres_;
};

template <class Use>
void for_each_part(std::string_view list, const Use& use) {
  if (!is_null(list)) for_each_piece(list, ',', use);
}

// The genres of the catalog, sorted: those with the most titles where there are too many.
std::map<std::string_view, std::int32_t> number_genres(const std::vector<std::string_view>& lists,
                                                       CatalogReport& report) {
  std::unordered_map<std::string_view, std::int64_t> counts;
  for (const std::string_view list : lists) for_each_part(list, [&](std::string_view genre) { ++counts[genre]; });
  std::vector<std::pair<std::string_view, std::int64_t>> genres(counts.begin(), counts.end());
  std::sort(genres.begin(), genres.end(), [](const auto& a, const auto& b) {
    return std::tuple(-a.second, a.first) < std::tuple(-b.second, b.first);
  });
  if (genres.size() > kGenreLimit) {
    report.rare_genres = static_cast<std::int64_t>(genres.size() - kGenreLimit);
    report.first_rare_genre = fmt::format("\"{}\"", genres[kGenreLimit].first);
    genres.resize(kGenreLimit);
  }
  std::map<std::string_view, std::int32_t> numbers;
  for (const auto& [genre, count] : genres) numbers.emplace(genre, 0);
  std::int32_t next = 0;
  for (auto& [genre, number] : numbers) number = next++;
  return numbers;
}

}  // namespace

SelectedTitles select_titles(const CatalogTables& tables, JoinContext& context) {
  SelectedTitles selected;
  TitleReader reader(tables, context);
  const CandidatePool& pool = reader.read(selected.all);
  if (context.report.titles_of_type == 0)
    throw bad_data("{}: no title of the type \"{}\"; --type chooses another", tables.basics,
                   fmt::join(context.options.types, "\" or \""));
  std::vector<std::string_view> genre_lists, fields;
  for (const Candidate& candidate : pool.candidates) {
    split_fields(pool.text(candidate), fields);
    selected.tconst.add(fields[0]);
    selected.title.add(fields[1]);
    selected.original.add(fields[2]);
    genre_lists.push_back(fields[3]);
    selected.years.push_back(candidate.year);
    selected.runtimes.push_back(candidate.runtime);
    selected.votes.push_back(candidate.votes);
    selected.ratings.push_back(candidate.tenths);
    selected.ids.push_back(candidate.id);
    selected.kept.insert(candidate.id);
  }
  context.report.kept = static_cast<std::int64_t>(selected.ids.size());
  selected.kept.seal();
  selected.movie_of_rank.resize(selected.ids.size());
  for (std::size_t movie = 0; movie < selected.ids.size(); ++movie) {
    const auto rank = static_cast<std::size_t>(selected.kept.rank(selected.ids[movie]));
    selected.movie_of_rank[rank] = static_cast<std::int32_t>(movie);
  }
  const auto numbers = number_genres(genre_lists, context.report);
  for (const auto& [genre, number] : numbers) selected.genre_names.add(genre);
  std::vector<std::int32_t> list;
  for (const std::string_view genres : genre_lists) {
    list.clear();
    for_each_part(genres, [&](std::string_view genre) {
      const auto found = numbers.find(genre);
      if (found != numbers.end()) list.push_back(found->second);
    });
    selected.genres.add(list);
  }
  return selected;
}

}  // namespace matinee
