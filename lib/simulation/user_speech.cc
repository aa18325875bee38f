#include "lib/simulation/user_speech.h"

#include <algorithm>

#include "lib/base/list_members.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

// From kPlainAttempt on, texts have neither typing errors nor changed capitals, so that names are found; from
// kFullNames on, the names are complete.
constexpr int kPlainAttempt = 3, kFullNames = 5, kAttempts = 8;

// True if `id` is the best match of the place where it is mentioned.
bool means(const std::vector<Mention>& mentions, MentionKind kind, std::int32_t id) {
  const auto wanted =
      std::find_if(mentions.begin(), mentions.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
  if (wanted == mentions.end()) return false;
  return std::none_of(mentions.begin(), wanted, [&](const Mention& other) {
    return other.kind == kind && other.begin < wanted->end && wanted->begin < other.end;
  });
}

template <class T>
void add_all_once(std::vector<T>& list, const std::vector<T>& more) {
  for (const T& value : more) add_once(list, value);
}

// Everything that `more` says, beside the act.
void add(PreferenceUpdate& update, const PreferenceUpdate& more) {
  PreferenceUpdate said;
  said.said = more.said;
  merge(update.said, said);
  add_all_once(update.any, more.any);
  add_all_once(update.drop, more.drop);
  add_all_once(update.about, more.about);
  add_all_once(update.pick, more.pick);
  add_all_once(update.unknown, more.unknown);
  add_all_once(update.beyond, more.beyond);
  if (more.asks) update.asks = more.asks;
  if (more.nth != 0) update.nth = more.nth;
  if (more.count != 0) update.count = more.count;
}

bool is_genre_wish(const Wish& wish) { return wish.name.starts_with("genre"); }
bool is_unwanted(const Wish& wish) { return wish.name.starts_with("not_"); }

// Without a title like "It", which cannot be avoided and gives nothing away.
std::string target_words(const MovieCatalog& catalog, MovieId target) {
  if (target < 0) return {};
  std::string words = fold_name(catalog.title(target));
  if (is_common_word(words) && words.size() < 4) words.clear();
  return words;
}

}  // namespace

// Genres begin the noun phrase; what is not wanted ends it.
std::string UserSpeech::together(const std::vector<Wish>& wishes) {
  std::vector<const Wish*> order;
  for (const Wish& wish : wishes) order.push_back(&wish);
  random_.shuffle(order);
  const auto part = [&](const char* form, const Wish& wish) {
    return phrasebook_.expand(form + wish.name, wish.slots, random_);
  };
  std::string text;
  if (random_.chance(0.22)) {
    std::stable_partition(order.begin(), order.end(), [](const Wish* wish) { return !is_unwanted(*wish); });
    for (const Wish* wish : order) text += (text.empty() ? "" : ", ") + part("bare.", *wish);
    return text;
  }
  std::stable_partition(order.begin(), order.end(), [](const Wish* wish) { return !is_unwanted(*wish); });
  std::stable_partition(order.begin(), order.end(), [](const Wish* wish) { return is_genre_wish(*wish); });
  const bool has_head = is_genre_wish(*order.front());
  text = has_head ? part("head.", *order.front()) : phrasebook_.expand("head.any", {}, random_);
  for (std::size_t i = has_head ? 1 : 0; i < order.size(); ++i) text += " " + part("of.", *order[i]);
  return phrasebook_.expand("u.thing", {{"thing", text}}, random_);
}

std::string UserSpeech::text_of(const TurnDraft& draft) {
  std::vector<std::string> sentences;
  for (const TurnDraft::Sentence& sentence : draft.sentences) {
    if (sentence.wishes.size() > 1) {
      sentences.push_back(together(sentence.wishes));
      continue;
    }
    static const PhraseSlots kNoSlots;
    const PhraseSlots& slots = sentence.wishes.empty() ? kNoSlots : sentence.wishes.front().slots;
    const std::string section = sentence.section.empty() ? "u." + sentence.wishes.front().name : sentence.section;
    sentences.push_back(phrasebook_.expand(section, slots, random_));
    // A tag or a reason continues its sentence.
    const bool continues = section == "tag" || section == "story_tail";
    if (continues && sentences.size() > 1) {
      const std::string tail = std::move(sentences.back());
      sentences.pop_back();
      std::string& before = sentences.back();
      if (before.ends_with('?') || before.ends_with('.') || before.ends_with('!')) before.pop_back();
      before += running_on(before, tail) + tail;
    }
  }
  return join_sentences(sentences, habits_, random_);
}

void UserSpeech::decorate(TurnDraft& draft, bool opening) {
  auto& sentences = draft.sentences;
  const auto first = [&](const char* section) { sentences.insert(sentences.begin(), {section, {}}); };
  const double more = talkative_;
  if (random_.chance(more * (opening ? 0.2 : 0.06))) draft.add("story_tail");
  if (random_.chance(more * (opening ? 0.05 : 0.06))) draft.add("tag");
  if (random_.chance(more * (opening ? 0.3 : 0.13))) first("story");
  if (random_.chance(more * 0.14)) draft.add("story");
  // A user who has accepted a movie wishes for no other.
  if (draft.act != UserAct::kAccept && random_.chance(more * (opening ? 0.35 : 0.12))) draft.add("closing");
  if (opening && random_.chance(more * 0.4)) first("u.hi");
}

bool UserSpeech::names_all(const TurnDraft& draft, const std::string& text) const {
  std::optional<std::vector<Mention>> mentions;
  for (const TurnDraft::Sentence& sentence : draft.sentences) {
    for (const Wish& wish : sentence.wishes) {
      if (wish.people.empty() && wish.movies.empty() && wish.not_a_name.empty()) continue;
      if (!mentions) mentions = finder_.find(text);
      const auto named = [&](MentionKind kind) {
        return [&, kind](std::int32_t id) { return means(*mentions, kind, id); };
      };
      if (!std::all_of(wish.people.begin(), wish.people.end(), named(MentionKind::kPerson)) ||
          !std::all_of(wish.movies.begin(), wish.movies.end(), named(MentionKind::kMovie)))
        return false;
      const std::size_t begin = wish.not_a_name.empty() ? text.npos : text.find(wish.not_a_name);
      const auto covers = [&](const Mention& mention) {
        return mention.begin < begin + wish.not_a_name.size() && begin < mention.end;
      };
      if (!wish.not_a_name.empty() && (begin == text.npos || std::any_of(mentions->begin(), mentions->end(), covers)))
        return false;
    }
  }
  return true;
}

std::optional<UserTurn> UserSpeech::say(const TurnDraft& draft, MovieId target) {
  const std::string forbidden = target_words(catalog_, target);
  TurnDraft words_now = draft;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt == kFullNames) {
      for (TurnDraft::Sentence& sentence : words_now.sentences) {
        for (Wish& wish : sentence.wishes) {
          for (const auto& [slot, name] : wish.full_names) wish.slots[slot] = name;
        }
      }
    }
    std::string text = type_text(text_of(words_now), habits_, attempt >= kPlainAttempt, random_);
    const std::string words = " " + fold_name(text) + " ";
    if (!forbidden.empty() && words.find(" " + forbidden + " ") != std::string::npos) continue;
    if (!names_all(draft, text)) continue;
    UserTurn turn{std::move(text), {}};
    for (const TurnDraft::Sentence& sentence : draft.sentences) {
      for (const Wish& wish : sentence.wishes) add(turn.update, wish.update);
    }
    turn.update.act = draft.act;
    return turn;
  }
  return {};
}

}  // namespace matinee
