#include "lib/evaluation/conversation_generator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kBatch = 512, kBlock = 8;

std::pair<std::int64_t, std::int64_t> shard_range(const std::string& shard, std::int64_t count) {
  std::int64_t index = 0, parts = 0;
  const std::size_t slash = shard.find('/');
  const char* end = shard.data() + shard.size();
  const bool good = slash != std::string::npos &&
                    std::from_chars(shard.data(), shard.data() + slash, index).ptr == shard.data() + slash &&
                    std::from_chars(shard.data() + slash + 1, end, parts).ptr == end;
  if (!good || parts < 1 || parts > 1'000'000 || index < 0 || index >= parts)
    throw usage_error("--shard: expected I/N with 0 <= I < N, found \"{}\"", shard);
  return {count * index / parts, count * (index + 1) / parts};
}

std::vector<Persona> personas_of(const std::vector<std::string>& names) {
  std::vector<Persona> found;
  for (const std::string& name : names) {
    int i = 0;
    while (i < kPersonas && name != name_of(static_cast<Persona>(i))) ++i;
    if (i == kPersonas) throw usage_error("--personas: unknown persona \"{}\"", name);
    found.push_back(static_cast<Persona>(i));
  }
  return found;
}

// The share to keep of each kind of tuple; 1 for kinds that `texts` does not name.
std::map<std::string, double, std::less<>> kept_shares(const std::vector<std::string>& texts) {
  std::map<std::string, double, std::less<>> shares;
  for (int act = 0; act < kUserActs; ++act) shares[std::string("u.") + name_of(static_cast<UserAct>(act))] = 1;
  for (int kind = 0; kind < kSystemActKinds; ++kind) shares[name_of(static_cast<SystemActKind>(kind))] = 1;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    double share = -1;
    const char* end = text.data() + text.size();
    if (colon != std::string::npos && std::from_chars(text.data() + colon + 1, end, share).ptr != end) share = -1;
    const auto kind = shares.find(text.substr(0, colon));
    if (kind == shares.end() || !(share >= 0 && share <= 1)) {
      std::string kinds;
      for (const auto& [name, all] : shares) kinds += (kinds.empty() ? "" : ", ") + name;
      throw usage_error("--keep: expected KIND:SHARE with a kind of {} and a share of 0 to 1, found \"{}\"", kinds,
                        text);
    }
    kind->second = share;
  }
  return shares;
}

}  // namespace

TargetSplit::TargetSplit(std::string_view text) {
  const std::string whole(text);
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size()), colon = text.find(':');
    double share = 0;
    const bool good = colon != std::string_view::npos && colon > 0 && colon < comma &&
                      std::from_chars(text.data() + colon + 1, text.data() + comma, share).ptr == text.data() + comma &&
                      share > 0 && share <= 1e6;
    if (!good) throw usage_error("--split: expected NAME:SHARE,NAME:SHARE..., found \"{}\"", whole);
    parts_.emplace_back(text.substr(0, colon), share);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (parts_.empty()) throw usage_error("--split: expected NAME:SHARE,NAME:SHARE..., found nothing");
  double sum = 0;
  for (const auto& [name, share] : parts_) sum += share;
  for (auto& [name, share] : parts_) share /= sum;
}

std::vector<MovieId> TargetSplit::targets(const MovieCatalog& catalog, std::string_view part) const {
  double low = 0, high = 1;
  if (part != "all") {
    high = 0;
    bool found = false;
    for (const auto& [name, share] : parts_) {
      low = high;
      high += share;
      if ((found = name == part)) break;
    }
    if (!found) throw usage_error("--part: --split names no part \"{}\"", part);
    if (part == parts_.back().first) high = 1;
  }
  std::vector<MovieId> movies;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.genres_of(movie).empty() || (catalog.cast(movie).empty() && catalog.directors(movie).empty())) continue;
    const double place = static_cast<double>(hash64(catalog.tconst(movie), hash64("split")) >> 11) * 0x1.0p-53;
    if (place >= low && place < high) movies.push_back(movie);
  }
  if (movies.empty()) throw bad_data("{}: no movie with genre and people in part \"{}\"", catalog.path(), part);
  return movies;
}

void GeneratorOptions::add(OptionSet& options) {
  options.integer("count,n", &count, 1, std::int64_t{1} << 40, "number of conversations");
  options.choice("format", &format, {"alpaca", "messages", "conversations"},
                 "alpaca: one line per use of a skill; messages: chat messages; conversations: everything");
  options.text("split", &split, "PARTS", "how to divide the movies into parts: NAME:SHARE,NAME:SHARE...");
  options.text("part", &part, "NAME", "use only movies of this part as targets; all: every part");
  options.text("shard", &shard, "I/N", "generate only the I-th of N shards (from 0); joined, the shards are the whole");
  options.list("personas", &personas, "NAMES",
               "simulated users: terse, chatty, picky, undecided, changeable, volunteer, typos, nicknames, curious, "
               "demanding; default: all");
  options.alias("temperaments");
  options.list("keep", &keep, "KIND:SHARE",
               "with alpaca: keep a random share of one kind of line. Kinds are the system's acts (greet, ask, "
               "recommend, list, propose, compare, relax, not_found, beyond, explain, answer, confirm, wait, help, "
               "restart, english, close) and, for understanding, u. and the user's act "
               "(u.accept); easy kinds need fewer examples");
  options.integer("max-turns", &max_turns, 2, 1000, "turns of the system after which the user gives up");
}

GeneratorReport generate_conversations(const ChatSystem& system, const GeneratorOptions& options, std::uint64_t seed,
                                       ThreadPool& pool, const std::function<void(std::string_view)>& write,
                                       const std::function<void(std::uint64_t)>& advance) {
  const auto [first, last] = shard_range(options.shard, options.count);
  const MovieCatalog& catalog = system.catalog;
  const std::vector<MovieId> targets = TargetSplit(options.split).targets(catalog, options.part);
  const ConversationWorld world = system.world();
  const ConversationOptions talk{seed, static_cast<int>(options.max_turns), personas_of(options.personas)};

  const auto shares = kept_shares(options.keep);
  GeneratorReport report;
  std::vector<std::string> texts(kBatch);
  struct Counts {
    std::int64_t accepted = 0, tuples = 0;
  };
  std::vector<Counts> counts(kBatch);
  std::vector<Conversation> conversations(kBatch);
  for (std::int64_t begin = first; begin < last; begin += static_cast<std::int64_t>(kBatch)) {
    const auto size = static_cast<std::size_t>(std::min<std::int64_t>(last - begin, static_cast<std::int64_t>(kBatch)));
    pool.for_blocks(size, kBlock, [&](std::size_t from, std::size_t to, int) {
      for (std::size_t i = from; i < to; ++i) {
        const auto index = static_cast<std::uint64_t>(begin) + i;
        Random choice(seed, "target", index);
        const Conversation& conversation = conversations[i] = converse(world, talk, index, choice.pick(targets));
        std::string& text = texts[i];
        text.clear();
        counts[i] = {conversation.accepted ? 1 : 0, 0};
        if (options.format == "alpaca") {
          Random keeping(seed, "keep", index);
          for (const InstructionTuple& tuple : tuples_of(conversation, catalog)) {
            if (!keeping.chance(shares.find(tuple.kind)->second)) continue;
            text += tuple_json(tuple) + "\n";
            ++counts[i].tuples;
          }
        } else {
          text = (options.format == "messages" ? messages_json(conversation, catalog)
                                               : conversation_json(conversation, catalog)) +
                 "\n";
        }
      }
    });
    for (std::size_t i = 0; i < size; ++i) {
      write(texts[i]);
      ++report.conversations;
      report.accepted += counts[i].accepted;
      report.tuples += counts[i].tuples;
      for (const Exchange& exchange : conversations[i].exchanges) {
        if (exchange.user_text.empty()) continue;
        ++report.user_turns;
        report.talk.add(talk_state(exchange.acts), exchange.update.act, exchange.user_text);
      }
    }
    advance(size);
  }
  return report;
}

}  // namespace matinee
