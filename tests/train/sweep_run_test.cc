#include "lib/train/sweep_run.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/io/text_reader.h"
#include "lib/train/sweep_table.h"
#include "tests/train/training_workplace.h"

namespace matinee {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::TemporaryFolder;
using testing::Workplace;

// Sweeps on the tiny base. `options` are those of the command line.
struct SweepPlace : Workplace {
  SweepPlace() {
    testing::TinyTokens held = testing::tiny_tokens(12, 8);
    held.tokenizer_fingerprint = tokens.tokenizer_fingerprint;
    held.write(folder.file("valid"));
    call.sweep.file = folder.file("sweep.json");
    call.tokens = folder.file("tokens");
    call.options = {{"base", base},       {"valid", folder.file("valid")}, {"output", folder.file("sweep")},
                    {"max-steps", "9"},   {"micro-batch-tokens", "64"},    {"validate-every", "4"},
                    {"warmup-steps", "1"}};
  }
  int sweep(const std::string& json, const std::string& shard = "") {
    write_file(call.sweep.file, json);
    call.sweep.shard = shard;
    const OptionSet none;
    const ToolContext tool(description, common, none);
    return run_sweep(call, tool);
  }
  std::string refusal(const std::string& json) {
    return error_of([&] { sweep(json); });
  }
  std::string path(const std::string& name) const { return folder.file("sweep/" + name); }
  std::string table() const { return read_file(path("sweep.tsv")); }
  RunRecord record(int number) const { return read_run_record(path("run-00" + std::to_string(number))); }
  // A column of the table, without its head.
  std::vector<std::string> column(std::size_t index) const {
    std::vector<std::string> cells;
    LineReader reader(path("sweep.tsv"));
    for (std::string_view line; reader.next(line);) {
      for (std::size_t i = 0; i < index; ++i) line.remove_prefix(line.find('\t') + 1);
      cells.emplace_back(line.substr(0, line.find('\t')));
    }
    return {cells.begin() + 1, cells.end()};
  }
  // The adapter of an ordinary run with the same options.
  std::string plain_run(int rank, double rate) {
    run.output = folder.file("plain");
    run.valid = folder.file("valid");
    run.lora.rank = rank;
    run.train.max_steps = 9;
    run.train.validate_every = 4;
    run.train.warmup_steps = 1;
    run.train.learning_rate = rate;
    train();
    return read_file(run.output + "/adapter_model.safetensors");
  }
  SweepCall call;
};

constexpr const char* kGrid = R"({"options":{"rank":[1,2],"learning-rate":[0.01,0.05]}})";

TEST(SweepRun, RanksTheRunsLinksTheBestAndEachIsWhatLoraTrainMakes) {
  SweepPlace at;
  EXPECT_EQ(at.sweep(kGrid), 0);
  EXPECT_EQ(at.column(0), (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(at.column(2), std::vector<std::string>(4, "finished"));
  std::vector<double> losses;
  for (const std::string& cell : at.column(3)) losses.push_back(std::stod(cell));
  EXPECT_TRUE(std::is_sorted(losses.begin(), losses.end()));
  EXPECT_EQ(fs::read_symlink(at.path("best")), at.column(1).front());
  EXPECT_EQ(read_file(at.path("run-003/adapter_model.safetensors")), at.plain_run(2, 0.01));
  for (const char* file : {"adapter_config.json", "metrics.jsonl", "run.json", "training.json"})
    EXPECT_TRUE(file_exists(at.path("run-001/" + std::string(file)))) << file;
}

TEST(SweepRun, TheBaseIsLoadedOnceForEachFormat) {
  SweepPlace at;
  TrainingResources resources(1, {DeviceKind::kCpu, 0}, 0);
  const OptionSet none;
  const ToolContext tool(at.description, at.common, none);
  SingleRank alone;
  for (const char* format : {"f32", "int8", "f32", "int8"}) {
    SweepRunOptions options;
    options.assign_known(at.call.options);
    options.assign("base-format", format);
    options.run.tokens = at.call.tokens;
    options.run.output = at.folder.file("of shared " + std::string(format));
    EXPECT_TRUE(run_training({.options = options.run, .given = options.set}, resources, tool, alone).is_finished);
  }
  EXPECT_EQ(resources.bases_loaded(), 2);
}

TEST(SweepRun, FinishedRunsAreKeptAndOthersAreTrained) {
  SweepPlace at;
  at.sweep(kGrid);
  const std::string table = at.table();
  write_file(at.path("run-001/adapter_model.safetensors"), "untouched");
  fs::remove_all(at.path("run-002"));
  fs::remove(at.path("best"));
  EXPECT_EQ(at.sweep(kGrid), 0);
  EXPECT_EQ(at.table(), table);
  EXPECT_EQ(read_file(at.path("run-001/adapter_model.safetensors")), "untouched");
  EXPECT_TRUE(fs::is_symlink(at.path("best")));
  // A process that was killed between the result and its record.
  RunRecord record = at.record(3);
  record.status = RunStatus::kStarted;
  record.valid_loss.reset();
  write_run_record(at.path("run-003"), record);
  at.sweep(kGrid);
  EXPECT_EQ(at.table(), table);
}

TEST(SweepRun, MoreValuesContinueTheSweepAndOthersAreRefused) {
  SweepPlace at;
  at.sweep(R"({"options":{"rank":[1],"learning-rate":[0.01,0.05]}})");
  write_file(at.path("run-001/adapter_model.safetensors"), "untouched");
  EXPECT_EQ(at.sweep(kGrid), 0);
  EXPECT_EQ(at.column(0).size(), 4u);
  EXPECT_EQ(read_file(at.path("run-001/adapter_model.safetensors")), "untouched");
  EXPECT_EQ(at.refusal(R"({"options":{"rank":[1,2],"learning-rate":[0.01,0.07]}})"),
            at.path("run-002") +
                ": belongs to another sweep: learning-rate was 0.05, and is 0.07 now; name another "
                "output folder, or remove this one");
  at.call.options.emplace_back("dropout", "0.1");
  EXPECT_EQ(at.refusal(kGrid), at.path("run-001") +
                                   ": belongs to another sweep: dropout was not given, and is 0.1 now; "
                                   "name another output folder, or remove this one");
}

TEST(SweepRun, ADivergingRunIsRecordedAndTheOthersGoOn) {
  SweepPlace at;
  at.call.options.emplace_back("weight-decay", "10");
  EXPECT_EQ(at.sweep(R"({"options":{"learning-rate":[10,0.01]}})"), 0);
  EXPECT_EQ(at.column(1), (std::vector<std::string>{"run-002", "run-001"}));
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "diverged"}));
  EXPECT_NE(at.record(1).message.find("step"), std::string::npos);
  // Diverged runs would diverge again.
  fs::remove(at.path("run-001/metrics.jsonl"));
  EXPECT_EQ(at.sweep(R"({"options":{"learning-rate":[10,0.01]}})"), 0);
  EXPECT_FALSE(file_exists(at.path("run-001/metrics.jsonl")));
}

TEST(SweepRun, AFailedRunIsRecordedAndTriedAgain) {
  SweepPlace at;
  fs::create_directories(at.path("run-001"));
  fs::create_directory(at.path("run-001/metrics.jsonl"));  // in the way of the file
  EXPECT_EQ(at.sweep(R"({"options":{"rank":[1,2]}})"), 1);
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "failed"}));
  EXPECT_NE(at.record(1).message.find("metrics.jsonl"), std::string::npos);
  fs::remove(at.path("run-001/metrics.jsonl"));
  EXPECT_EQ(at.sweep(R"({"options":{"rank":[1,2]}})"), 0);
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "finished"}));
}

constexpr const char* kHalving =
    R"({"search":"halving","eta":2,"rungs":2,"options":{"rank":[1,2],"learning-rate":[0.01,0.05]}})";

TEST(SweepRun, HalvingContinuesTheBestFromTheirCheckpoints) {
  SweepPlace at;
  EXPECT_EQ(at.sweep(kHalving), 0);
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "finished", "dropped", "dropped"}));
  std::vector<std::pair<double, int>> rung;
  for (int run = 1; run <= 4; ++run) {
    const RunRecord record = at.record(run);
    ASSERT_EQ(record.pauses, std::vector<std::int64_t>{5});  // half of 9 updates
    rung.emplace_back(record.rung_losses.front(), run);
    EXPECT_EQ(record.steps, record.status == RunStatus::kFinished ? 9 : 5);
  }
  std::sort(rung.begin(), rung.end());
  for (std::size_t place = 0; place < 4; ++place) {
    EXPECT_EQ(at.record(rung[place].second).status, place < 2 ? RunStatus::kFinished : RunStatus::kPaused);
  }
  // The pause changes nothing: a survivor is what an ordinary run makes.
  const int survivor = rung.front().second;
  EXPECT_EQ(read_file(at.path("run-00" + std::to_string(survivor) + "/adapter_model.safetensors")),
            at.plain_run(survivor <= 2 ? 1 : 2, survivor % 2 == 1 ? 0.01 : 0.05));
  // Other rungs are another sweep.
  EXPECT_EQ(
      at.refusal(R"({"search":"halving","eta":3,"rungs":2,"options":{"rank":[1,2],"learning-rate":[0.01,0.05]}})"),
      at.path("run-001") +
          ": belongs to another sweep: the end of rung 1 was step 5, and is step 3 now; name "
          "another output folder, or remove this one");
}

TEST(SweepRun, ShardsMakeTheWhole) {
  for (const char* json : {kGrid, kHalving}) {
    SweepPlace whole, parts;
    whole.sweep(json);
    // Halving needs the other shard's runs before it goes on.
    for (const char* shard : {"2/2", "1/2", "2/2", "1/2"}) EXPECT_EQ(parts.sweep(json, shard), 0);
    EXPECT_EQ(parts.table(), whole.table());
    EXPECT_EQ(fs::read_symlink(parts.path("best")), fs::read_symlink(whole.path("best")));
    for (int run = 1; run <= 4; ++run) {
      const std::string file = "run-00" + std::to_string(run) + "/adapter_model.safetensors";
      EXPECT_EQ(read_file(parts.path(file)), read_file(whole.path(file))) << run;
    }
  }
}

TEST(SweepRun, AShardTrainsItsRunsOnly) {
  SweepPlace at;
  at.sweep(kGrid, "2/3");
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "waiting", "waiting", "waiting"}));
  EXPECT_EQ(at.column(1).front(), "run-002");
  EXPECT_FALSE(file_exists(at.path("run-001")));
}

// In place of evaluate: writes a figure that depends on the rank.
std::string fake_evaluate(const TemporaryFolder& folder, const std::string& body) {
  const std::string path = folder.file("evaluate");
  write_file(path, "#!/bin/sh\n" + body);
  fs::permissions(path, fs::perms::owner_all);
  return path;
}
constexpr const char* kCountArguments =
    "adapter=$4\nwhile [ $# -gt 1 ]; do shift; done\n"
    "rank=$(sed -n 's/.*\"r\": *\\([0-9]*\\).*/\\1/p' \"$adapter/adapter_config.json\")\n"
    "echo \"{\\\"model\\\":{\\\"act\\\":0.$rank}}\" >\"$1\"\n";

TEST(SweepRun, RanksByAFigureOfEvaluate) {
  SweepPlace at;
  at.call.evaluate_program = fake_evaluate(at.folder, kCountArguments);
  EXPECT_EQ(at.sweep(R"({"options":{"rank":[1,3,2]},"rank_by":"act","evaluate":["--turns","x"]})"), 0);
  EXPECT_EQ(at.column(1), (std::vector<std::string>{"run-002", "run-003", "run-001"}));
  EXPECT_EQ(at.column(3), (std::vector<std::string>{"0.3", "0.2", "0.1"}));
  EXPECT_EQ(at.sweep(R"({"options":{"rank":[1,3,2]},"rank_by":"act","better":"lower","evaluate":["--turns","x"]})"), 0);
  EXPECT_EQ(at.column(1), (std::vector<std::string>{"run-001", "run-003", "run-002"}));
  EXPECT_EQ(at.refusal(R"({"options":{"rank":[1,3,2]},"rank_by":"fact","evaluate":["--turns","y"]})"),
            at.call.sweep.file + ": " + at.path("run-001") + "/figures.json: no figure \"fact\"; there are act");
}

TEST(SweepRun, AFailedEvaluationIsRecordedAndTriedAgain) {
  SweepPlace at;
  at.call.evaluate_program = fake_evaluate(at.folder, "echo evaluate: no such file >&2\nexit 1\n");
  const std::string json = R"({"options":{"rank":[1,2]},"figures":["act"],"evaluate":["--turns","x"]})";
  EXPECT_EQ(at.sweep(json), 1);
  EXPECT_EQ(at.column(2), (std::vector<std::string>{"finished", "finished"}));
  EXPECT_EQ(at.record(1).message, "evaluate failed with status 1: evaluate: no such file");
  fake_evaluate(at.folder, kCountArguments);
  EXPECT_EQ(at.sweep(json), 0);
  EXPECT_EQ(at.record(1).message, "");
}

TEST(SweepRun, FaultsAreFoundBeforeAnythingIsWritten) {
  SweepPlace at;
  EXPECT_EQ(at.refusal(R"({"options":{"samples":[5,31]}})"),
            "run-002 (samples 31): --samples: " + at.call.tokens + " has 30 samples, found 31");
  EXPECT_EQ(at.refusal(R"({"options":{"max-steps":[5]}})"),
            "--max-steps: is in " + at.call.sweep.file + ", too; give it once");
  at.call.options.emplace_back("metrics", "m");
  EXPECT_EQ(at.refusal(kGrid), "--metrics: each run of a sweep has its own in its folder; leave it out");
  at.call.options.pop_back();
  std::erase_if(at.call.options, [](const auto& option) { return option.first == "valid"; });
  EXPECT_EQ(at.refusal(kGrid),
            "run-001 (rank 1, learning-rate 0.01): --valid FILE is missing; the runs are ranked by "
            "their validation losses");
  EXPECT_FALSE(file_exists(at.folder.file("sweep")));
}

TEST(SweepRun, ThePlanCountsRunsUpdatesAndRungs) {
  SweepPlace at;
  write_file(at.call.sweep.file,
             R"({"search":"halving","eta":2,"options":{"rank":[1,2],"learning-rate":[0.01,0.05]}})");
  const OptionSet none;
  const ToolContext tool(at.description, at.common, none);
  const std::string text = plan_sweep(at.call, tool);
  EXPECT_TRUE(
      text.starts_with("runs        4: rank (2), learning-rate (2)\n"
                       "rungs       4 to 25 %, 2 to 50 %, 1 to 100 % of the updates\n"
                       "updates     18, "))
      << text;  // (4/4 + 2/4 + 1/2) · 9 updates
  EXPECT_FALSE(file_exists(at.folder.file("sweep")));
}

}  // namespace
}  // namespace matinee
