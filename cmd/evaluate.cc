// evaluate: measures a trained model on the four skills, and how often self-play reaches the right movie.
#include "lib/base/tool.h"
#include "lib/evaluation/evaluation_run.h"
#include "lib/evaluation/report_run.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "evaluate",
      "measures a trained model on held-out conversations and in self-play with simulated users",
      "[options]",
      R"(Without options it evaluates the model that `make train` made, or the one that was installed with it. The
         model was never trained on the targets of the held-out part. The templates column is an upper bound: the same policy with phrases from the phrasebook,
         and with the user's true meaning given instead of inferred.)",
      {"evaluate", "evaluate --self-play 500 --report report.html -o figures.json",
       "evaluate --turns testdata/turns/work.jsonl",
       "evaluate --base base --adapter adapter --movies movies.bin --without-adapter"},
      "chat(1), synthconv(1), lora-train(1)"};
  EvaluationRunOptions options;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem, [&](OptionSet& set) { options.add(set); },
      [&](ToolContext& tool) { return run_evaluation(options, command_text(argc, argv), tool); });
}
