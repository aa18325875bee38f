// chat: talks with the user to find a movie, on a terminal or in a pipe.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_loop.h"
#include "lib/chat/chat_setup.h"
#include "lib/chat/model_skills.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "chat",
      "talks with you until it has found a movie for you",
      "[options]",
      R"(Without options it uses the model that `make train` made. In a pipe it answers each line with one line. On a
         terminal, /help lists the commands; Ctrl-C stops a reply, and pressing it twice quits.)",
      {"chat", "echo 'a comedy from the nineties' | chat",
       "chat --base base --adapter adapter --movies movies.bin --json"},
      "lora-train(1), evaluate(1), similar(1)"};
  TrainedChatOptions chat;
  ChatLoopOptions loop;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        chat.add(options);
        options.flag("json", &loop.json, "answer each line with a line of JSON: what was understood, acts, text");
        options.flag("allow-save", &loop.allow_save, "allow /save in a pipe, too; it never replaces a file");
      },
      [&](ToolContext& tool) {
        chat.complete();
        chat.model.seed = tool.common().seed;
        chat.model.max_host_mem = tool.common().max_host_mem;
        loop.terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
        loop.columns = terminal_columns;
        loop.color = loop.terminal && std::getenv("NO_COLOR") == nullptr;

        const ChatSystem system(chat.system);
        ThreadPool pool(tool.threads());
        Context context(pool, resolve_device(tool.common().device));
        const LanguageModel model(context, chat.model);
        TextGenerator generator(context, model, chat.model.sampler, chat.model.seed);
        ModelWording wording(generator, system, chat.model.seed);
        ModelUnderstanding understanding(generator, system);
        ChatSession session(system, wording, understanding);
        if (tool.common().verbose) tool.note(fmt::format("{}, {} movies", model.description(), system.catalog.size()));
        OutputFile out("-");
        if (loop.terminal) count_interrupts();
        const auto lines = loop.terminal ? terminal_lines() : piped_lines();
        run_chat_loop(
            session, *lines, loop, [&](std::string_view text) { out.write(text); }, [&] { out.flush(); });
        return 0;
      });
}
