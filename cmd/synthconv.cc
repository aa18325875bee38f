// synthconv: generates conversations between the policy and simulated users from a catalog, as JSON lines.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/evaluation/conversation_generator.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "synthconv",
      "generates conversations that lead a simulated user to a target movie",
      "[options] [MOVIES.BIN]",
      R"(The user's answers follow from facts about the target, which the user never names. MOVIES.BIN is the same as
         --movies. Conversation I depends only on the seed and on I, not on the shard or the number of threads.
         --stats also reports how many conversations reached a movie that the user takes, how many lines there are of each
         kind and how many repeat others, and how users talk beside real people.)",
      {"synthconv -n 10000 -o conversations.jsonl movies.bin",
       "synthconv -n 10000 --part train movies.bin > train.jsonl",
       "synthconv -n 200 --part test --format conversations movies.bin | head -1"},
      "embed(1), tokenize(1), evaluate(1)"};
  ChatSystemOptions system_options;
  GeneratorOptions generator;
  std::string output = "-";
  std::vector<std::string> inputs;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kProgress | kStats,
      [&](OptionSet& options) {
        system_options.add(options);
        generator.add(options);
        options.text("output,o", &output, "FILE", "output file; - is stdout");
        options.positional(&inputs, "MOVIES.BIN", 0, 1);
        options.offer_suffixes({".bin"});
      },
      [&](ToolContext& tool) {
        if (!inputs.empty()) system_options.movies = inputs.front();
        if (system_options.movies.empty()) throw usage_error("expected MOVIES.BIN, made by embed");
        const ChatSystem system(system_options);
        generator.tuples.count_repeats = tool.common().stats;
        ThreadPool pool(tool.threads());
        OutputFile out(output);
        Progress progress =
            tool.progress("conversations", static_cast<std::uint64_t>(generator.count), "conversations");
        const GeneratorReport report = generate_conversations(
            system, generator, tool.common().seed, pool, [&](std::string_view text) { out.write(text); },
            [&](std::uint64_t done) { progress.advance(done); });
        out.commit();
        progress.finish();
        tool.finished({static_cast<std::uint64_t>(report.conversations), "conversations"});
        tool.finished(out.bytes_written());
        if (tool.common().stats) {
          const auto conversations = static_cast<double>(std::max<std::int64_t>(report.conversations, 1));
          tool.note(fmt::format("{} conversations, {:.1f}% found a movie, {:.2f} user turns each", report.conversations,
                                100.0 * static_cast<double>(report.accepted) / conversations,
                                static_cast<double>(report.user_turns) / conversations));
          if (report.labelled > 0) tool.note(fmt::format("{} lines of labelled turns", report.labelled));
          if (report.tuples.written() > 0) tool.note(report.tuples.table(generator.tuples.distinct));
          tool.note(report.talk.table());
        }
        return 0;
      });
}
