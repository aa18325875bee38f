#include "lib/serve/chat_conversations.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/chat/template_wording.h"
#include "lib/io/json_reader.h"
#include "lib/serve/map_json.h"
#include "lib/serve/movie_card.h"
#include "lib/serve/suggestions.h"
#include "lib/serve/turn_answer.h"

namespace matinee {
namespace {

constexpr std::size_t kFound = 10;  // by a search
constexpr std::int32_t kAlike = 6;  // movies beside one that is looked at

RequestError no_memory() { return {404, "the server keeps no memory; start it with --memory FILE"}; }

}  // namespace

ChatConversations::ChatConversations(const ChatSystem& system, const Tokenizer& tokenizer, SkillSource skills,
                                     ChatConversationOptions options)
    : system_(system),
      tokenizer_(tokenizer),
      skills_(std::move(skills)),
      options_(std::move(options)),
      reader_(system),
      cache_(options_.cache_bytes),
      names_(system.catalog),
      suggestions_(suggestions(system.catalog)),
      map_(matinee::map_json(system.catalog)) {
  if (!options_.memory.empty())
    history_ = std::make_unique<SharedHistory>(options_.memory, system.catalog, options_.note);
}

ChatConversations::~ChatConversations() = default;

Answer ChatConversations::answer(const ChatRequest& request, const OnText& on_text, const std::function<bool()>& gone) {
  return TurnAnswer(*this, request, on_text, gone).run();
}

// In words of the phrasebook, so that it waits for no other conversation.
std::string ChatConversations::opening(std::uint64_t seed) const {
  DialogueState state;
  ChatTurn turn;
  turn.acts = system_.policy.open(state);
  TemplateWording wording(system_, Random(seed, "opening").next_u64());
  SaidSentences said;
  speak(turn, state.preferences, wording, said, {});
  return turn.text;
}

Verdict ChatConversations::verdict(MovieId movie, const PreferenceState& preferences) {
  const Verdict said = verdict_in(preferences, movie);
  return said != Verdict::kNone || history_ == nullptr ? said : history_->verdict(movie);
}

std::string ChatConversations::start_json() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("model", options_.model).field("movies", system_.catalog.size());
  json.field("opening", opening(Random(options_.seed, "start", openings_++).next_u64()));
  json.key("suggestions").begin_array();
  for (const std::string& line : suggestions_) json.string(line);
  json.end_array().field("memory", history_ != nullptr).field("map", map_.has_value()).end_object();
  return out;
}

std::optional<std::string> ChatConversations::movie_json(std::string_view tconst) {
  const auto movie = system_.catalog.find_tconst(tconst);
  if (!movie) return {};
  std::string out;
  JsonWriter json(out);
  append_card(json, {.movie = *movie, .verdict = verdict(*movie, {}), .like = system_.ranker.alike(*movie, kAlike)},
              system_.catalog);
  return out;
}

std::string ChatConversations::search_json(std::string_view query) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("films").begin_array();
  for (const MovieId movie : names_.movies(query, kFound)) append_title(json, system_.catalog, movie);
  json.end_array().end_object();
  return out;
}

std::string ChatConversations::genres_json() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("genres").begin_array();
  for (const std::string& genre : system_.catalog.genres()) json.string(genre);
  json.end_array().end_object();
  return out;
}

std::string ChatConversations::people_json(std::string_view query) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("people").begin_array();
  for (const PersonId person : names_.people(query, kFound)) json.string(system_.catalog.person_display_name(person));
  json.end_array().end_object();
  return out;
}

std::optional<std::string> ChatConversations::map_json() { return map_; }

std::string ChatConversations::memory_lines() {
  if (history_ == nullptr) throw no_memory();
  return history_->lines();
}

std::string ChatConversations::set_verdict(std::string_view body) {
  if (history_ == nullptr) throw no_memory();
  std::string tconst;
  Verdict verdict{};
  try {
    JsonReader reader;
    const JsonNode root = reader.parse(body);
    if (!root.is_object()) throw root.unexpected("an object with tconst and verdict");
    tconst = root.get("tconst").string();
    const auto named = verdict_from_name(root.get("verdict").view());
    if (!named) throw root.get("verdict").unexpected("seen, liked, disliked or none");
    verdict = *named;
  } catch (const Error& error) {
    const std::string message = error.what();
    const std::string param = message.starts_with("tconst")    ? "tconst"
                              : message.starts_with("verdict") ? "verdict"
                                                               : "";
    throw RequestError(400, message, param);
  }
  const auto movie = system_.catalog.find_tconst(tconst);
  if (!movie) throw RequestError(404, fmt::format("tconst: the catalog has no \"{}\"", tconst), "tconst");
  history_->set(*movie, verdict);
  return fmt::format(R"({{"verdict":"{}"}})", name_of(verdict));
}

}  // namespace matinee
