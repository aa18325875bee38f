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
  for (const auto member : {&Figures::asks_the_slot, &Figures::slots_found, &Figures::slots_claimed, &Figures::acts,
                            &Figures::recommends_best, &Figures::recommends_true, &Figures::answers_right,
                            &Figures::training_again, &Figures::success, &Figures::random_success,
                            &Figures::offers_broken, &Figures::hit_1, &Figures::hit_10, &Figures::hit_50}) {
    (this->*member).add(other.*member);
  }
  reciprocal_ranks += other.reciprocal_ranks;
  turns += other.turns;
  turns_to_offer += other.turns_to_offer;
  for (const auto& [movie, times] : other.offered) offered[movie] += times;
  sentences.insert(other.sentences.begin(), other.sentences.end());
  replies += other.replies;
  ungrounded += other.ungrounded;
  unfinished += other.unfinished;
  misses += other.misses;
  compared.insert(compared.end(), other.compared.begin(), other.compared.end());
  played.insert(played.end(), other.played.begin(), other.played.end());
}

}  // namespace matinee
