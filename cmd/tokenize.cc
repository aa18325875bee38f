// tokenize: turns training texts into packed token ids with a loss mask.
#include "lib/base/tool.h"
#include "lib/prompt/tokenize_run.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "tokenize",
      "turns training texts (JSON lines or a JSON array) into packed token ids with a loss mask",
      "--model FOLDER [options] [FILE...]",
      R"(A text is an object: an exchange {"instruction","input","output"} (Alpaca; prompt and completion, query and
         response, question and answer, context; with "system" and "history" it is a conversation), a conversation
         {"messages":[{"role","content"}]} (or "conversations" with from and value: ShareGPT), or running text {"text"}.
         Each stands on a line of its own, or all are in one JSON array. The loss covers the assistant's replies and
         their end tokens; a reply with "weight":0 is not learned. For "text" it covers every token but the first.
         Conversations that a template cannot hold are mended, and texts without anything to learn are left out; both
         are counted at the end; --stats counts samples and tokens, too. Without FILE, or with -, it reads stdin; gzip is
         recognized.)",
      {"tokenize --model base -o tokens conversations.jsonl",
       "synthconv movies.bin | tokenize --model base --show | less -R"},
      "synthconv(1), lora-train(1), bin2tsv(1)"};
  TokenizeRun run;
  return run_tool(
      argc, argv, description, kThreads | kProgress | kStats, [&](OptionSet& options) { run.add(options); },
      [&](ToolContext& tool) {
        run_tokenizer(run, tool);
        return 0;
      });
}
