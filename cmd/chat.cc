// chat: talks with the user to find a movie, on a terminal or in a pipe.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_loop.h"
#include "lib/chat/chat_setup.h"
#include "lib/chat/model_skills.h"
#include "lib/chat/viewing_import.h"
#include "lib/model/checkpoint_files.h"

namespace {

using namespace matinee;

int import_files(const std::vector<std::string>& files, const std::string& memory, const std::string& movies,
                 const ToolContext& tool) {
  const MovieCatalog catalog(movies);
  const TitleIndex titles(catalog);
  ViewingHistory history(memory, catalog, tool.notes());
  OutputFile out("-");
  for (const std::string& file : files) {
    out.write(report_text(import_viewings(file, catalog, titles, history, tool.notes()), file, memory));
    out.flush();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "chat",
      "talks with you until it has found a movie for you",
      "[options]",
      R"(Without options it uses the model that `make train` made. In a pipe it answers each line with one line. On a
         terminal, /help lists the commands; Ctrl-C stops a reply, and pressing it twice quits.)",
      {"chat", "echo 'a comedy from the nineties' | chat",
       "chat --base base --adapter adapter --movies movies.bin --json",
       "chat --memory ~/movies.jsonl --import watched.csv,ratings.csv"},
      "lora-train(1), evaluate(1), similar(1)"};
  TrainedChatOptions chat;
  ChatLoopOptions loop;
  std::string memory;
  std::vector<std::string> imports;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        chat.add(options);
        options.flag("json", &loop.json, "answer each line with a line of JSON: what was understood, acts, text");
        options.flag("allow-save", &loop.allow_save, "allow /save in a pipe, too; it never replaces a file");
        options.group("Memory");
        options.text("memory", &memory, "FILE", "remember in this file what you have seen, liked and disliked");
        options.list("import", &imports, "FILES",
                     "add CSV exports of Letterboxd or IMDb to the memory, print a report and end");
      },
      [&](ToolContext& tool) {
        if (!imports.empty()) {
          if (memory.empty()) throw usage_error("--import adds to a memory; give --memory FILE, too");
          if (chat.system.movies.empty()) chat.complete();
          return import_files(imports, memory, chat.system.movies, tool);
        }
        chat.complete();
        chat.model.seed = tool.common().seed;
        chat.model.max_host_mem = tool.common().max_host_mem;
        chat.model.note = tool.notes();
        loop.terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
        // On a terminal each session draws its own seed. Scripts stay reproducible, and so does a session with --seed.
        if (loop.terminal && chat.model.seed == CommonOptions{}.seed) chat.model.seed = std::random_device{}();
        loop.columns = terminal_columns;
        loop.color = loop.terminal && std::getenv("NO_COLOR") == nullptr;

        const ChatSystem system(chat.system);
        std::optional<ViewingHistory> history;
        if (!memory.empty()) loop.history = &history.emplace(memory, system.catalog, tool.notes());
        loop.note = tool.notes();
        ThreadPool pool(tool.threads());
        Context context(pool, resolve_device(tool.common().device));
        if (const std::string note = note_on_checkpoint(chat.model.base); !note.empty()) tool.note(note);
        const LanguageModel model(context, chat.model);
        if (!model.adapter_note().empty()) tool.note(model.adapter_note());
        TextGenerator generator(context, model, chat.model.sampler, chat.model.seed);
        ModelWording wording(generator, system, chat.model.seed);
        ModelUnderstanding understanding(generator, system);
        ChatSession session(system, wording, understanding);
        session.set_seed(chat.model.seed);
        if (tool.common().verbose) tool.note(fmt::format("{}, {} movies", model.description(), system.catalog.size()));
        OutputFile out("-");
        if (loop.terminal) count_interrupts();
        const auto lines = loop.terminal ? terminal_lines() : piped_lines();
        run_chat_loop(
            session, *lines, loop, [&](std::string_view text) { out.write(text); }, [&] { out.flush(); });
        return 0;
      });
}
