#include "lib/understanding/mark.h"

namespace matinee {

const char* name_of(MarkKind kind) {
  static constexpr std::array<const char*, kMarkKinds> kNames{
      "genre", "name",  "not_found", "years",    "era",  "runtime", "length", "popularity", "rating", "age",
      "sort",  "count", "nth",       "relative", "same", "series",  "theme",  "mood",       "beyond"};
  return kNames[static_cast<std::size_t>(kind)];
}

namespace {

constexpr std::array<const char*, kRoles> kRoleNames{"none", "want", "or",   "not",   "liked",  "disliked", "seen",
                                                     "pick", "ask",  "from", "until", "around", "sort"};

}  // namespace

const char* name_of(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> role_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
    if (name == kRoleNames[i]) return static_cast<Role>(i);
  }
  return {};
}

std::vector<Role> roles_of(const Mark& mark) {
  using enum Role;
  if (mark.bound == kNot) {
    std::vector<Role> roles{kNone};
    if (mark.kind != MarkKind::kName || mark.person >= 0) roles.push_back(kNot);
    if (mark.movie >= 0) roles.push_back(kDisliked);
    return roles;
  }
  switch (mark.kind) {
    case MarkKind::kGenre: return {kNone, kWant, kOr, kNot};
    case MarkKind::kName: {
      std::vector<Role> roles{kNone};
      if (mark.person >= 0) roles.insert(roles.end(), {kWant, kOr, kNot});
      if (mark.movie >= 0) roles.insert(roles.end(), {kLiked, kDisliked, kPick, kAsk});
      roles.push_back(kSeen);
      return roles;
    }
    case MarkKind::kNotFound: return {kNone, kWant, kLiked, kDisliked, kSeen, kPick, kAsk};
    case MarkKind::kYears:
      if (mark.bound == kOr) return {kNone, kOr, kNot};
      if (mark.bound != kNone) return {kNone, mark.bound};
      return {kNone, kWant, kOr, kNot, kFrom, kUntil, kAround};
    case MarkKind::kRuntime: return {kNone, kFrom, kUntil, kAround};
    case MarkKind::kSort: return {kNone, kSort, kWant};
    case MarkKind::kRating:
    case MarkKind::kCount:
    case MarkKind::kNth:
    case MarkKind::kRelative: return {kNone, kWant};
    case MarkKind::kEra:
    case MarkKind::kLength:
      if (mark.excess) return {kNone, kNot};
      [[fallthrough]];
    default: return {kNone, kWant, kNot};
  }
}

}  // namespace matinee
