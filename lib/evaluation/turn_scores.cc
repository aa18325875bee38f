#include "lib/evaluation/turn_scores.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/chat/model_skills.h"
#include "lib/evaluation/generator_pool.h"
#include "lib/io/text_reader.h"
#include "lib/understanding/labelled_turn.h"

namespace matinee {
namespace {

// The movie of a turn is among the most voted ones, and not one that the label names.
constexpr std::int32_t kWellKnown = 200;

std::vector<SystemAct> acts_before(const ChatSystem& system, const GoldNames& names, const ScoredTurn& turn,
                                   std::uint64_t seed) {
  Random random(seed, "scored turn", hash64(turn.id));
  const auto count = static_cast<std::uint64_t>(std::min(system.catalog.size(), kWellKnown));
  MovieId movie = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    movie = static_cast<MovieId>(random.below(count));
    const auto names_it = [&](const SlotPair& pair) {
      const std::vector<MovieId> meant = names.movies(pair.second);
      return std::find(meant.begin(), meant.end(), movie) != meant.end();
    };
    if (std::none_of(turn.gold.begin(), turn.gold.end(), names_it)) break;
  }
  return acts_of_state(turn.state, movie, random);
}

}  // namespace

std::vector<ScoredTurn> read_scored_turns(const std::vector<std::string>& paths) {
  std::vector<ScoredTurn> turns;
  for (const std::string& path : paths) {
    LineReader lines(path);
    std::string_view line;
    while (lines.next(line)) turns.push_back(with_context(lines.place(), [&] { return parse_scored_turn(line); }));
  }
  return turns;
}

TurnScore score_turns(const ChatSystem& system, const std::vector<ScoredTurn>& turns, std::uint64_t seed,
                      ThreadPool& pool, const std::function<Understanding&(int worker)>& reader,
                      const BeginProgress& progress) {
  const GoldNames names(system.catalog);
  std::vector<TurnScore> each(turns.size());
  Progress shown = progress("labelled turns", turns.size(), "turns");
  pool.for_blocks(turns.size(), 1, [&](std::size_t at, std::size_t, int worker) {
    const std::vector<SystemAct> acts = acts_before(system, names, turns[at], seed);
    const UnderstoodTurn found = reader(worker).understand(acts, turns[at].text);
    each[at].add(turns[at], found.update, TurnContext(acts).standing, names);
    shown.advance();
  });
  shown.finish();
  TurnScore sum;
  for (const TurnScore& score : each) sum.add(score);
  return sum;
}

TurnScore score_model(const ChatSystem& system, const LanguageModelOptions& model, const std::vector<ScoredTurn>& turns,
                      std::uint64_t seed, int threads, Device device) {
  GeneratorPool generators(model, threads, device);
  std::vector<ModelUnderstanding> readers;
  for (int i = 0; i < generators.threads().threads(); ++i) readers.emplace_back(generators.generator(i), system);
  return score_turns(
      system, turns, seed, generators.threads(),
      [&](int worker) -> Understanding& { return readers[static_cast<std::size_t>(worker)]; }, model.progress);
}

bool is_below(const TurnScore& model, const TurnScore& rule) {
  return model.acts.share() < rule.acts.share() || model.slots().f1() < rule.slots().f1();
}

}  // namespace matinee
