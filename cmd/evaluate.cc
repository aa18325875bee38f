// evaluate: measures a trained model on the four skills, and how often self-play reaches the right movie.
#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_setup.h"
#include "lib/evaluation/evaluation.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "evaluate",
      "measures a trained model on held-out conversations and in self-play with simulated users",
      "[options]",
      R"(Without options it evaluates the model that `make train` made. The model was never trained on the targets of
         the held-out part. The templates column is an upper bound: the same policy with phrases from the phrasebook,
         and with the user's true meaning given instead of inferred.)",
      {"evaluate --self-play 500 -o figures.json",
       "evaluate --base base --adapter adapter --movies movies.bin --without-adapter"},
      "chat(1), synthconv(1), lora-train(1)"};
  TrainedChatOptions chat;
  EvaluationOptions evaluation;
  std::string output, misses;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        chat.add(options);
        evaluation.add(options);
        options.text("output,o", &output, "FILE", "also write the figures to this file as JSON");
        options.text("misses", &misses, "FILE",
                     "write every output that differs from the data, or from what the user meant, as JSON lines");
      },
      [&](ToolContext& tool) {
        chat.complete();
        chat.model.max_host_mem = tool.common().max_host_mem;
        const ChatSystem system(chat.system);
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
