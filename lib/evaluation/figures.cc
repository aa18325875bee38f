#include "lib/evaluation/figures.h"

namespace matinee {

double Figures::slot_f1() const {
  const double recall = slots_found.share(), precision = slots_claimed.share();
  return recall + precision == 0 ? 0 : 2 * recall * precision / (recall + precision);
}

void Figures::add(const Figures& other) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    exact[i].add(other.exact[i]);
    tokens[i].add(other.tokens[i]);
  }
  for (const auto member :
       {&Figures::asks_the_slot, &Figures::slots_found, &Figures::slots_claimed, &Figures::acts,
        &Figures::recommends_best, &Figures::recommends_true, &Figures::answers_right, &Figures::training_again,
        &Figures::success, &Figures::hit_1, &Figures::hit_10, &Figures::hit_50}) {
    (this->*member).add(other.*member);
  }
  reciprocal_ranks += other.reciprocal_ranks;
  turns += other.turns;
  replies += other.replies;
  ungrounded += other.ungrounded;
  unfinished += other.unfinished;
  misses += other.misses;
}

}  // namespace matinee
