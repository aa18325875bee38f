// evaluate: how well a trained model does the four skills, and how often a simulated user gets their movie.
#include <fmt/format.h>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_setup.h"
#include "lib/evaluation/evaluation.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "evaluate",
      "measures a trained model on held-out conversations and in self-play with simulated users",
      "[options]",
      "Without options it takes what `make train` made. Targets of the held-out part were never trained on. The "
      "templates are the same "
      "policy with phrases of the book, told what the user meant: what a perfect understanding would reach.",
      {"evaluate --self-play 500 -o figures.json",
       "evaluate --base base --adapter adapter --movies movies.bin --without-adapter"},
      "chat(1), synthconv(1), lora-train(1)"};
  LanguageModelOptions model;
  EvaluationOptions evaluation;
  std::string movies, setup_path, output, misses;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        options.text("setup", &setup_path, "FILE", "a chat.json, which names base, adapter and movies");
        model.add(options);
        options.text("movies", &movies, "FILE", "the catalog that embed made");
        evaluation.add(options);
        options.text("output,o", &output, "FILE", "also write the figures as JSON");
        options.text("misses", &misses, "FILE",
                     "write each output that is not as in the data or as meant, as JSON lines");
      },
      [&](ToolContext& tool) {
        if (setup_path.empty()) setup_path = find_chat_setup();
        if (!setup_path.empty() && model.base.empty()) {
          const ChatSetup setup = read_chat_setup(setup_path);
          model.base = setup.base;
          if (model.adapter.empty()) model.adapter = setup.adapter;
          if (movies.empty()) movies = setup.movies;
        }
        if (model.base.empty() || movies.empty()) {
          throw usage_error("no trained model found; run `make train` first, or name --base, --adapter and --movies");
        }
        model.max_host_mem = tool.common().max_host_mem;
        const MovieCatalog catalog(movies);
        const Evaluation result = evaluate(catalog, model, evaluation, tool.common().seed, tool.threads(),
                                           resolve_device(tool.common().device), tool.notes());
        if (!output.empty()) write_file(output, result.json() + "\n");
        if (!misses.empty()) write_file(misses, result.model.misses);
        OutputFile out("-");
        out.write(result.table());
        out.commit();
        return 0;
      });
}
