#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/evaluation/evaluation.h"

namespace matinee {

/// [act that was meant][act that was understood], in the order of UserAct. An act that the label also allows counts as
/// the label's.
using ActConfusion = std::array<std::array<std::int64_t, kUserActs>, kUserActs>;
ActConfusion confusion_of(const std::vector<ComparedTurn>& turns);

/// Counts of one slot by where they are from: "held_out", "held_out_rule", "turns", "turns_rule".
using SlotCounts = std::map<std::string, TurnScore::Slots, std::less<>>;
/// Of each slot that occurs, by its key in an update.
std::map<std::string, SlotCounts, std::less<>> slot_counts(const Evaluation& evaluation);

}  // namespace matinee
