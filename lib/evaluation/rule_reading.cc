#include "lib/evaluation/rule_reading.h"

#include <algorithm>
#include <array>

#include "lib/catalog/fold_name.h"
#include "lib/understanding/turn_reading.h"

namespace matinee {
namespace {

struct Cue {
  std::string_view words;  // folded, each between spaces
  UserAct act;
  bool needs_movie;  // counts only where a movie stands
};

// The first that is found decides.
constexpr std::array kCues{
    Cue{" bye ", UserAct::kLeave, false},
    Cue{" goodbye ", UserAct::kLeave, false},
    Cue{" good night ", UserAct::kLeave, false},
    Cue{" have a good ", UserAct::kLeave, false},
    Cue{" have a great ", UserAct::kLeave, false},
    Cue{" have a nice ", UserAct::kLeave, false},
    Cue{" check it out ", UserAct::kAccept, true},
    Cue{" check that out ", UserAct::kAccept, true},
    Cue{" check them out ", UserAct::kAccept, true},
    Cue{" sounds good ", UserAct::kAccept, true},
    Cue{" sounds great ", UserAct::kAccept, true},
    Cue{" sounds interesting ", UserAct::kAccept, true},
    Cue{" will watch ", UserAct::kAccept, true},
    Cue{" ill watch ", UserAct::kAccept, true},
    Cue{" have to see ", UserAct::kAccept, true},
    Cue{" have to watch ", UserAct::kAccept, true},
    Cue{" want to see ", UserAct::kAccept, true},
    Cue{" thank ", UserAct::kAccept, true},
    Cue{" thanks ", UserAct::kAccept, true},
    Cue{" havent seen ", UserAct::kUnsure, true},
    Cue{" have not seen ", UserAct::kUnsure, true},
    Cue{" never seen ", UserAct::kUnsure, true},
    Cue{" never heard ", UserAct::kUnsure, true},
    Cue{" didnt like ", UserAct::kDislike, true},
    Cue{" did not like ", UserAct::kDislike, true},
    Cue{" hated ", UserAct::kDislike, true},
    Cue{" not my ", UserAct::kReject, true},
    Cue{" no thanks ", UserAct::kReject, true},
    Cue{" love it ", UserAct::kLike, true},
    Cue{" loved it ", UserAct::kLike, true},
    Cue{" love that ", UserAct::kLike, true},
    Cue{" loved that ", UserAct::kLike, true},
    Cue{" liked it ", UserAct::kLike, true},
    Cue{" great movie ", UserAct::kLike, true},
    Cue{" good movie ", UserAct::kLike, true},
    Cue{" good one ", UserAct::kLike, true},
    Cue{" seen it ", UserAct::kSeen, true},
    Cue{" seen that ", UserAct::kSeen, true},
    Cue{" saw it ", UserAct::kSeen, true},
    Cue{" saw that ", UserAct::kSeen, true},
    Cue{" any other ", UserAct::kMore, false},
    Cue{" anything else ", UserAct::kMore, false},
    Cue{" something else ", UserAct::kMore, false},
    Cue{" another ", UserAct::kMore, false},
    Cue{" recommend ", UserAct::kMore, false},
    Cue{" suggest ", UserAct::kMore, false},
    Cue{" suggestions ", UserAct::kMore, false},
};

struct FactCue {
  std::string_view words;
  Fact fact;
};
constexpr std::array kFactCues{FactCue{" who is in ", Fact::kCast},    FactCue{" whos in ", Fact::kCast},
                               FactCue{" who stars ", Fact::kCast},    FactCue{" directed ", Fact::kDirector},
                               FactCue{" how long ", Fact::kRuntime},  FactCue{" what year ", Fact::kYear},
                               FactCue{" about ", Fact::kPlot},        FactCue{" any good ", Fact::kRating},
                               FactCue{" is it good ", Fact::kRating}, FactCue{" where can ", Fact::kWhere},
                               FactCue{" trailer ", Fact::kTrailer},   FactCue{" rated ", Fact::kAge}};

Role role_of(const Mark& mark) {
  switch (mark.kind) {
    case MarkKind::kGenre:
    case MarkKind::kYears:
    case MarkKind::kEra: return Role::kWant;
    case MarkKind::kName:
      if (mark.weak) return Role::kNone;
      return mark.movie >= 0 ? Role::kLiked : Role::kWant;
    default: return Role::kNone;
  }
}

}  // namespace

UnderstoodTurn RuleReading::understand(std::span<const SystemAct> acts, std::string_view user_text) {
  const std::vector<Mark> marks = system_.evidence.find(acts, user_text);
  const TurnContext context(acts);
  const std::string words = " " + fold_name(user_text) + " ";
  const auto says = [&](std::string_view cue) { return words.find(cue) != std::string::npos; };
  TurnReading reading;
  bool wants = false;
  for (const Mark& mark : marks) {
    reading.roles.push_back(role_of(mark));
    wants = wants || reading.roles.back() != Role::kNone;
  }
  const bool stands = context.standing >= 0;
  reading.act = wants ? UserAct::kInform : stands ? UserAct::kAccept : UserAct::kOther;
  const auto cue = std::find_if(kCues.begin(), kCues.end(),
                                [&](const Cue& each) { return (stands || !each.needs_movie) && says(each.words); });
  if (cue != kCues.end() && (!wants || cue->needs_movie)) reading.act = cue->act;
  if (stands && user_text.find('?') != user_text.npos && !wants) {
    const auto fact =
        std::find_if(kFactCues.begin(), kFactCues.end(), [&](const FactCue& each) { return says(each.words); });
    if (fact != kFactCues.end()) {
      reading.act = UserAct::kAsk;
      reading.asks = fact->fact;
    }
  }
  return {update_of(reading, marks, context, system_.catalog), ReplyEnd::kFinished};
}

}  // namespace matinee
