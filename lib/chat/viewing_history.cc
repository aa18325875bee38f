#include "lib/chat/viewing_history.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "lib/base/append_file.h"
#include "lib/base/format_error.h"
#include "lib/base/list_members.h"
#include "lib/chat/one_line.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 4> kVerdictNames{"none", "seen", "liked", "disliked"};

ViewingEntry parse_entry(const JsonNode& root) {
  if (!root.is_object()) throw root.unexpected("an object with tconst and verdict");
  ViewingEntry entry;
  entry.tconst = root.get("tconst").string();
  if (entry.tconst.empty()) throw root.get("tconst").unexpected("an id such as tt0113277");
  const auto verdict = verdict_from_name(root.get("verdict").view());
  if (!verdict) throw root.get("verdict").unexpected("seen, liked, disliked or none");
  entry.verdict = *verdict;
  entry.title = root.string_or("title", "");
  entry.year = static_cast<std::int32_t>(root.integer_or("year", kUnknown));
  entry.date = root.string_or("date", "");
  return entry;
}

std::string line_of(const ViewingEntry& entry) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("tconst", entry.tconst).field("title", entry.title);
  if (entry.year != kUnknown) json.field("year", entry.year);
  json.field("verdict", name_of(entry.verdict)).field("date", entry.date).end_object();
  return line + "\n";
}

std::unordered_map<MovieId, Verdict> verdicts_in(const PreferenceState& state) {
  std::unordered_map<MovieId, Verdict> verdicts;
  for (const MovieId movie : state.seen) verdicts[movie] = Verdict::kSeen;
  for (const MovieId movie : state.liked) verdicts[movie] = Verdict::kLiked;
  for (const MovieId movie : state.disliked) verdicts[movie] = Verdict::kDisliked;
  return verdicts;
}

Verdict found_in(const std::unordered_map<MovieId, Verdict>& verdicts, MovieId movie) {
  const auto found = verdicts.find(movie);
  return found == verdicts.end() ? Verdict::kNone : found->second;
}

}  // namespace

const char* name_of(Verdict verdict) { return kVerdictNames[static_cast<std::size_t>(verdict)]; }

std::optional<Verdict> verdict_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i) {
    if (name == kVerdictNames[i]) return static_cast<Verdict>(i);
  }
  return {};
}

Verdict verdict_in(const PreferenceState& preferences, MovieId movie) {
  if (holds(preferences.disliked, movie)) return Verdict::kDisliked;
  if (holds(preferences.liked, movie)) return Verdict::kLiked;
  return holds(preferences.seen, movie) ? Verdict::kSeen : Verdict::kNone;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &local)};
}

ViewingHistory::ViewingHistory(std::string path, const MovieCatalog& catalog,
                               const std::function<void(std::string_view)>& note)
    : path_(std::move(path)), catalog_(catalog) {
  refresh(note);
}

bool ViewingHistory::refresh(const std::function<void(std::string_view)>& note) {
  if (appended_size(path_) == read_) return false;
  const std::string text = read_appended(path_);
  if (text.size() < read_) {
    entries_.clear();
    places_.clear();
    read_ = 0;
    lines_ = 0;
  }
  JsonReader reader;
  while (read_ < text.size()) {
    const std::size_t end = std::min(text.find('\n', read_), text.size());
    const std::string_view line = std::string_view(text).substr(read_, end - read_);
    read_ = std::min(end + 1, text.size());
    ++lines_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      keep(parse_entry(reader.parse(line)));
    } catch (const Error& error) {
      note(one_line(fmt::format("{}:{}: {}; this line is left out", path_, lines_, error.what())));
    }
  }
  return true;
}

void ViewingHistory::keep(ViewingEntry entry) {
  const auto [place, fresh] = places_.try_emplace(entry.tconst, entries_.size());
  if (fresh) {
    entries_.push_back(std::move(entry));
  } else {
    entries_[place->second] = std::move(entry);
  }
}

const ViewingEntry* ViewingHistory::find(std::string_view tconst) const {
  const auto found = places_.find(std::string(tconst));
  return found == places_.end() ? nullptr : &entries_[found->second];
}

PreferenceState ViewingHistory::preferences() const {
  PreferenceState state;
  for (const ViewingEntry& entry : entries_) {
    const auto movie = catalog_.find_tconst(entry.tconst);
    if (!movie) continue;
    switch (entry.verdict) {
      case Verdict::kNone: break;
      case Verdict::kSeen: state.seen.push_back(*movie); break;
      case Verdict::kLiked: state.liked.push_back(*movie); break;
      case Verdict::kDisliked: state.disliked.push_back(*movie); break;
    }
  }
  return state;
}

void ViewingHistory::add(std::span<const ViewingEntry> entries) {
  if (entries.empty()) return;
  std::string lines;
  for (const ViewingEntry& entry : entries) lines += line_of(entry);
  append_lines(path_, lines);
  for (const ViewingEntry& entry : entries) keep(entry);
}

std::vector<ViewingEntry> ViewingHistory::changes(const PreferenceState& before, const PreferenceState& after,
                                                  bool undone) const {
  const auto old_verdicts = verdicts_in(before), new_verdicts = verdicts_in(after);
  std::vector<ViewingEntry> changed;
  const auto change = [&](MovieId movie) {
    const Verdict verdict = found_in(new_verdicts, movie);
    if (verdict == found_in(old_verdicts, movie)) return;
    const std::string tconst(catalog_.tconst(movie));
    for (const ViewingEntry& entry : changed) {
      if (entry.tconst == tconst) return;
    }
    const ViewingEntry* known = find(tconst);
    if ((known == nullptr ? Verdict::kNone : known->verdict) == verdict) return;
    changed.push_back({tconst, std::string(catalog_.title(movie)), catalog_.year(movie), verdict, today()});
  };
  for (const auto* list : {&after.seen, &after.liked, &after.disliked}) {
    for (const MovieId movie : *list) change(movie);
  }
  if (undone) {
    for (const auto* list : {&before.seen, &before.liked, &before.disliked}) {
      for (const MovieId movie : *list) change(movie);
    }
  }
  return changed;
}

}  // namespace matinee
