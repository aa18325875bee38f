// synthconv: a catalog in, conversations between the policy and simulated users out, as JSON lines.
#include <fmt/format.h>

#include "lib/base/tool.h"
#include "lib/evaluation/conversation_generator.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{"synthconv",
                                    "makes conversations in which a simulated user with one movie in mind is led to it",
                                    "[options] MOVIES.BIN",
                                    "Each answer follows from facts of the target movie, which the user never names. "
                                    "Conversation I is the same in any shard and "
                                    "at any number of threads.",
                                    {"synthconv -n 10000 --part train movies.bin > train.jsonl",
                                     "synthconv -n 200 --part test --format conversations movies.bin | head -1"},
                                    "embed(1), tokenize(1), evaluate(1)"};
  GeneratorOptions generator;
  std::string output = "-";
  bool stats = false;
  std::vector<std::string> inputs;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kProgress,
      [&](OptionSet& options) {
        generator.add(options);
        options.text("output,o", &output, "FILE", "where the lines go; - is stdout");
        options.flag("stats", &stats, "say how many there were and how many users got their movie");
        options.positional(&inputs, "MOVIES.BIN", 1, 1);
      },
      [&](ToolContext& tool) {
        const MovieCatalog catalog(inputs.front());
        ThreadPool pool(tool.threads());
        OutputFile out(output);
        Progress progress =
            tool.progress("conversations", static_cast<std::uint64_t>(generator.count), "conversations");
        const GeneratorReport report = generate_conversations(
            catalog, generator, tool.common().seed, pool, [&](std::string_view text) { out.write(text); },
            [&](std::uint64_t done) { progress.advance(done); });
        out.commit();
        progress.finish();
        if (stats) {
          tool.note(fmt::format("{} conversations, {:.1f}% ended in the target, {:.2f} user turns each, {} tuples",
                                report.conversations,
                                100.0 * static_cast<double>(report.accepted) /
                                    static_cast<double>(std::max<std::int64_t>(report.conversations, 1)),
                                static_cast<double>(report.user_turns) /
                                    static_cast<double>(std::max<std::int64_t>(report.conversations, 1)),
                                report.tuples));
        }
        return 0;
      });
}
