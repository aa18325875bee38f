// The cost of the token constraint: microseconds per token of replies and of readings, under real vocabularies.
//
//     constraint_speed [SECONDS]     of measuring for each row; default 1
//
// Each reply and each reading has a new language, as in the chat. A step is what TextGenerator does between two passes
// of the model: the run of forced tokens, the mask for the next choice, and taking both; the choice is random.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <ctime>

#include "lib/constraint/token_constraint.h"
#include "lib/understanding/reading_grammar.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/wording.h"
#include "tests/chat/real_vocabularies.h"
#include "tests/understanding/sample_evidence.h"
#include "tests/wording/random_acts.h"

namespace {

using namespace matinee;

// Of this thread's processor time, so that other programs do not count.
double microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::int32_t any_allowed(const TokenMask& mask, Random& random) {
  std::vector<std::int32_t> ids;
  for (std::size_t word = 0; word < mask.words().size(); ++word) {
    for (std::uint64_t bits = mask.words()[word]; bits != 0; bits &= bits - 1)
      ids.push_back(static_cast<std::int32_t>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
  }
  return random.pick(ids);
}

struct Costs {
  std::vector<double> steps;
  std::size_t tokens = 0, texts = 0;

  void measure(const TokenTrie& trie, const ByteAutomaton& language, std::int32_t end, Random& random) {
    TokenConstraint constraint(trie, language, end);
    ++texts;
    while (!constraint.ended()) {
      const double began = microseconds();
      for (const std::int32_t id : constraint.forced_run()) {
        constraint.accept(id);
        ++tokens;
      }
      const TokenMask& mask = constraint.mask();
      double cost = microseconds() - began;
      if (!constraint.ended()) {
        const std::int32_t id = any_allowed(mask, random);
        const double taking = microseconds();
        constraint.accept(id);
        cost += microseconds() - taking;
        ++tokens;
      }
      steps.push_back(cost);
    }
  }
  void print(std::string_view vocabulary, std::int32_t size, std::string_view what) {
    std::sort(steps.begin(), steps.end());
    double sum = 0;
    for (const double cost : steps) sum += cost;
    fmt::print("| {} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", vocabulary, size, what,
               sum / static_cast<double>(tokens), sum / static_cast<double>(steps.size()),
               steps[steps.size() * 99 / 100], static_cast<double>(tokens) / static_cast<double>(texts));
    std::fflush(stdout);
  }
};

void measure(const std::string& name, const std::string& path, double seconds) {
  const Tokenizer tokenizer = Tokenizer::load(path);
  const TokenTrie trie(tokenizer);
  const std::int32_t end = testing::end_token(tokenizer);
  const MovieCatalog& catalog = testing::SampleWorld::get().catalog;
  const auto run = [&](std::string_view what, auto&& once) {
    Random random(1, what);
    Costs costs;
    for (const double began = microseconds(); microseconds() - began < 1e6 * seconds;) once(costs, random);
    costs.print(name, tokenizer.vocab_size(), what);
  };
  run("replies", [&](Costs& costs, Random& random) {
    SaidSentences said;
    said.add("Hello! What kind of movie are you in the mood for?");
    const auto kind = static_cast<SystemActKind>(random.below(kSystemActKinds));
    const auto made = testing::random_act(kind, catalog, random);
    const PhraseLanguage language(testing::built_in_phrases(), possible_wordings(made.act, made.preferences, catalog),
                                  &said);
    costs.measure(trie, language, end, random);
  });
  run("readings", [&](Costs& costs, Random& random) {
    static const std::vector<std::string> kTurns{"a comedy from the 90s with Tom Hanks, not too long",
                                                 "I've seen it, something newer?",
                                                 "no horror. anything else, whatever"};
    const std::string& text = random.pick(kTurns);
    const std::vector<SystemAct> acts{{.kind = SystemActKind::kRecommend, .movie = 3}};
    const TurnContext context(acts);
    const std::vector<Mark> marks = testing::sample_evidence().find(acts, text);
    const ReadingGrammar language(text, marks, context);
    costs.measure(trie, language, end, random);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  fmt::print("| vocabulary | tokens | text | µs per token | µs per step | 99th of 100 steps | tokens per text |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const auto& [name, path] : testing::real_vocabularies())
    if (!path.empty()) measure(name, path, seconds);
  return 0;
}
