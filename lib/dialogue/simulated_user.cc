#include "lib/dialogue/simulated_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/typing_errors.h"

namespace matinee {
namespace {

// From kPlainAttempt on, texts have neither typing errors nor changed capitals, so that names are found.
constexpr int kPlainAttempt = 4, kAttempts = 8;

// True if `id` is the best match of the place where it is mentioned.
bool means(const std::vector<Mention>& mentions, MentionKind kind, std::int32_t id) {
  const auto wanted =
      std::find_if(mentions.begin(), mentions.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
  if (wanted == mentions.end()) return false;
  return std::none_of(mentions.begin(), wanted, [&](const Mention& other) {
    return other.kind == kind && other.begin < wanted->end && wanted->begin < other.end;
  });
}

// Appends a second sentence and its preferences. The act remains that of the first.
void append(UserTurn& turn, const UserTurn& more) {
  const char last = turn.text.back();
  turn.text += (last == '!' || last == '?' || last == '.' ? " " : ". ") + more.text;
  merge(turn.update.said, more.update);
}

NameStyle style_of(Persona persona) {
  return {persona == Persona::kNicknames ? 0.7 : 0.05, persona == Persona::kTerse ? 1.0 : 0.3};
}

}  // namespace

const char* name_of(Persona persona) {
  static constexpr std::array<const char*, kPersonas> kNames{
      "terse", "chatty", "picky", "undecided", "changeable", "volunteer", "typos", "nicknames", "curious", "demanding"};
  return kNames[static_cast<std::size_t>(persona)];
}

SimulatedUser::SimulatedUser(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder,
                             MovieId target, Persona persona, Random random)
    : catalog_(catalog),
      phrasebook_(phrasebook),
      finder_(finder),
      target_(target),
      persona_(persona),
      random_(random),
      wishes_(catalog, phrasebook, target, style_of(persona), random_),
      target_words_(fold_name(catalog.title(target))) {
  // A title like "It" cannot be avoided and gives nothing away.
  if (is_common_word(target_words_) && target_words_.size() < 4) target_words_.clear();
}

UserTurn SimulatedUser::respond(const SystemAct& act) {
  ++turns_;
  if (random_.chance(0.01)) return say("u.leave", UserAct::kLeave);
  // Small talk, but never twice in a row.
  if (act.kind != SystemActKind::kHelp && turns_ != small_talk_ + 1 && random_.chance(0.04)) {
    small_talk_ = turns_;
    return say("u.other", UserAct::kOther);
  }
  switch (act.kind) {
    case SystemActKind::kGreet: return answer(Slot::kGenre);
    case SystemActKind::kAsk: return answer(act.slot);
    case SystemActKind::kRecommend: return react(act.movie, true);
    case SystemActKind::kList: return react(offers(act, target_) ? target_ : act.movie, true);
    case SystemActKind::kPropose:
    case SystemActKind::kConfirm:
    case SystemActKind::kWait:
    case SystemActKind::kAnswer:
    case SystemActKind::kExplain:
    case SystemActKind::kHelp: return act.movie < 0 ? answer(Slot::kGenre) : react(act.movie, false);
    default: break;
  }
  return say("u.leave", UserAct::kLeave);
}

UserTurn SimulatedUser::do_not_care(Slot slot) {
  UserTurn turn = say("u.any", UserAct::kUnsure);
  turn.update.any = {slot};
  return turn;
}

// A changeable user first says something wrong, and corrects it at the next question or recommendation.
std::optional<UserTurn> SimulatedUser::change_of_mind(std::optional<Slot> asked) {
  if (mistake_) {
    auto turn = say(wishes_.correction(*mistake_));
    if (!turn) return {};
    mistake_.reset();
    // In half of the cases the answer to the question follows.
    if (asked && !named_.contains(*asked) && random_.chance(0.5)) {
      if (const auto more = say(wishes_.about(*asked))) {
        named_.insert(*asked);
        append(*turn, *more);
      }
    }
    return turn;
  }
  const bool changes = persona_ == Persona::kChangeable && mistaken_.size() < 2 && random_.chance(0.6);
  if (!asked || !changes || named_.contains(*asked) || !mistaken_.insert(*asked).second) return {};
  const auto mistake = wishes_.mistaken(*asked);
  auto turn = say(mistake);
  if (turn) {
    mistake_ = mistake;
    named_.insert(*asked);
  }
  return turn;
}

UserTurn SimulatedUser::answer(Slot slot) {
  if (auto turn = change_of_mind(slot)) return *turn;
  if (persona_ == Persona::kUndecided && random_.chance(0.5)) return do_not_care(slot);
  if (!hurried_ && random_.chance(0.04)) {
    hurried_ = true;
    return say("u.hurry", UserAct::kMore);
  }
  if ((persona_ == Persona::kVolunteer || random_.chance(0.12)) && !named_.contains(slot)) {
    if (auto turn = say(wishes_.several(named_))) return *turn;
  }
  // Sometimes the answer is about something else.
  if (random_.chance(0.06)) {
    const auto other = static_cast<Slot>(random_.below(kAskableSlots));
    if (other != slot && !named_.contains(other)) {
      if (auto turn = say(wishes_.about(other))) {
        named_.insert(other);
        return *turn;
      }
    }
  }
  if (random_.chance(persona_ == Persona::kChatty ? 0.4 : 0.15)) {
    if (auto turn = say(wishes_.comparison())) return *turn;
  }
  const bool picky = random_.chance(persona_ == Persona::kPicky ? 0.55 : 0.04);
  if (picky && (slot == Slot::kGenre || slot == Slot::kPerson)) {
    const bool only = random_.chance(0.3);
    if (auto turn = say(only ? wishes_.against(slot) : wishes_.about_and_against(slot))) {
      if (!only) named_.insert(slot);
      return *turn;
    }
  }
  // Many people cannot think of a name.
  if (slot == Slot::kPerson && !random_.chance(0.75)) return do_not_care(slot);
  if (auto turn = say(wishes_.about(slot))) {
    named_.insert(slot);
    return *turn;
  }
  return do_not_care(slot);
}

UserTurn SimulatedUser::opinion(MovieId movie) {
  if (auto turn = change_of_mind({})) return *turn;
  const Likeness how = movie == target_ ? Likeness::kNeither : likeness(catalog_, movie, target_);
  if (how == Likeness::kAlike) {
    UserTurn turn = say("u.like", UserAct::kLike);
    turn.update.said.liked = {movie};
    return turn;
  }
  if (how == Likeness::kUnlike) {
    UserTurn turn = say("u.dislike", UserAct::kDislike);
    turn.update.said.disliked = {movie};
    return turn;
  }
  return say("u.unsure_movie", UserAct::kUnsure);
}

// Questions before the decision: at most three facts, each once, and the reason.
std::optional<UserTurn> SimulatedUser::question() {
  const double curiosity = persona_ == Persona::kCurious ? 0.8 : 0.2;
  if (asked_facts_.size() < 3 && random_.chance(curiosity)) {
    const auto fact = static_cast<Fact>(random_.below(7));
    if (asked_facts_.insert(fact).second) {
      UserTurn turn = say(fmt::format("u.ask.{}", name_of(fact)), UserAct::kAsk);
      turn.update.asks = fact;
      return turn;
    }
  }
  if (!asked_why_ && random_.chance(curiosity / 2)) {
    asked_why_ = true;
    return say("u.why", UserAct::kWhy);
  }
  return {};
}

// What follows a rejection: a preference, or what was wrong with the movie.
std::optional<UserTurn> SimulatedUser::detail(MovieId rejected, bool just_named) {
  const bool talkative = persona_ == Persona::kDemanding || persona_ == Persona::kUndecided;
  if (!random_.chance(talkative ? 0.8 : 0.4)) return {};
  if (random_.chance(0.3)) {
    if (auto turn = say(wishes_.comparison())) return turn;
  }
  if (just_named && random_.chance(0.25)) {
    if (auto turn = say(wishes_.other_age(rejected))) return turn;
  }
  if (random_.chance(0.35)) {
    if (auto turn = say(wishes_.objection(rejected))) return turn;
  }
  return new_wish();
}

// A preference that was not given before.
std::optional<UserTurn> SimulatedUser::new_wish() {
  std::vector<Slot> unnamed;
  for (int slot = 0; slot < kAskableSlots; ++slot) {
    if (!named_.contains(static_cast<Slot>(slot))) unnamed.push_back(static_cast<Slot>(slot));
  }
  if (unnamed.empty()) return {};
  const Slot slot = random_.pick(unnamed);
  auto turn = say(wishes_.about(slot));
  if (turn) named_.insert(slot);
  return turn;
}

UserTurn SimulatedUser::react(MovieId movie, bool just_named) {
  if (auto turn = change_of_mind({})) return *turn;
  if (auto turn = question()) return *turn;
  if (movie == target_) return say("u.accept", UserAct::kAccept);
  const double choice = random_.uniform();
  if (choice < 0.2) {
    UserTurn turn = say("u.seen", UserAct::kSeen);
    turn.update.said.seen = {movie};
    if (random_.chance(0.2)) {
      if (const auto more = say(wishes_.comparison())) append(turn, *more);
    }
    return turn;
  }
  if (choice < 0.27) return say("u.more", UserAct::kMore);
  // Sometimes a preference alone is the rejection: "maybe something older".
  if (choice < 0.37) {
    if (auto turn = just_named && random_.chance(0.4) ? say(wishes_.other_age(movie)) : new_wish()) return *turn;
  }
  // Some know the movie and say how they like it.
  if (choice < 0.47) return opinion(movie);
  UserTurn turn = say("u.reject", UserAct::kReject);
  if (const auto more = detail(movie, just_named)) append(turn, *more);
  return turn;
}

UserTurn SimulatedUser::say(std::string section, UserAct act) {
  Wish plain;
  plain.section = std::move(section);
  plain.update.act = act;
  // Phrases without slots contain the title only by chance. After some attempts they are used anyway.
  return say(std::optional(plain)).value_or(UserTurn{phrasebook_.expand(plain.section, {}, random_), plain.update});
}

bool SimulatedUser::names_target(const std::string& text) const {
  if (target_words_.empty()) return false;
  const std::string words = " " + fold_name(text) + " ";
  return words.find(" " + target_words_ + " ") != std::string::npos;
}

bool SimulatedUser::reads_well(const Wish& wish, const std::string& text) const {
  if (names_target(text)) return false;
  if (wish.people.empty() && wish.movies.empty()) return true;
  const auto mentions = finder_.find(text);
  return std::all_of(wish.people.begin(), wish.people.end(),
                     [&](PersonId person) { return means(mentions, MentionKind::kPerson, person); }) &&
         std::all_of(wish.movies.begin(), wish.movies.end(),
                     [&](MovieId movie) { return means(mentions, MentionKind::kMovie, movie); });
}

std::optional<UserTurn> SimulatedUser::say(const std::optional<Wish>& wish) {
  if (!wish) return {};
  const bool lower = persona_ == Persona::kTerse || random_.chance(0.25);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string text = phrasebook_.expand(wish->section, wish->slots, random_);
    if (persona_ == Persona::kChatty && turns_ == 1) text.insert(0, phrasebook_.expand("u.hello", {}, random_));
    const bool plain = attempt >= kPlainAttempt;
    if (lower && !plain) text = to_lower(text);
    if (persona_ == Persona::kTypos && !plain && random_.chance(0.8)) text = mistype(text, random_);
    if (reads_well(*wish, text)) return UserTurn{std::move(text), wish->update};
  }
  return {};
}

}  // namespace matinee
