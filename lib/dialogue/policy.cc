#include "lib/dialogue/policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "lib/base/list_members.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// True if the turn says what to look for, besides what it does.
bool has_wish(const PreferenceUpdate& update) {
  return !update.said.empty() || !update.any.empty() || !update.drop.empty() || update.count > 0;
}

// A wish to begin again takes back everything.
bool restarts(const PreferenceUpdate& update) {
  for (int slot = 0; slot < kSlots; ++slot) {
    if (!holds(update.drop, static_cast<Slot>(slot))) return false;
  }
  return true;
}

// The question that is another way to name the limit, if there is one.
std::optional<Fact> fact_of(Beyond beyond) {
  switch (beyond) {
    case Beyond::kLanguage: return Fact::kLanguage;
    case Beyond::kCountry: return Fact::kCountry;
    case Beyond::kWhere: return Fact::kWhere;
    case Beyond::kAwards: return Fact::kAwards;
    default: return {};
  }
}

}  // namespace

/// One turn of the user and the acts that answer it.
class PolicyTurn {
 public:
  PolicyTurn(const Policy& policy, DialogueState& state, const PreferenceUpdate& update, const ShownTurn* shown)
      : policy_(policy), state_(state), update_(update), shown_(shown), named_(named_movie()) {}

  std::vector<SystemAct> run() {
    react();
    if (shown_ != nullptr) adopt();
    return std::move(acts_);
  }

 private:
  void react() {
    const bool helped = std::exchange(state_.helped, false);
    if (restarts(update_)) return restart();
    learn();
    if (update_.act == UserAct::kLeave) return close({.kind = SystemActKind::kClose});
    say_limits();
    const bool limited = !acts_.empty();
    if (update_.act == UserAct::kAccept && accept()) return;
    const bool answered = answer();
    const bool proposed = !answered && propose();
    if (!proposed && wants_offer(answered, limited, helped)) {
      offer();
    } else if (acts_.empty() || (update_.act == UserAct::kOther && !answered && !proposed)) {
      remark();
    }
  }

  // What was shown counts also where this policy would have answered in another way.
  void adopt() {
    if (!offered_ && !shown_->movies.empty()) {
      state_.finished = state_.settled = false;
      std::erase_if(acts_, [](const SystemAct& act) { return act.kind == SystemActKind::kClose; });
      offer();
    }
    if (shown_->question) ask(*shown_->question);
  }

  // The movie that the user names or counts, or -1.
  MovieId named_movie() const {
    if (!update_.pick.empty()) return update_.pick.front();
    // Without a list, "the first one" counts what was offered so far.
    const auto& list = state_.last_list.size() > 1 ? state_.last_list : state_.recommended;
    const auto size = static_cast<std::int32_t>(list.size());
    if (update_.nth > 0 && update_.nth <= size) return list[static_cast<std::size_t>(update_.nth - 1)];
    return update_.nth == -1 && size > 0 ? list.back() : -1;
  }

  bool stands() const { return state_.under_discussion >= 0; }

  // Merges the update. A reaction that names no movie is one to the movie that stands.
  void learn() {
    PreferenceUpdate update = update_;
    const MovieId movie = named_ >= 0 ? named_ : state_.under_discussion;
    if (movie >= 0) {
      if (update.act == UserAct::kSeen && update.said.seen.empty()) update.said.seen = {movie};
      if (update.said.empty() && update.act == UserAct::kLike) update.said.liked = {movie};
      if (update.said.empty() && update.act == UserAct::kDislike) update.said.disliked = {movie};
    }
    merge(state_.preferences, update);
    for (const Slot slot : update.any) state_.any.insert(slot);
    for (int slot = 0; slot < kSlots; ++slot) {
      if (has_value(update.said, static_cast<Slot>(slot))) state_.any.erase(static_cast<Slot>(slot));
    }
  }

  // Forgets the wishes, but not which movies the user knows or was offered.
  void restart() {
    DialogueState fresh;
    fresh.seed = state_.seed;
    fresh.turns = state_.turns;
    fresh.question_open = state_.question_open;
    fresh.recommended = std::move(state_.recommended);
    fresh.earlier = std::move(state_.earlier);
    fresh.preferences.seen = std::move(state_.preferences.seen);
    state_ = std::move(fresh);
    learn();
    acts_.push_back({.kind = SystemActKind::kRestart});
    if (!update_.said.empty()) {
      offer();
    } else if (shown_ == nullptr && !state_.question_open && policy_.questions_.can_ask(Slot::kGenre)) {
      ask(Slot::kGenre);
    }
  }

  void say_limits() {
    SystemAct missing{.kind = SystemActKind::kNotFound};
    for (const std::string& title : update_.unknown) {
      if (state_.not_found.insert(title).second) missing.unknown.push_back(title);
    }
    if (!missing.unknown.empty()) acts_.push_back(std::move(missing));
    SystemAct limits{.kind = SystemActKind::kBeyond};
    for (const Beyond beyond : update_.beyond) {
      if (beyond == Beyond::kForeign) {
        acts_.push_back({.kind = SystemActKind::kEnglish});
        continue;
      }
      // The answer to the question says the same.
      const bool is_asked = update_.asks && fact_of(beyond) == update_.asks;
      if (!is_asked && state_.beyond_told.insert(beyond).second) limits.beyond.push_back(beyond);
    }
    if (!limits.beyond.empty()) acts_.push_back(std::move(limits));
  }

  void close(SystemAct act) {
    state_.finished = true;
    acts_.push_back(std::move(act));
  }

  // "OK, then something with Tom Hanks": the turn wishes for something that the movie that stands does not have.
  bool wishes_for_another() const {
    if (named_ >= 0 || !stands() || update_.asks) return false;
    PreferenceState wishes = update_.said;  // without what is said of movies
    wishes.liked.clear();
    wishes.disliked.clear();
    wishes.seen.clear();
    if (wishes.empty()) return false;
    const MovieSet fitting = policy_.ranker_.viable(wishes, {});
    return !fitting.contains(state_.under_discussion);
  }

  // False if there is nothing to accept.
  bool accept() {
    if (wishes_for_another()) return false;
    const bool misses = named_ < 0 && (!update_.unknown.empty() || update_.nth != 0);
    if (named_ < 0 && !stands()) return false;
    if (misses) {  // what was meant is not known
      acts_.push_back({.kind = SystemActKind::kConfirm, .movie = state_.under_discussion});
      return true;
    }
    const MovieId movie = named_ >= 0 ? named_ : state_.several_stand ? -1 : state_.under_discussion;
    if (update_.asks) answer();
    if (movie >= 0) turn_to(movie);
    state_.settled = true;
    close({.kind = SystemActKind::kClose, .movie = movie, .accepted = true});
    return true;
  }

  // The movie is "it" from now on.
  void turn_to(MovieId movie) {
    if (movie != state_.under_discussion) state_.settled = false;
    state_.under_discussion = movie;
    state_.several_stand = false;
    if (!holds(state_.recommended, movie)) state_.recommended.push_back(movie);
  }

  // The first of the movies is "it" from now on, and the user can choose among them.
  void stand_together(const std::vector<MovieId>& movies) {
    for (const MovieId movie : movies) turn_to(movie);
    state_.under_discussion = movies.front();
    state_.question_open = false;
    state_.several_stand = movies.size() > 1;
    state_.last_list = movies;
  }

  // Answers what the turn asks; false if it asks nothing.
  bool answer() {
    if (update_.about.size() > 1) return compare(update_.about);
    if (update_.pick.size() > 1 && update_.act != UserAct::kAccept) return compare(update_.pick);
    if (update_.act == UserAct::kWhy) return explain();
    if (!update_.asks) return false;
    if (update_.about.empty() && named_ < 0 && !update_.unknown.empty()) return true;  // of a movie that is not found
    const MovieId movie = !update_.about.empty() ? update_.about.front()
                          : named_ >= 0          ? named_
                                                 : state_.under_discussion;
    if (movie < 0) {
      help(true);
      return true;
    }
    turn_to(movie);
    acts_.push_back({.kind = SystemActKind::kAnswer, .movie = movie, .fact = *update_.asks});
    return true;
  }

  bool compare(const std::vector<MovieId>& movies) {
    acts_.push_back({.kind = SystemActKind::kCompare, .movie = movies.front(), .movies = movies});
    stand_together(movies);
    return true;
  }

  bool explain() {
    if (state_.last_recommendation.movie < 0) {
      help(true);
    } else {
      turn_to(state_.last_recommendation.movie);
      acts_.push_back({.kind = SystemActKind::kExplain,
                       .movie = state_.last_recommendation.movie,
                       .candidates = {state_.last_recommendation}});
    }
    return true;
  }

  // Proposes the movie that the turn names without a question; false if there is none.
  bool propose() {
    const MovieId movie = !update_.about.empty() ? update_.about.front() : named_;
    switch (update_.act) {
      case UserAct::kSeen:
      case UserAct::kLike:
      case UserAct::kDislike: return false;  // they react to the movie
      case UserAct::kReject:
        if (update_.pick.empty()) return false;  // "not the first one"
        break;
      default: break;
    }
    if (movie < 0) return false;
    stand_together({movie});
    state_.last_recommendation = {movie, 0, {}};
    acts_.push_back({.kind = SystemActKind::kPropose, .movie = movie, .candidates = {state_.last_recommendation}});
    return true;
  }

  bool wants_offer(bool answered, bool limited, bool helped) const {
    switch (update_.act) {
      case UserAct::kMore:
      case UserAct::kReject:
      case UserAct::kSeen:
      case UserAct::kDislike: return true;
      case UserAct::kLike:
      case UserAct::kUnsure:
      case UserAct::kInform: return !answered || has_wish(update_);
      case UserAct::kAccept: return !answered;  // nothing stands
      case UserAct::kAsk:
      case UserAct::kWhy: return has_wish(update_);
      case UserAct::kOther: return has_wish(update_) || (!stands() && (limited || helped));
      case UserAct::kLeave: break;
    }
    return false;
  }

  // How many movies to offer.
  std::int32_t count() const {
    if (update_.count > 0) return std::min(update_.count, policy_.options_.longest_list);
    const PreferenceState& known = state_.preferences;
    PreferenceState narrow = known;  // what narrows the choice down
    narrow.popularity = Popularity::kAny;
    narrow.seen.clear();
    narrow.liked.clear();
    narrow.disliked.clear();
    const bool only_fame = update_.said.popularity != Popularity::kAny && narrow.empty();
    return only_fame || !update_.said.either.empty() ? policy_.options_.wide_list : 1;
  }

  // Every movie of the catalog was offered or is known to the user.
  bool none_left() const {
    PreferenceState known = with_earlier(state_);
    PreferenceState any;
    any.liked = std::move(known.liked);
    any.disliked = std::move(known.disliked);
    any.seen = std::move(known.seen);
    return policy_.ranker_.viable(any, state_.recommended).count() == 0;
  }

  void offer() {
    offered_ = true;
    if (shown_ != nullptr && shown_->movies.empty() && !none_left()) return;  // the user stopped it before the offer
    const Offer offer = shown_ != nullptr ? policy_.offers_.of(state_, shown_->movies)
                                          : policy_.offers_.choose(state_, count(), !update_.said.either.empty());
    if (offer.candidates.empty()) {
      close({.kind = SystemActKind::kClose});
      return;
    }
    const bool relaxed = relax(offer.broken);
    const Candidate& best = offer.candidates.front();
    std::vector<MovieId> movies;
    for (const Candidate& candidate : offer.candidates) movies.push_back(candidate.movie);
    stand_together(movies);
    state_.last_recommendation = best;
    if (const auto& reasons = offer.candidates.back().reasons; !reasons.empty()) state_.last_reason = reasons.front();
    acts_.push_back({.kind = state_.several_stand ? SystemActKind::kList : SystemActKind::kRecommend,
                     .movie = best.movie,
                     .candidates = offer.candidates});
    if (!relaxed) maybe_ask();
  }

  // Names the wishes that the offer does not meet; false if it meets all. That a value is not known is said once.
  bool relax(const std::vector<BrokenWish>& broken) {
    SystemAct act{.kind = SystemActKind::kRelax};
    for (const BrokenWish& wish : broken) {
      if (!wish.unknown || state_.unknown_told.insert(wish.slot).second) act.broken.push_back(wish);
    }
    if (act.broken.empty()) return false;
    acts_.push_back(std::move(act));
    return true;
  }

  void ask(Slot slot) {
    state_.asked.insert(slot);
    state_.question_open = true;
    state_.last_question = state_.turns;
    acts_.push_back({.kind = SystemActKind::kAsk, .slot = slot});
  }

  // Asks with the offer where an answer helps.
  void maybe_ask() {
    if (shown_ != nullptr) return;
    if (state_.turns - state_.last_question < 2) return;
    if (static_cast<int>(state_.asked.size()) >= policy_.options_.max_questions) return;
    const MovieSet viable = policy_.ranker_.viable(with_earlier(state_), state_.recommended);
    if (viable.count() <= policy_.options_.few_enough) return;
    if (const auto slot = policy_.questions_.best(state_, viable)) ask(*slot);
  }

  void help(bool nothing_yet) {
    state_.helped = true;
    acts_.push_back({.kind = SystemActKind::kHelp, .movie = -1, .nothing_yet = nothing_yet});
  }

  // Answers small talk, and what was not understood. What stands goes on standing.
  void remark() {
    if (!stands()) return help(false);
    const MovieId movie = state_.several_stand ? -1 : state_.under_discussion;
    if (state_.settled) return close({.kind = SystemActKind::kClose, .movie = movie, .accepted = true});
    static constexpr std::array kRemarks{SystemActKind::kConfirm, SystemActKind::kWait, SystemActKind::kHelp};
    const SystemActKind kind = kRemarks[static_cast<std::size_t>(state_.remarks++) % kRemarks.size()];
    acts_.push_back({.kind = kind, .movie = state_.under_discussion});
  }

  const Policy& policy_;
  DialogueState& state_;
  const PreferenceUpdate& update_;
  const ShownTurn* shown_;  // null: the answer is chosen here
  const MovieId named_;
  bool offered_ = false;
  std::vector<SystemAct> acts_;
};

Policy::Policy(const MovieCatalog& catalog, const CandidateRanker& ranker, PolicyOptions options)
    : catalog_(catalog),
      ranker_(ranker),
      options_(options),
      questions_(catalog),
      offers_(catalog, ranker, options.margin) {}

std::vector<SystemAct> Policy::open(DialogueState& state, const ShownTurn* shown) const {
  std::vector<SystemAct> acts{SystemAct{.kind = SystemActKind::kGreet}};
  std::optional<Slot> slot;
  if (questions_.can_ask(Slot::kGenre)) slot = Slot::kGenre;
  if (shown != nullptr) slot = shown->question;
  if (slot) {
    state.asked.insert(*slot);
    state.question_open = true;
    acts.push_back({.kind = SystemActKind::kAsk, .slot = *slot});
  }
  return acts;
}

std::vector<SystemAct> Policy::next(DialogueState& state, const PreferenceUpdate& update,
                                    const ShownTurn* shown) const {
  state.finished = false;
  ++state.turns;
  return PolicyTurn(*this, state, update, shown).run();
}

}  // namespace matinee
