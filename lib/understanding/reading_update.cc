// From readings to preference updates and back.
#include <algorithm>

#include "lib/base/list_members.h"
#include "lib/dialogue/span_text.h"
#include "lib/understanding/loose_spans.h"
#include "lib/understanding/turn_reading.h"

namespace matinee {
namespace {

// Actors to whom "the same actors" refers.
constexpr std::size_t kLeads = 2;
constexpr std::int32_t kBestRating = 100;

// "newer than 2005": the mark of "newer" says nothing but what the year's mark says.
bool compares_with_next(std::span<const Mark> marks, std::size_t i) {
  return marks[i].kind == MarkKind::kEra && i + 1 < marks.size() &&
         (marks[i + 1].bound == Role::kFrom || marks[i + 1].bound == Role::kUntil);
}

// Builds an update from the roles of marks, one after another.
class Builder {
 public:
  Builder(const TurnContext& context, const MovieCatalog& catalog)
      : context_(context), catalog_(catalog), reference_(context.standing) {}

  void refer_to(MovieId movie) { reference_ = movie; }

  void apply(const Mark& mark, Role role) {
    if (role == Role::kNone) return;
    switch (mark.kind) {
      case MarkKind::kGenre: genre(mark, role); break;
      case MarkKind::kName: name(mark, role); break;
      case MarkKind::kNotFound: add_once(update.unknown, mark.text); break;
      case MarkKind::kYears: years(mark, role); break;
      case MarkKind::kEra: era(mark, role == Role::kNot); break;
      case MarkKind::kRuntime: minutes(mark.span.low, role, mark.strict == role ? 1 : 0); break;
      case MarkKind::kLength: length(static_cast<Length>(mark.number), role == Role::kNot); break;
      case MarkKind::kPopularity: popularity(static_cast<Popularity>(mark.number), role == Role::kNot); break;
      case MarkKind::kRating:
        said().min_rating = std::min(mark.number + (mark.strict == Role::kFrom ? 1 : 0), kBestRating);
        break;
      case MarkKind::kAge:
        if (role == Role::kWant) age(mark);
        break;
      case MarkKind::kSort: sort(mark, role); break;
      case MarkKind::kCount: update.count = mark.number; break;
      case MarkKind::kNth:
        if (role == Role::kWant) update.nth = mark.number;
        break;
      case MarkKind::kRelative: relative(static_cast<Relative>(mark.number)); break;
      case MarkKind::kSame: same(static_cast<Same>(mark.number), role == Role::kNot); break;
      case MarkKind::kSeries:
        if (role == Role::kWant && !update.asks) update.asks = Fact::kSeries;
        break;
      case MarkKind::kTheme:
        if (role == Role::kWant) add_once(said().keywords, mark.text);
        add_once(update.beyond, Beyond::kTheme);
        break;
      case MarkKind::kMood: add_once(update.beyond, Beyond::kMood); break;
      case MarkKind::kBeyond: add_once(update.beyond, static_cast<Beyond>(mark.number)); break;
    }
  }

  PreferenceUpdate update;

 private:
  PreferenceState& said() { return update.said; }

  void genre(const Mark& mark, Role role) {
    for (const GenreId genre : mark.genres) add_once(role == Role::kNot ? said().not_genres : said().genres, genre);
    if (role == Role::kOr) add_once(said().either, Slot::kGenre);
  }

  void name(const Mark& mark, Role role) {
    switch (role) {
      case Role::kOr: add_once(said().either, Slot::kPerson); [[fallthrough]];
      case Role::kWant: add_once(said().people, mark.person); break;
      case Role::kNot: add_once(said().not_people, mark.person); break;
      case Role::kLiked: add_once(said().liked, mark.movie); break;
      case Role::kDisliked: add_once(said().disliked, mark.movie); break;
      case Role::kPick: add_once(update.pick, mark.movie); break;
      case Role::kAsk: add_once(update.about, mark.movie); break;
      case Role::kSeen:
        if (mark.movie >= 0) {
          add_once(said().seen, mark.movie);
        } else {
          for (const MovieId movie : catalog_.acted_in(mark.person)) add_once(said().seen, movie);
          for (const MovieId movie : catalog_.directed(mark.person)) add_once(said().seen, movie);
        }
        break;
      default: break;
    }
  }

  void years(const Mark& mark, Role role) {
    Span span = mark.span;
    if (role == Role::kNot) {
      said().not_years = span;
      return;
    }
    // "After the 90s" begins behind their end, "from the 90s on" at their beginning.
    const bool strict = role == mark.strict;
    if (role == Role::kFrom) span = {strict ? std::min(span.high + 1, kLastYear) : span.low, kLastYear};
    if (role == Role::kUntil) span = {kFirstYear, strict ? std::max(span.low - 1, kFirstYear) : span.high};
    if (role == Role::kAround) span = {span.low - kAroundYears, span.high + kAroundYears};
    if (said().years && role == Role::kOr) {
      span = {std::min(span.low, said().years->low), std::max(span.high, said().years->high)};
    } else if (said().years && said().years->meets(span)) {
      span = {std::max(span.low, said().years->low), std::min(span.high, said().years->high)};
    }
    said().years = span;
  }

  void era(const Mark& mark, bool unwanted) {
    const auto era = static_cast<Era>(mark.number);
    const std::int32_t year = reference_ >= 0 ? catalog_.year(reference_) : kUnknown;
    if ((era != Era::kNewer && era != Era::kOlder) || year == kUnknown) {
      said().years = unwanted ? mark.excluded : mark.span;
    } else if ((era == Era::kNewer) != unwanted) {
      said().years = Span{std::min(year + (unwanted ? 0 : 1), kLastYear), kLastYear};
    } else {
      said().years = Span{kFirstYear, std::max(year - (unwanted ? 0 : 1), kFirstYear)};
    }
  }

  // `beside`: 1 where the number itself is not meant.
  void minutes(std::int32_t value, Role role, std::int32_t beside) {
    if (role == Role::kFrom) {
      said().runtime = Span{value + beside, kLongest};
    } else if (role == Role::kUntil) {
      said().runtime = Span{0, value - beside};
    } else {
      said().runtime = Span{std::max(0, value - kAroundMinutes), value + kAroundMinutes};
    }
  }

  void length(Length length, bool unwanted) {
    const bool is_short = (length == Length::kShort) != unwanted;
    const std::int32_t now = reference_ >= 0 ? catalog_.runtime(reference_) : kUnknown;
    std::int32_t most = unwanted ? kLongMinutes - 1 : kShortMinutes;
    // "Too long" of a movie that stands: shorter than this one.
    if (is_short && unwanted && now != kUnknown) most = std::min(most, now - 1);
    said().runtime = is_short ? Span{0, most} : Span{unwanted ? kShortMinutes : kLongMinutes, kLongest};
  }

  void popularity(Popularity popularity, bool unwanted) {
    const bool popular = (popularity == Popularity::kPopular) != unwanted;
    said().popularity = popular ? Popularity::kPopular : Popularity::kHidden;
  }

  void age(const Mark& mark) {
    if (mark.genres.empty()) said().age = static_cast<AgeRating>(mark.number);
    for (const GenreId genre : mark.genres) add_once(said().genres, genre);
  }

  void sort(const Mark& mark, Role role) {
    const auto order = static_cast<SortOrder>(mark.number);
    if (role == Role::kSort) {
      said().sort = order;
    } else if (order == SortOrder::kNewest || order == SortOrder::kOldest) {
      said().years = mark.span;
    }
  }

  void relative(Relative relative) {
    const std::int32_t minutes = reference_ >= 0 ? catalog_.runtime(reference_) : kUnknown;
    const auto genre = [&](const char* name) {
      if (const auto found = catalog_.genre_id(name)) add_once(said().genres, *found);
    };
    switch (relative) {
      case Relative::kFunnier: genre("Comedy"); break;
      case Relative::kScarier: genre("Horror"); break;
      case Relative::kMoreRomantic: genre("Romance"); break;
      case Relative::kShorter: said().runtime = Span{0, minutes == kUnknown ? kShortMinutes : minutes - 1}; break;
      case Relative::kLonger: said().runtime = Span{minutes == kUnknown ? kLongMinutes : minutes + 1, kLongest}; break;
      case Relative::kBetter:
        if (reference_ >= 0 && catalog_.rating_tenths(reference_) != kUnknown)
          said().min_rating = std::min(catalog_.rating_tenths(reference_) + 1, 100);
        break;
      case Relative::kLessKnown: said().popularity = Popularity::kHidden; break;
      case Relative::kLighter:
      case Relative::kDarker: add_once(update.beyond, Beyond::kMood); break;
    }
  }

  void same(Same same, bool unwanted) {
    // The user speaks of the movie that stands, whatever else the turn names.
    const MovieId movie = context_.standing >= 0 ? context_.standing : reference_;
    if (movie < 0) return;
    auto& people = unwanted ? said().not_people : said().people;
    switch (same) {
      case Same::kDirector:
        for (const PersonId person : catalog_.directors(movie)) add_once(people, person);
        break;
      case Same::kActor: {
        const auto cast = catalog_.cast(movie);
        for (std::size_t i = 0; i < std::min(kLeads, cast.size()); ++i) add_once(people, cast[i]);
        if (cast.size() > 1 && !unwanted) add_once(said().either, Slot::kPerson);
        break;
      }
      case Same::kGenre:
        if (!unwanted) add_once(said().liked, movie);
        break;
    }
  }

  const TurnContext& context_;
  const MovieCatalog& catalog_;
  MovieId reference_;
};

template <class T>
bool within(const std::vector<T>& part, const std::vector<T>& whole) {
  return std::all_of(part.begin(), part.end(), [&](const T& value) { return holds(whole, value); });
}

template <class T>
bool within(const std::optional<T>& part, const std::optional<T>& whole) {
  return !part || part == whole;
}

// Whether everything that `part` says stands in `whole`. Spans of years may be parts of an alternative.
bool within(const PreferenceUpdate& part, const PreferenceUpdate& whole, bool years_inside) {
  const PreferenceState &a = part.said, &b = whole.said;
  const bool years = within(a.years, b.years) ||
                     (years_inside && b.years && a.years->low >= b.years->low && a.years->high <= b.years->high);
  return years && within(a.genres, b.genres) && within(a.not_genres, b.not_genres) && within(a.either, b.either) &&
         within(a.not_years, b.not_years) && within(a.runtime, b.runtime) &&
         (a.popularity == Popularity::kAny || a.popularity == b.popularity) && within(a.people, b.people) &&
         within(a.not_people, b.not_people) && within(a.min_rating, b.min_rating) && within(a.age, b.age) &&
         within(a.keywords, b.keywords) && (a.sort == SortOrder::kNone || a.sort == b.sort) &&
         within(a.liked, b.liked) && within(a.disliked, b.disliked) && within(a.seen, b.seen) &&
         within(part.about, whole.about) && within(part.pick, whole.pick) && (part.nth == 0 || part.nth == whole.nth) &&
         (part.count == 0 || part.count == whole.count) && within(part.unknown, whole.unknown) &&
         within(part.beyond, whole.beyond) && within(part.asks, whole.asks);
}

bool says_something(const PreferenceUpdate& update) {
  return !update.said.empty() || !update.about.empty() || !update.pick.empty() || update.nth != 0 ||
         update.count != 0 || !update.unknown.empty() || !update.beyond.empty() || update.asks;
}

// The movie to which relative words refer where the turn itself names one that the user likes.
MovieId named_reference(std::span<const Mark> marks, std::span<const Role> roles) {
  MovieId movie = -1;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (roles[i] == Role::kLiked) movie = marks[i].movie;
  }
  return movie;
}

// Finds the roles of marks, one after another, that say nothing but what stands in an update.
class RoleFinder {
 public:
  RoleFinder(const PreferenceUpdate& update, const TurnContext& context, const MovieCatalog& catalog)
      : update_(update), context_(context), catalog_(catalog), reference_(context.standing) {}

  Role role(const Mark& mark) {
    Role found = first_role(mark, false);
    // For years, else one whose value is a part of the update's ("80s or 90s").
    if (found == Role::kNone && mark.kind == MarkKind::kYears) found = first_role(mark, true);
    if (found == Role::kLiked) reference_ = mark.movie;
    const bool counts = mark.kind != MarkKind::kName || found == Role::kWant || found == Role::kOr;
    if (found != Role::kNone && counts) add_once(said_, mark.kind);
    return found;
  }

 private:
  // The first of several is wanted, a later one is the alternative, where the update says so.
  bool is_alternative(const Mark& mark, bool inside) const {
    if (!holds(said_, mark.kind)) return false;
    switch (mark.kind) {
      case MarkKind::kYears: return inside;
      case MarkKind::kGenre: return holds(update_.said.either, Slot::kGenre);
      case MarkKind::kName: return holds(update_.said.either, Slot::kPerson);
      default: return false;
    }
  }

  // `inside`: the value may be a part of the update's span of years.
  Role first_role(const Mark& mark, bool inside) const {
    const bool alternative = is_alternative(mark, inside);
    for (const Role role : roles_of(mark)) {
      if (role == Role::kNone || (inside && role != Role::kWant && role != Role::kOr)) continue;
      if (role == Role::kOr ? !holds(said_, mark.kind) : role == Role::kWant && alternative) continue;
      Builder builder(context_, catalog_);
      builder.refer_to(reference_);
      builder.apply(mark, role);
      if (says_something(builder.update) && within(builder.update, update_, inside)) return role;
    }
    return Role::kNone;
  }

  const PreferenceUpdate& update_;
  const TurnContext& context_;
  const MovieCatalog& catalog_;
  MovieId reference_;           // the movie to which relative words refer
  std::vector<MarkKind> said_;  // kinds of which something is wanted already
};

}  // namespace

PreferenceUpdate update_of(const TurnReading& reading, std::span<const Mark> marks, const TurnContext& context,
                           const MovieCatalog& catalog) {
  Builder builder(context, catalog);
  builder.update.act = reading.act;
  builder.update.asks = reading.asks;
  if (const MovieId named = named_reference(marks, reading.roles); named >= 0) builder.refer_to(named);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Role role = reading.roles[i];
    if (compares_with_next(marks, i)) {
      if (role != Role::kNone && reading.roles[i + 1] == Role::kNone) builder.apply(marks[i + 1], marks[i + 1].bound);
      continue;
    }
    // "80s or 90s": an alternative needs the one before it.
    const bool lone = role == Role::kOr && i > 0 && marks[i - 1].kind == marks[i].kind &&
                      (marks[i].kind != MarkKind::kName || marks[i - 1].person >= 0);
    if (lone && reading.roles[i - 1] == Role::kNone) builder.apply(marks[i - 1], Role::kWant);
    builder.apply(marks[i], role);
  }
  PreferenceUpdate& update = builder.update;
  if (const MovieId movie = context.standing; movie >= 0) {
    const Role role = reading.standing;
    const bool liked = role == Role::kLiked || reading.act == UserAct::kLike;
    const bool disliked = !liked && (role == Role::kDisliked || reading.act == UserAct::kDislike);
    if (liked) add_once(update.said.liked, movie);
    if (disliked) add_once(update.said.disliked, movie);
    if (role == Role::kSeen || reading.act == UserAct::kSeen) add_once(update.said.seen, movie);
  }
  update.any = reading.any;
  update.drop = reading.drop;
  return update;
}

TurnReading reading_of(const PreferenceUpdate& update, std::span<const Mark> marks, const TurnContext& context,
                       const MovieCatalog& catalog) {
  TurnReading reading;
  reading.act = update.act;
  reading.asks = update.asks;
  reading.any = update.any;
  reading.drop = update.drop;
  reading.roles.assign(marks.size(), Role::kNone);
  const auto names = [&](const std::vector<MovieId>& movies) {
    return context.standing >= 0 && holds(movies, context.standing);
  };
  if (names(update.said.liked)) {
    reading.standing = Role::kLiked;
  } else if (names(update.said.disliked)) {
    reading.standing = Role::kDisliked;
  } else if (names(update.said.seen)) {
    reading.standing = Role::kSeen;
  }
  RoleFinder finder(update, context, catalog);
  // Names first: relative words refer to them.
  for (const bool with_names : {true, false}) {
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if ((marks[i].kind == MarkKind::kName) == with_names && !compares_with_next(marks, i))
        reading.roles[i] = finder.role(marks[i]);
    }
  }
  return reading;
}

}  // namespace matinee
