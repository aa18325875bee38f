// The evaluation with templates in the place of a model, which takes milliseconds and is known exactly.
#include "lib/evaluation/evaluation.h"

#include <gtest/gtest.h>

#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;

EvaluationOptions few() {
  EvaluationOptions options;
  options.held_out = 12;
  options.training = 8;
  options.self_play = 20;
  return options;
}

std::string json(const Figures& figures) {
  Evaluation evaluation;
  evaluation.templates = figures;
  return evaluation.json();
}

TEST(Evaluation, TemplatesWordWhatThePhrasebookListsAndUnderstandEverything) {
  ThreadPool pool(2);
  const Figures figures = evaluate_templates(small_system(), few(), 1, pool);
  for (const Ratio& exact : figures.exact) {
    EXPECT_GT(exact.all, 0);
    EXPECT_EQ(exact.right, exact.all);
  }
  for (const Ratio* all_right : {&figures.asks_the_slot, &figures.slots_found, &figures.slots_claimed, &figures.acts,
                                 &figures.recommends_best, &figures.recommends_true, &figures.training_again}) {
    EXPECT_GT(all_right->all, 0);
    EXPECT_EQ(all_right->right, all_right->all);
  }
  EXPECT_EQ(figures.slot_f1(), 1);
  EXPECT_EQ(figures.ungrounded, 0);
  EXPECT_EQ(figures.unfinished, 0);
  EXPECT_EQ(figures.misses, "");
  EXPECT_EQ(figures.success.all, 20);
  EXPECT_EQ(figures.hit_1.all, 20);
  EXPECT_LE(figures.hit_1.right, figures.hit_10.right);
  EXPECT_LE(figures.hit_10.right, figures.hit_50.right);
  EXPECT_GE(figures.reciprocal_ranks, static_cast<double>(figures.hit_1.right));
  EXPECT_GE(figures.turns, 20 * 2);
  EXPECT_LE(figures.turns, 20 * 10);
  for (const Ratio& tokens : figures.tokens) EXPECT_EQ(tokens.all, 0);
}

// Users who took whatever is offered would say nothing about a system.
TEST(Evaluation, RandomMoviesPleaseFewerThanAThirdOfTheUsersThatThePolicyPleases) {
  ThreadPool pool(2);
  EvaluationOptions options = few();
  options.held_out = options.training = 0;
  options.self_play = 120;
  const Figures figures = evaluate_templates(small_system(), options, 1, pool);
  EXPECT_GT(figures.success.share(), 0.5);
  EXPECT_EQ(figures.random_success.all, 120);
  EXPECT_LT(figures.random_success.share(), figures.success.share() / 3);
}

TEST(Evaluation, OffersMeetWhatIsStoredOrSayOtherwise) {
  ThreadPool pool(2);
  EvaluationOptions options = few();
  options.held_out = options.training = 0;
  options.self_play = 60;
  const Figures figures = evaluate_templates(small_system(), options, 1, pool);
  EXPECT_GT(figures.offers_broken.all, 60);
  EXPECT_EQ(figures.offers_broken.right, 0);
  EXPECT_GT(figures.offered.size(), 40u);
  EXPECT_GT(figures.sentences.size(), 60u);
  EXPECT_LT(figures.turns_to_offer, 2 * 60);
}

TEST(Evaluation, FiguresDoNotDependOnTheNumberOfThreads) {
  ThreadPool one(1), three(3);
  const std::string figures = json(evaluate_templates(small_system(), few(), 1, one));
  EXPECT_EQ(json(evaluate_templates(small_system(), few(), 1, three)), figures);
  EXPECT_NE(json(evaluate_templates(small_system(), few(), 2, one)), figures);
}

TEST(Evaluation, ASlowUserIsNoSuccess) {
  ThreadPool pool(2);
  EvaluationOptions options = few();
  options.held_out = options.training = 0;
  options.max_turns = 2;
  const Figures hurried = evaluate_templates(small_system(), options, 1, pool);
  options.max_turns = 30;
  const Figures patient = evaluate_templates(small_system(), options, 1, pool);
  EXPECT_LE(hurried.turns, 20 * 2);
  EXPECT_LT(hurried.success.right, patient.success.right);
  EXPECT_EQ(patient.exact[0].all, 0) << "nothing was prompted";
}

TEST(Evaluation, AnUnknownPartIsRefused) {
  ThreadPool pool(1);
  EvaluationOptions options = few();
  options.part = "dev";
  EXPECT_EQ(error_of([&] { evaluate_templates(small_system(), options, 1, pool); }),
            "--part: --split names no part \"dev\", but train, valid, test, or all");
}

TEST(Evaluation, TheTableHasAColumnForEachSystem) {
  Evaluation evaluation;
  evaluation.model.asks_the_slot = {3, 4};
  evaluation.base.asks_the_slot = {1, 4};
  evaluation.templates.asks_the_slot = {4, 4};
  const std::string row = "ask: the question is about the slot                     75.0 %             100.0 %\n";
  EXPECT_NE(evaluation.table().find(row), std::string::npos) << evaluation.table();
  evaluation.has_base = true;
  const std::string wide = "ask: the question is about the slot                     75.0 %    25.0 %   100.0 %\n";
  EXPECT_NE(evaluation.table().find(wide), std::string::npos) << evaluation.table();
  EXPECT_EQ(evaluation.table().find("tokens right"), std::string::npos) << "not measured";
  evaluation.model.tokens[0] = {1, 2};
  EXPECT_NE(evaluation.table().find("ask: tokens right"), std::string::npos);
}

}  // namespace
}  // namespace matinee
