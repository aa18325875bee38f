#include "lib/evaluation/understanding_counts.h"

namespace matinee {

ActConfusion confusion_of(const std::vector<ComparedTurn>& turns) {
  ActConfusion confusion{};
  for (const ComparedTurn& turn : turns) {
    const UserAct found = turn.act_right ? turn.wanted : turn.found;
    ++confusion[static_cast<std::size_t>(turn.wanted)][static_cast<std::size_t>(found)];
  }
  return confusion;
}

std::map<std::string, SlotCounts, std::less<>> slot_counts(const Evaluation& evaluation) {
  std::map<std::string, SlotCounts, std::less<>> slots;
  const auto add = [&](const char* name, const std::vector<ComparedTurn>& turns) {
    for (const ComparedTurn& turn : turns) {
      for (const SlotPair& pair : turn.right) ++slots[pair.first][name].right;
      for (const SlotPair& pair : turn.wrong) ++slots[pair.first][name].wrong;
      for (const SlotPair& pair : turn.missing) ++slots[pair.first][name].missing;
    }
  };
  add("held_out", evaluation.model.compared);
  if (evaluation.has_rule) add("held_out_rule", evaluation.rule.compared);
  if (evaluation.turns) {
    add("turns", evaluation.turns->model.turns);
    add("turns_rule", evaluation.turns->rule.turns);
  }
  return slots;
}

}  // namespace matinee
