#include "lib/catalog/other_titles.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "lib/base/list_members.h"
#include "lib/base/parallel_sort.h"
#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

constexpr std::size_t kTitleLimit = 64;  // famous films have a hundred rows, most of them alike

// A title; its text is in a pool.
struct Entry {
  std::int32_t movie, rank;
  std::uint32_t length, number;  // number: place in the table
  std::size_t begin;
};

struct Entries {
  std::vector<Entry> list;
  std::string texts;

  void add(Entry entry, std::string_view text) {
    entry.begin = texts.size();
    entry.length = static_cast<std::uint32_t>(text.size());
    entry.number = static_cast<std::uint32_t>(list.size());
    texts += text;
    list.push_back(entry);
  }
  std::string_view text(const Entry& entry) const { return std::string_view(texts).substr(entry.begin, entry.length); }
};

// By the values of the columns "types" and "attributes"; none: the title is left out.
std::optional<std::int32_t> rank_of(std::string_view types, std::string_view attributes) {
  const auto has = [](std::string_view text, std::string_view word) { return text.find(word) != text.npos; };
  if (has(types, "working") || has(attributes, "translit") || has(attributes, "literal")) return {};
  return has(types, "original") ? 0 : has(types, "imdbDisplay") ? 1 : 2;
}

// Texts per code of a column; one empty text where the table lacks it.
struct Categories {
  std::vector<std::string_view> names{""};
  std::vector<std::uint32_t> codes;

  Categories(const TableBlock& block, std::optional<std::size_t> column) {
    if (column) block.categories(*column, names, codes);
  }
  std::string_view operator[](std::size_t row) const { return codes.empty() ? names.front() : names[codes[row]]; }
};

std::vector<std::pair<std::size_t, std::int32_t>> kept_rows(std::span<const std::uint32_t> ids,
                                                            const SelectedTitles& titles) {
  std::vector<std::pair<std::size_t, std::int32_t>> rows;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const std::int32_t movie = ids[row] == kNoId ? -1 : titles.movie_of(ids[row]);
    if (movie >= 0) rows.emplace_back(row, movie);
  }
  return rows;
}

Entries read_entries(const std::string& path, const SelectedTitles& titles, JoinContext& context) {
  TablePass pass(path, "title.akas", "titleId", context);
  const std::size_t title = pass.column("title");
  const auto types = pass.optional_column("types"), attributes = pass.optional_column("attributes");
  Entries entries;
  pass.run<Entries>(
      [&](const TableBlock& block, std::span<const std::uint32_t> ids, Entries& part) {
        const auto rows = kept_rows(ids, titles);
        if (rows.empty()) return;
        std::vector<std::string_view> texts;
        block.texts(title, texts);
        const Categories type(block, types), attribute(block, attributes);
        for (const auto& [row, movie] : rows) {
          const auto rank = rank_of(type[row], attribute[row]);
          if (rank && !is_null(texts[row])) part.add({movie, *rank, 0, 0, 0}, texts[row]);
        }
      },
      [&](std::span<const std::uint32_t>, Entries& part) {
        for (const Entry& entry : part.list) entries.add(entry, part.text(entry));
      });
  return entries;
}

// Moves the titles of one movie that are new to the front, at most the limit, and returns their number.
std::size_t keep_new(std::span<Entry> group, const Entries& entries, std::string_view title,
                     std::string_view original) {
  std::vector<std::string_view> texts{title, original};
  std::vector<std::string> folded{fold_name(title), fold_name(original)};
  std::size_t kept = 0;
  for (const Entry& entry : group) {
    const std::string_view text = entries.text(entry);
    if (holds(texts, text)) continue;
    std::string fold = fold_name(text);
    if (!fold.empty() && holds(folded, fold)) continue;
    texts.push_back(text);
    folded.push_back(std::move(fold));
    group[kept++] = entry;
    if (kept == kTitleLimit) break;
  }
  return kept;
}

std::string_view row_of(const StringColumnBuilder& column, std::size_t row) {
  const auto begin = static_cast<std::size_t>(column.offsets[row]),
             end = static_cast<std::size_t>(column.offsets[row + 1]);
  return {reinterpret_cast<const char*>(column.bytes.data()) + begin, end - begin};
}

}  // namespace

OtherTitles read_other_titles(const std::string& path, const SelectedTitles& titles, JoinContext& context) {
  const std::size_t movies = titles.ids.size();
  OtherTitles others;
  if (path.empty()) {
    others.rows.resize(movies + 1);
    return others;
  }
  Entries entries = read_entries(path, titles, context);
  parallel_sort(context.pool, entries.list, [](const Entry& a, const Entry& b) {
    return std::tie(a.movie, a.rank, a.number) < std::tie(b.movie, b.rank, b.number);
  });
  std::vector<std::size_t> begins(movies + 1);
  for (const Entry& entry : entries.list) ++begins[static_cast<std::size_t>(entry.movie) + 1];
  for (std::size_t movie = 0; movie < movies; ++movie) begins[movie + 1] += begins[movie];
  std::vector<std::size_t> kept(movies);
  context.pool.for_blocks(movies, 1024, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t movie = begin; movie < end; ++movie) {
      const std::span group(entries.list.data() + begins[movie], begins[movie + 1] - begins[movie]);
      if (!group.empty())
        kept[movie] = keep_new(group, entries, row_of(titles.title, movie), row_of(titles.original, movie));
    }
  });
  for (std::size_t movie = 0; movie < movies; ++movie) {
    for (std::size_t i = 0; i < kept[movie]; ++i) others.texts.add(entries.text(entries.list[begins[movie] + i]));
    others.rows.push_back(static_cast<std::int64_t>(others.texts.offsets.size()) - 1);
  }
  return others;
}

StringColumnBuilder read_certificates(const std::string& path, const SelectedTitles& titles, JoinContext& context) {
  struct Part {
    std::vector<std::pair<std::int32_t, std::string>> rows;  // movie, certificate
  };
  std::vector<std::string> certificates(path.empty() ? 0 : titles.ids.size());
  if (!path.empty()) {
    TablePass pass(path, "title.certificates", "tconst", context);
    const std::size_t certificate = pass.column("certificate");
    pass.run<Part>(
        [&](const TableBlock& block, std::span<const std::uint32_t> ids, Part& part) {
          std::vector<std::string_view> texts;
          block.texts(certificate, texts);
          for (const auto& [row, movie] : kept_rows(ids, titles)) {
            if (!is_null(texts[row])) part.rows.emplace_back(movie, texts[row]);
          }
        },
        [&](std::span<const std::uint32_t>, Part& part) {
          for (auto& [movie, text] : part.rows) {
            std::string& known = certificates[static_cast<std::size_t>(movie)];
            if (known.empty()) known = std::move(text);
          }
        });
  }
  StringColumnBuilder column;
  for (std::size_t movie = 0; movie < titles.ids.size(); ++movie)
    column.add(certificates.empty() ? std::string_view() : certificates[movie]);
  return column;
}

}  // namespace matinee
