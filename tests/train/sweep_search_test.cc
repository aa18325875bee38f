#include "lib/train/sweep_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/base/words.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

SweepPlan plan_of(const std::string& json) { return parse_sweep_plan(json, "sweep.json"); }
std::string refusal(const std::string& json) {
  return error_of([&] { plan_of(json); });
}
std::vector<std::string> lines_of(const SweepPlan& plan) {
  std::vector<std::string> lines;
  for (const OptionTexts& settings : settings_of_runs(plan)) {
    std::vector<std::string> words;
    for (const auto& [name, text] : settings) words.push_back(name + "=" + text);
    lines.push_back(joined(words, " "));
  }
  return lines;
}

TEST(SweepPlan, AGridHasEveryCombinationAndTheLastOptionVariesFastest) {
  const SweepPlan plan =
      plan_of(R"({"options":{"rank":[8,16],"learning-rate":[1e-3,0.002,3E-05],"base-format":"int8"}})");
  const std::vector<std::string> expected{
      "rank=8 learning-rate=0.001 base-format=int8",  "rank=8 learning-rate=0.002 base-format=int8",
      "rank=8 learning-rate=3e-05 base-format=int8",  "rank=16 learning-rate=0.001 base-format=int8",
      "rank=16 learning-rate=0.002 base-format=int8", "rank=16 learning-rate=3e-05 base-format=int8"};
  EXPECT_EQ(lines_of(plan), expected);
}

TEST(SweepPlan, OptionsVaryTogetherListsAndFlagsAreTaken) {
  const SweepPlan plan = plan_of(
      R"({"options":{"rank, alpha":[[8,16],[64,128]],"targets":[["q_proj","v_proj"],"all-linear"],"dora":[true,false]}})");
  EXPECT_EQ(lines_of(plan)[0], "rank=8 alpha=16 targets=q_proj,v_proj dora=true");
  EXPECT_EQ(lines_of(plan)[3], "rank=8 alpha=16 targets=all-linear dora=false");
  EXPECT_EQ(lines_of(plan)[4], "rank=64 alpha=128 targets=q_proj,v_proj dora=true");
  EXPECT_EQ(lines_of(plan).size(), 8u);
}

TEST(SweepPlan, FaultsNameTheirPlace) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"options":{"rank":[8,"x"]}})", "options.rank[1]: expected a whole number from 1 to 65536, found \"x\""},
      {R"({"options":{"rank":[8,0]}})", "options.rank[1]: expected a whole number from 1 to 65536, found \"0\""},
      {R"({"options":{"rank":8.5}})", "options.rank: expected a whole number from 1 to 65536, found \"8.5\""},
      {R"({"options":{"rank,alpha":[[8,16],[8]]}})",
       "options.rank,alpha[1]: expected 2 values, one for each of rank, alpha, found 1"},
      {R"({"options":{"rank,alpha":[[8,16],[8,-1]]}})",
       "options.rank,alpha[1][1]: expected a number from 0 to 1000000, found \"-1\""},
      {R"({"options":{"ranks":[8]}})", "options.ranks: lora-train has no option --ranks for a run"},
      {R"({"options":{"threads":[1,2]}})", "options.threads: lora-train has no option --threads for a run"},
      {R"({"options":{"output":["a"]}})",
       "options.output: --output is for the whole sweep; give it on the command line"},
      {R"({"options":{"dora":["yes"]}})", "options.dora[0]: expected true or false, found \"yes\""},
      {R"({"options":{"rank":[]}})", "options.rank: expected at least one value"},
      {R"({"options":{"rank":[8],"alpha,rank":[[1,2]]}})", "options.alpha,rank: --rank is there twice"},
      {R"({"options":{"schedule":["cosine","sine"]}})",
       "options.schedule[1]: expected one of cosine, linear, constant, wsd, found \"sine\""},
      {R"({"options":{"rank":{"integers":[4,8]}}})",
       "options.rank: a grid takes a list of values; a range is for search \"random\""},
      {R"({"search":"random","options":{"rank":{"integers":[4,8]}}})",
       "runs: missing; expected how many runs are drawn"},
      {R"({"search":"random","runs":3,"options":{"rank":{"integers":[8,4]}}})",
       "options.rank.integers: expected the lower end first, found [8,4]"},
      {R"({"search":"random","runs":3,"options":{"rank":{"integers":[4,80000]}}})",
       "options.rank.integers[1]: expected a whole number from 1 to 65536, found \"80000\""},
      {R"({"search":"random","runs":3,"options":{"learning-rate":{"log-uniform":[0,1]}}})",
       "options.learning-rate.log-uniform[0]: expected a number above 0, found 0"},
      {R"({"search":"random","runs":3,"options":{"learning-rate":{"normal":[0,1]}}})",
       "options.learning-rate: expected one of uniform, log-uniform, integers, found \"normal\""},
      {R"({"search":"guess","options":{}})", "search: expected one of grid, random, halving, found \"guess\""},
      {R"({"search":"grid","runs":5,"options":{"rank":[8]}})",
       "runs: a grid has as many runs as its values have combinations; leave it out"},
      {R"({"eta":3,"options":{"rank":[8]}})", "eta: is for search \"halving\""},
      {R"({"search":"halving","eta":1,"options":{"rank":[8]}})", "eta: expected an integer from 2 to 1000, found 1"},
      {R"({"options":{"rank":[8]},"rank_by":"act"})",
       "evaluate: missing; expected the arguments of evaluate, which makes the figure \"act\""},
      {R"({"options":{"rank":[8]},"better":"less"})", "better: expected \"lower\" or \"higher\", found \"less\""},
      {R"({"option":{"rank":[8]}})",
       "option: expected one of search, options, runs, seed, rank_by, better, figures, evaluate, eta, rungs"},
      {R"([])", "expected an object, found []"},
      {R"({"search":"grid"})", "options: missing"}};
  for (const auto& [json, message] : cases) EXPECT_EQ(refusal(json), "sweep.json: " + message) << json;
  EXPECT_TRUE(refusal("{").starts_with("sweep.json: not valid JSON: ")) << refusal("{");
}

constexpr const char* kRandom =
    R"({"search":"random","runs":RUNS,"options":{"rank":{"integers":[4,7]},"learning-rate":{"log-uniform":[0.0001,0.1]},
        "dropout":{"uniform":[0,0.5]},"schedule":["cosine","linear"]}})";
SweepPlan random_plan(const std::string& runs) {
  std::string json = kRandom;
  return plan_of(json.replace(json.find("RUNS"), 4, runs));
}

TEST(SweepSearch, DrawsStayInTheirRangesAndCoverThem) {
  std::set<std::string> ranks, schedules;
  std::vector<double> rates, dropouts;
  for (const OptionTexts& settings : settings_of_runs(random_plan("400"))) {
    ranks.insert(settings[0].second);
    rates.push_back(std::stod(settings[1].second));
    dropouts.push_back(std::stod(settings[2].second));
    schedules.insert(settings[3].second);
  }
  EXPECT_EQ(ranks, (std::set<std::string>{"4", "5", "6", "7"}));
  EXPECT_EQ(schedules, (std::set<std::string>{"cosine", "linear"}));
  for (const double rate : rates) EXPECT_TRUE(rate >= 0.0001 && rate <= 0.1) << rate;
  for (const double dropout : dropouts) EXPECT_TRUE(dropout >= 0 && dropout <= 0.5) << dropout;
  // Each third of the range, by its logarithm and by itself, gets about a third of the draws: 133 ± 9.4.
  for (const auto& [values, low, high, logarithmic] :
       {std::tuple(rates, std::log(0.0001), std::log(0.1), true), std::tuple(dropouts, 0.0, 0.5, false)}) {
    std::array<int, 3> thirds{};
    for (const double value : values) {
      const double share = ((logarithmic ? std::log(value) : value) - low) / (high - low);
      ++thirds[static_cast<std::size_t>(std::min(2.0, 3 * share))];
    }
    for (const int count : thirds) EXPECT_NEAR(count, 133, 40);
  }
}

TEST(SweepSearch, MoreRunsBeginWithTheSameAndAnotherSeedDrawsOthers) {
  const std::vector<std::string> few = lines_of(random_plan("5")), many = lines_of(random_plan("9"));
  EXPECT_EQ(few, std::vector<std::string>(many.begin(), many.begin() + 5));
  EXPECT_EQ(std::set<std::string>(many.begin(), many.end()).size(), 9u);
  SweepPlan other = random_plan("5");
  other.seed = 2;
  EXPECT_NE(lines_of(other), few);
}

TEST(SweepSearch, RungsOfHalving) {
  SweepPlan plan;
  plan.search = SweepSearch::kHalving;
  const auto text = [&](std::size_t runs) {
    std::string all;
    for (const SweepRung& rung : rungs_of(plan, runs))
      all += std::to_string(rung.runs) + ":" + std::to_string(pause_of(rung, 270)) + " ";
    return all;
  };
  EXPECT_EQ(text(27), "27:10 9:30 3:90 1:0 ");
  EXPECT_EQ(text(10), "10:30 3:90 1:0 ");
  EXPECT_EQ(text(2), "2:0 ");
  plan.eta = 2;
  plan.rungs = 2;
  EXPECT_EQ(text(8), "8:135 4:0 ");
  plan.rungs = 5;
  EXPECT_EQ(error_of([&] { rungs_of(plan, 8); }), "rungs: expected at most 4 for 8 runs with eta 2, found 5");
  EXPECT_EQ(pause_of({4, 0.25}, 1), 0);
  EXPECT_EQ(pause_of({4, 0.01}, 20), 1);
}

TEST(SweepSearch, TheLowestLossesSurviveAndTiesGoToTheEarlierRun) {
  const std::vector<std::optional<double>> losses{0.5, std::nullopt, 0.2, 0.3, 0.2, 0.1};
  EXPECT_EQ(lowest_losses(losses, 2), (std::vector<std::size_t>{2, 5}));
  EXPECT_EQ(lowest_losses(losses, 3), (std::vector<std::size_t>{2, 4, 5}));
  EXPECT_EQ(lowest_losses(losses, 9), (std::vector<std::size_t>{0, 2, 3, 4, 5}));
}

TEST(SweepSearch, ShardsPartTheRuns) {
  std::vector<int> owners(11);
  for (int shard = 1; shard <= 4; ++shard) {
    const SweepShard part = parse_shard(std::to_string(shard) + "/4");
    for (std::size_t run = 0; run < owners.size(); ++run) owners[run] += part.has(run) ? 1 : 0;
  }
  EXPECT_EQ(std::count(owners.begin(), owners.end(), 1), 11);
  EXPECT_TRUE(parse_shard("").has(10));
  EXPECT_TRUE(parse_shard("2/3").has(1));
  for (const char* wrong : {"0/3", "4/3", "1", "1/", "/3", "1/3x", "-1/3", "a/b", "1/0"})
    EXPECT_EQ(error_of([&] { parse_shard(wrong); }),
              std::string("--shard: expected I/N with I from 1 to N, such as 2/8, found \"") + wrong + "\"");
}

}  // namespace
}  // namespace matinee
