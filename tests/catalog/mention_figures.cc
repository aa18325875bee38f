// Measures MentionFinder on marked turns: mention_figures TABLES FILE...
// TABLES is a folder of IMDb tables, of which the 10,000 most voted movies are used. A line of FILE has tab-separated
// columns, the last but one a user's turn with its names marked as {surface|movie ...} or {surface|person ...} and
// other marks {surface|kind ...}; a column "q:person" says that the system asked for a person. Prints recall and
// precision, and with a leading -v each name that was missed or wrong.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/mention_finder.h"
#include "lib/io/text_reader.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

struct Mark {
  MentionKind kind;
  std::size_t begin, end;
  std::vector<std::int32_t> meant;  // empty: not in the catalog, or not by this name
};

struct Turn {
  std::string id, text;
  bool expects_person = false;
  std::vector<Mark> marks;
};

class Names {
 public:
  explicit Names(const MovieCatalog& catalog) : catalog_(catalog) {
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      titles_[fold_title(catalog.title(movie))].push_back(movie);
      if (catalog.original_title(movie) != catalog.title(movie))
        titles_[fold_title(catalog.original_title(movie))].push_back(movie);
    }
    for (PersonId person = 0; person < catalog.people_count(); ++person)
      people_[fold_name(catalog.person_name(person))].push_back(person);
  }

  std::vector<std::int32_t> meant(MentionKind kind, std::string_view surface) const {
    std::string_view name = surface;
    int year = 0;
    if (const std::size_t at = surface.rfind('(');
        kind == MentionKind::kMovie && at != surface.npos && at > 0 && surface.size() >= at + 6) {
      year = std::atoi(std::string(surface.substr(at + 1, 4)).c_str());
      if (year > 1800) name = surface.substr(0, at);
    }
    const auto& names = kind == MentionKind::kMovie ? titles_ : people_;
    const auto found = names.find(kind == MentionKind::kMovie ? fold_title(name) : fold_name(name));
    if (found == names.end()) return {};
    std::vector<std::int32_t> meant = found->second;
    if (year > 1800) std::erase_if(meant, [&](MovieId movie) { return std::abs(catalog_.year(movie) - year) > 1; });
    return meant;
  }

 private:
  const MovieCatalog& catalog_;
  std::map<std::string, std::vector<std::int32_t>> titles_, people_;
};

Turn read_turn(std::string_view line, const Names& names) {
  std::vector<std::string> columns(1);
  for (const char c : line) {
    if (c == '\t')
      columns.emplace_back();
    else
      columns.back() += c;
  }
  Turn turn;
  if (columns.size() < 4) return turn;
  turn.id = columns[0];
  turn.expects_person = line.find("q:person") != line.npos;
  const std::string& marked = columns[columns.size() - 2];
  for (std::size_t i = 0; i < marked.size(); ++i) {
    const std::size_t bar = marked.find('|', i), close = marked.find('}', i);
    if (marked[i] != '{' || bar == marked.npos || close == marked.npos || close < bar) {
      turn.text += marked[i];
      continue;
    }
    const std::string surface = marked.substr(i + 1, bar - i - 1), label = marked.substr(bar + 1, close - bar - 1);
    const std::size_t begin = turn.text.size();
    turn.text += surface;
    if (label.starts_with("movie") || label.starts_with("person")) {
      const MentionKind kind = label.starts_with("movie") ? MentionKind::kMovie : MentionKind::kPerson;
      turn.marks.push_back({kind, begin, turn.text.size(), names.meant(kind, surface)});
    }
    i = close;
  }
  return turn;
}

struct Figures {
  int meant = 0, found = 0, first = 0;
  int places = 0, right = 0, sure_places = 0, sure_right = 0;
  std::string line(const char* kind) const {
    const auto share = [](int part, int of) { return of == 0 ? 1.0 : static_cast<double>(part) / of; };
    return fmt::format(
        "{}: {} names of the catalog, recall {:.3f} (first reading {:.3f}); {} places found, precision {:.3f}; {} of "
        "them not weak, precision {:.3f}\n",
        kind, meant, share(found, meant), share(first, meant), places, share(right, places), sure_places,
        share(sure_right, sure_places));
  }
};

class Measure {
 public:
  Measure(const std::string& tables, bool verbose) : verbose_(verbose) {
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder(tables), {}, pool).save(folder_.file("movies.bin"));
    catalog_ = std::make_unique<MovieCatalog>(folder_.file("movies.bin"));
    finder_ = std::make_unique<MentionFinder>(*catalog_);
    names_ = std::make_unique<Names>(*catalog_);
  }

  void read(const std::string& path) {
    LineReader lines(path);
    for (std::string_view line; lines.next(line);) {
      const Turn turn = read_turn(line, *names_);
      if (!turn.text.empty()) add(turn);
    }
  }

  void print() const {
    fmt::print("{}{}{:.3f} ms a turn, {} turns, slowest {:.2f} ms\n", figures_[0].line("movies"),
               figures_[1].line("people"), milliseconds_ / std::max(turns_, 1), turns_, slowest_);
  }

 private:
  void add(const Turn& turn) {
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<Mention> mentions = finder_->find(turn.text, {.expects_person = turn.expects_person});
    const auto unknown = finder_->find_unknown_titles(turn.text, mentions);
    const double took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    milliseconds_ += took;
    slowest_ = std::max(slowest_, took);
    ++turns_;
    for (const Mark& mark : turn.marks) count_mark(turn, mark, mentions);
    std::vector<Mention> best;  // of each place
    for (const Mention& mention : mentions) {
      const bool read_already = std::any_of(best.begin(), best.end(), [&](const Mention& other) {
        return other.begin < mention.end && mention.begin < other.end;
      });
      if (read_already) continue;
      best.push_back(mention);
      count_place(turn, mention);
    }
    for (const UnknownTitle& title : unknown) {
      if (!verbose_) break;
      const bool marked = std::any_of(turn.marks.begin(), turn.marks.end(), [&](const Mark& mark) {
        return mark.begin < title.end && title.begin < mark.end;
      });
      fmt::print("unknown{}\t{}\t{}\t{}\n", marked ? "" : "-NOT-MARKED",
                 turn.text.substr(title.begin, title.end - title.begin), turn.id, turn.text);
    }
  }

  Figures& figures(MentionKind kind) { return figures_[kind == MentionKind::kMovie ? 0 : 1]; }

  void count_mark(const Turn& turn, const Mark& mark, const std::vector<Mention>& mentions) {
    if (mark.meant.empty()) return;
    Figures& of = figures(mark.kind);
    ++of.meant;
    bool first = true, any = false;
    for (const Mention& mention : mentions) {
      if (mention.kind != mark.kind || mention.begin >= mark.end || mark.begin >= mention.end) continue;
      const bool hit = std::find(mark.meant.begin(), mark.meant.end(), mention.id) != mark.meant.end();
      any = any || hit;
      of.first += hit && first ? 1 : 0;
      first = false;
    }
    of.found += any ? 1 : 0;
    if (!any && verbose_)
      fmt::print("missed\t{}\t{}\t{}\n", turn.text.substr(mark.begin, mark.end - mark.begin), turn.id, turn.text);
  }

  void count_place(const Turn& turn, const Mention& mention) {
    const Mark* covered = nullptr;
    for (const Mark& mark : turn.marks) {
      if (mark.kind == mention.kind && mark.begin < mention.end && mention.begin < mark.end) covered = &mark;
    }
    const bool movie = mention.kind == MentionKind::kMovie;
    const std::string name(movie ? catalog_->display_name(mention.id) : catalog_->person_display_name(mention.id));
    const std::string surface = turn.text.substr(mention.begin, mention.end - mention.begin);
    if (covered != nullptr && covered->meant.empty()) {
      // Not a name of the catalog as it is written: to be judged by reading.
      if (verbose_)
        fmt::print("judge{}\t{}\t{}\t{}\t{}\n", mention.weak ? "-weak" : "", surface, name, turn.id, turn.text);
      return;
    }
    const bool right = covered != nullptr &&
                       std::find(covered->meant.begin(), covered->meant.end(), mention.id) != covered->meant.end();
    Figures& of = figures(mention.kind);
    ++of.places;
    of.right += right ? 1 : 0;
    of.sure_places += mention.weak ? 0 : 1;
    of.sure_right += right && !mention.weak ? 1 : 0;
    if (!right && verbose_)
      fmt::print("wrong{}\t{}\t{}\t{}\t{}\n", mention.weak ? "-weak" : "", surface, name, turn.id, turn.text);
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<MovieCatalog> catalog_;
  std::unique_ptr<MentionFinder> finder_;
  std::unique_ptr<Names> names_;
  bool verbose_;
  Figures figures_[2];
  double milliseconds_ = 0, slowest_ = 0;
  int turns_ = 0;
};

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool verbose = !arguments.empty() && arguments[0] == "-v";
  if (verbose) arguments.erase(arguments.begin());
  if (arguments.size() < 2) {
    fmt::print(stderr, "usage: mention_figures [-v] TABLES FILE...\n");
    return 2;
  }
  matinee::Measure measure(arguments[0], verbose);
  for (std::size_t i = 1; i < arguments.size(); ++i) measure.read(arguments[i]);
  measure.print();
}
