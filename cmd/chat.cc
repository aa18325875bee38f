// chat: talks with the user to find a movie, on a terminal, in a pipe or over HTTP.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>

#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/chat/chat_loop.h"
#include "lib/chat/chat_setup.h"
#include "lib/chat/model_skills.h"
#include "lib/chat/viewing_import.h"
#include "lib/model/checkpoint_files.h"
#include "lib/serve/serve_model.h"

namespace {

using namespace matinee;

struct Options {
  TrainedChatOptions chat;
  ChatLoopOptions loop;
  ChatServerOptions serve;
  MemoryOptions memory;

  void add(OptionSet& options) {
    chat.add(options);
    options.flag("json", &loop.json, "answer each line with a line of JSON: what was understood, acts, text");
    options.flag("allow-save", &loop.allow_save, "allow /save in a pipe, too; it never replaces a file");
    memory.add(options);
    serve.add(options);
  }
};

int talk(Options& options, const ChatSystem& system, Context& context, const LanguageModel& model,
         const ToolContext& tool) {
  ChatLoopOptions& loop = options.loop;
  std::optional<ViewingHistory> history;
  const std::string& memory = options.memory.memory;
  if (!memory.empty()) loop.history = &history.emplace(memory, system.catalog, tool.notes());
  loop.columns = terminal_columns;
  loop.color = loop.terminal && std::getenv("NO_COLOR") == nullptr;
  const std::uint64_t seed = options.chat.model.seed;
  TextGenerator generator(context, model, options.chat.model.sampler, seed);
  ModelWording wording(generator, system, seed);
  ModelUnderstanding understanding(generator, system);
  ChatSession session(system, wording, understanding);
  session.set_seed(seed);
  if (loop.terminal) count_interrupts();
  OutputFile out("-");
  const auto lines = loop.terminal ? terminal_lines() : piped_lines();
  run_chat_loop(
      session, *lines, loop, [&](std::string_view text) { out.write(text); }, [&] { out.flush(); });
  return 0;
}

int run(Options& options, const ToolContext& tool) {
  LanguageModelOptions& model_options = options.chat.model;
  options.memory.check();
  if (!options.memory.imports.empty()) {
    if (options.chat.system.movies.empty()) options.chat.complete();
    OutputFile out("-");
    import_files(options.memory, options.chat.system.movies, tool.notes(),
                 [&](std::string_view text) { out.write(text); });
    out.flush();
    return 0;
  }
  options.chat.complete();
  std::optional<ChatServer> server;
  if (!options.serve.address.empty()) {
    model_options.slots = server.emplace(options.serve, tool.notes()).slots();
    watch_stop_signals();
  }
  model_options.seed = tool.common().seed;
  model_options.max_host_mem = tool.common().max_host_mem;
  model_options.progress = progress_of(tool);
  options.loop.note = model_options.note = tool.notes();
  options.loop.terminal = !server && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  // On a terminal each session draws its own seed. Scripts stay reproducible, and so does a session with --seed.
  if (options.loop.terminal && model_options.seed == CommonOptions{}.seed) model_options.seed = std::random_device{}();

  Progress reading = tool.progress("reading the catalog", 0, "");
  const ChatSystem system(options.chat.system);
  reading.finish();
  ThreadPool pool(tool.threads());
  Context context(pool, resolve_device(tool.common().device));
  if (const std::string note = note_on_checkpoint(model_options.base); !note.empty()) tool.note(note);
  const LanguageModel model(context, model_options, server ? 0 : 1);
  if (const std::string& note = model.adapter_note(); !note.empty()) tool.note(note);
  if (tool.common().verbose) tool.note(fmt::format("{}, {} movies", model.description(), system.catalog.size()));
  if (!server) return talk(options, system, context, model, tool);
  serve_model(*server, {system, context, model, model_options.sampler, model_options.seed, options.memory.memory},
              tool.common().verbose, stop_requested);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "chat",
      "talks with you until it has found a movie for you",
      "[options]",
      R"(Without options it uses the model that `make train` made, or the one that was installed with it. In a pipe it
         answers each line with one line. On a terminal, /help lists the commands; Ctrl-C stops a reply, and pressing it
         twice quits. With --serve it is a web page and an endpoint of OpenAI's API, for this machine only.)",
      {"chat", "chat --serve", "echo 'a comedy from the nineties' | chat",
       "chat --base base --adapter adapter --movies movies.bin --json",
       "chat --memory ~/movies.jsonl --import watched.csv,ratings.csv"},
      "lora-train(1), evaluate(1), similar(1)"};
  Options options;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kMaxHostMem, [&](OptionSet& set) { options.add(set); },
      [&](ToolContext& tool) { return run(options, tool); });
}
