// evaluate: measures a trained model on the four skills, and how often self-play reaches the right movie.
#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_setup.h"
#include "lib/evaluation/evaluation.h"
#include "lib/evaluation/rule_reading.h"
#include "lib/evaluation/turn_scores.h"

namespace matinee {
namespace {

// Prints how the model and a rule without a model understand labelled turns, and writes the figures to `output` where
// that is given. Returns the exit status.
int score_labelled_turns(const ChatSystem& system, const LanguageModelOptions& model,
                         const std::vector<std::string>& files, bool fail_below_rule, const std::string& output,
                         ToolContext& tool) {
  const std::vector<ScoredTurn> turns = read_scored_turns(files);
  const std::uint64_t seed = tool.common().seed;
  const TurnScore by_model =
      score_model(system, model, turns, seed, tool.threads(), resolve_device(tool.common().device));
  RuleReading rule(system);
  ThreadPool one(1);
  const TurnScore by_rule = score_turns(system, turns, seed, one, [&](int) -> Understanding& { return rule; });
  const std::vector<std::pair<std::string, TurnScore>> scores{{"model", by_model}, {"rule", by_rule}};
  if (!output.empty()) write_file(output, score_json(scores) + "\n");
  OutputFile out("-");
  out.write(score_table(scores));
  out.commit();
  if (!fail_below_rule || !is_below(by_model, by_rule)) return 0;
  tool.note("the model's act or slot F1 is below the rule's");
  return 1;
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "evaluate",
      "measures a trained model on held-out conversations and in self-play with simulated users",
      "[options]",
      R"(Without options it evaluates the model that `make train` made, or the one that was installed with it. The model was never trained on the targets of
         the held-out part. The templates column is an upper bound: the same policy with phrases from the phrasebook,
         and with the user's true meaning given instead of inferred.)",
      {"evaluate", "evaluate --self-play 500 -o figures.json", "evaluate --turns testdata/turns/work.jsonl",
       "evaluate --base base --adapter adapter --movies movies.bin --without-adapter"},
      "chat(1), synthconv(1), lora-train(1)"};
  TrainedChatOptions chat;
  EvaluationOptions evaluation;
  std::string output, misses;
  std::vector<std::string> turns;
  bool fail_below_rule = false;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        chat.add(options);
        evaluation.add(options);
        options.text("output,o", &output, "FILE", "also write the figures to this file as JSON");
        options.text("misses", &misses, "FILE",
                     "write every output that differs from the data, or from what the user meant, as JSON lines");
        options.list("turns", &turns, "FILES",
                     "only: how well the labelled turns of these files are understood, beside a rule without a model");
        options.offer_suffixes({".jsonl"});
        options.flag("fail-below-rule", &fail_below_rule,
                     "with --turns: fail where the model's act or slot F1 is below the rule's");
      },
      [&](ToolContext& tool) {
        chat.complete();
        chat.model.max_host_mem = tool.common().max_host_mem;
        chat.model.note = tool.notes();
        const ChatSystem system(chat.system);
        if (!turns.empty()) return score_labelled_turns(system, chat.model, turns, fail_below_rule, output, tool);
        const Evaluation result = evaluate(system, chat.model, evaluation, tool.common().seed, tool.threads(),
                                           resolve_device(tool.common().device), tool.notes());
        if (!output.empty()) write_file(output, result.json() + "\n");
        if (!misses.empty()) write_file(misses, result.model.misses);
        OutputFile out("-");
        out.write(result.table());
        out.commit();
        return 0;
      });
}
