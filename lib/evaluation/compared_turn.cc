#include "lib/evaluation/compared_turn.h"

#include "lib/base/list_members.h"

namespace matinee {
namespace {

std::vector<SlotPair> pairs_without_act(const PreferenceUpdate& update, const MovieCatalog& catalog) {
  std::vector<SlotPair> pairs = slot_values(update, catalog);
  std::erase_if(pairs, [](const SlotPair& pair) { return pair.first == "act"; });
  return pairs;
}

}  // namespace

ComparedTurn compare_updates(const PreferenceUpdate& wanted, const PreferenceUpdate& found,
                             const MovieCatalog& catalog) {
  ComparedTurn turn;
  turn.wanted = wanted.act;
  turn.found = found.act;
  turn.act_right = wanted.act == found.act;
  const std::vector<SlotPair> expected = pairs_without_act(wanted, catalog),
                              understood = pairs_without_act(found, catalog);
  for (const SlotPair& pair : expected) (holds(understood, pair) ? turn.right : turn.missing).push_back(pair);
  for (const SlotPair& pair : understood) {
    if (!holds(expected, pair)) turn.wrong.push_back(pair);
  }
  return turn;
}

}  // namespace matinee
