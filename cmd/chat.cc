// chat: a conversation that ends in a movie worth watching.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_loop.h"
#include "lib/chat/chat_setup.h"
#include "lib/recommend/movie_ranker.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{"chat",
                                    "talks with you until it has found a movie for you",
                                    "[options]",
                                    "Without options it takes what `make train` made. In a pipe it reads one line and "
                                    "answers with one line. On a terminal /help "
                                    "lists the commands; Ctrl-C stops a reply, twice leaves.",
                                    {"chat", "echo 'a comedy from the nineties' | chat",
                                     "chat --base base --adapter adapter --movies movies.bin --json"},
                                    "lora-train(1), evaluate(1), similar(1)"};
  LanguageModelOptions model_options;
  ChatLoopOptions loop;
  std::string movies, setup_path;
  std::vector<std::string> phrases;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        options.text("setup", &setup_path, "FILE", "a chat.json, which names base, adapter and movies");
        model_options.add(options);
        options.text("movies", &movies, "FILE", "the catalog that embed made");
        options.list("phrases", &phrases, "FILES", "files that add to the phrasebook");
        options.flag("json", &loop.json, "print acts, preferences and text of each turn as a line of JSON");
      },
      [&](ToolContext& tool) {
        if (setup_path.empty()) setup_path = find_chat_setup();
        if (!setup_path.empty()) {
          const ChatSetup setup = read_chat_setup(setup_path);
          if (model_options.base.empty()) {
            model_options.base = setup.base;
            if (model_options.adapter.empty()) model_options.adapter = setup.adapter;
          }
          if (movies.empty()) movies = setup.movies;
        }
        if (model_options.base.empty() || movies.empty()) {
          throw usage_error("no trained model found; run `make train` first, or name --base, --adapter and --movies");
        }
        model_options.seed = tool.common().seed;
        model_options.max_host_mem = tool.common().max_host_mem;
        loop.terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
        loop.color = loop.terminal && std::getenv("NO_COLOR") == nullptr;

        const MovieCatalog catalog(movies);
        Phrasebook phrasebook = Phrasebook::built_in();
        for (const std::string& path : phrases) phrasebook.add_file(path);
        ThreadPool pool(tool.threads());
        Context context(pool, resolve_device(tool.common().device));
        const LanguageModel model(context, model_options);
        TextGenerator generator(context, model, model_options.sampler, model_options.seed);
        const MentionFinder finder(catalog);
        const MentionResolver reader(catalog, finder, phrasebook);
        const MovieRanker ranker(catalog);
        const Policy policy(catalog, ranker);
        const ReplyWords words(phrasebook);
        ModelSkills skills(generator, catalog, reader, phrasebook, words, tool.common().seed);
        ChatSession session(catalog, policy, skills);
        if (tool.common().verbose) tool.note(fmt::format("{}, {} movies", model.description(), catalog.size()));
        OutputFile out("-");
        return run_chat_loop(
            session, catalog, loop, [&](std::string_view text) { out.write(text); }, [&] { out.flush(); });
      });
}
