#include "lib/evaluation/labelled_tuples.h"

#include "lib/base/error.h"
#include "lib/io/text_reader.h"
#include "lib/simulation/conversation.h"
#include "lib/simulation/turn_variation.h"
#include "lib/understanding/labelled_turn.h"
#include "lib/understanding/reading_grammar.h"

namespace matinee {

void labelled_tuples(const ChatSystem& system, const std::string& path, std::int64_t copies, std::uint64_t seed,
                     const std::function<void(const InstructionTuple&, std::uint64_t turn)>& use) {
  LineReader lines(path);
  std::string_view line;
  while (lines.next(line)) {
    const LabelledTurn original = with_context(lines.place(), [&] { return parse_labelled_turn(line); });
    for (std::int64_t copy = 0; copy < copies; ++copy) {
      Random random(seed, "labelled turn", hash64(original.id) + static_cast<std::uint64_t>(copy));
      const LabelledTurn turn = copy == 0 ? original : varied(original, random);
      const auto movie = static_cast<MovieId>(random.below(static_cast<std::uint64_t>(system.catalog.size())));
      const std::vector<SystemAct> acts = acts_of_state(turn.state, movie, random);
      const MarkedTurn marked = marked_turn(turn, system.evidence, acts);
      const TurnContext context(acts);
      std::vector<Mark> marks = marked.marks;
      vary_names(marks, random);
      const std::string output = to_text(marked.reading, context.standing >= 0);
      const auto readable = [&] { return ReadingGrammar(turn.text, marks, context).accepts(output); };
      if (!readable()) {
        marks = marked.marks;
        if (!readable()) continue;
      }
      use(understand_tuple(acts, turn.text, marks, marked.reading), hash64(original.id));
    }
  }
}

}  // namespace matinee
