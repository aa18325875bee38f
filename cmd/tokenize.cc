// tokenize: turns training texts in JSON lines into packed token ids with a loss mask.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/options.h"
#include "lib/base/tool.h"
#include "lib/prompt/token_set_writer.h"
#include "lib/prompt/tokenize_lines.h"

namespace {

using namespace matinee;

struct Options {
  std::string model;
  std::string prompt_template = "plain";
  std::string output = "-";
  std::string long_samples = "refuse";
  TokenizeOptions tokenize;
  bool show = false;
  bool stats = false;
  std::vector<std::string> inputs;
};

void report_stats(const ToolContext& tool, const TokenSetWriter& writer, const TokenizeReport& report,
                  std::uint64_t longest, double seconds) {
  const auto samples = static_cast<double>(std::max<std::uint64_t>(writer.samples(), 1));
  const auto tokens = static_cast<double>(writer.tokens());
  tool.note(fmt::format("{} samples of {} lines, {} tokens ({:.1f} per sample, at most {}), {} supervised ({:.1f} %)",
                        writer.samples(), report.lines, writer.tokens(), tokens / samples, longest,
                        writer.supervised_tokens(),
                        100.0 * static_cast<double>(writer.supervised_tokens()) / std::max(tokens, 1.0)));
  tool.note(fmt::format("{:.2f} s, {:.1f} MB/s of input, {:.0f} tokens/s", seconds,
                        static_cast<double>(report.bytes) / 1e6 / seconds, tokens / seconds));
}

int tokenize(ToolContext& tool, Options& options) {
  if (options.model.empty()) throw usage_error("--model: name the folder of the base model, or its tokenizer.json");
  const bool writes = !options.show || tool.options().given("output");
  if (writes && options.output == "-" && isatty(STDOUT_FILENO))
    throw usage_error("tokens are binary: give -o FILE, or redirect stdout");
  if (options.inputs.empty()) options.inputs = {"-"};
  options.tokenize.long_samples = long_samples_from_name(options.long_samples);
  const Tokenizer tokenizer = Tokenizer::load(options.model);
  const PromptTemplate prompt_template(options.prompt_template);
  ThreadPool pool(tool.threads());
  Progress progress = tool.progress("tokenizing", 0, "lines");

  const bool color = std::getenv("NO_COLOR") == nullptr && isatty(STDOUT_FILENO);
  OutputFile shown("-");
  TokenSetWriter writer;
  std::uint64_t longest = 0;
  const auto began = std::chrono::steady_clock::now();
  const TokenizeReport report = tokenize_lines(
      options.inputs, tokenizer, prompt_template, options.tokenize, pool,
      [&](const EncodedSample& sample) {
        writer.add(sample);
        longest = std::max<std::uint64_t>(longest, sample.input_ids.size());
        if (options.show) shown.write(show_sample(tokenizer, sample, color));
      },
      [&](std::uint64_t lines) { progress.advance(lines); });
  progress.finish();
  if (options.show) shown.commit();
  if (report.refused > 0)
    tool.note(fmt::format("skipped {} lines that cannot be used; the first: {}", report.refused, report.first_refused));
  if (report.too_long > 0)
    tool.note(fmt::format("{} samples had over {} tokens: {}", report.too_long, options.tokenize.seq_len,
                          options.long_samples));
  if (writer.samples() == 0)
    throw bad_data("{}: no samples", options.inputs.front() == "-" ? "<stdin>" : options.inputs.front());
  if (writes) {
    writer.write(options.output, {.vocab_size = tokenizer.vocab_size(),
                                  .tokenizer_fingerprint = tokenizer.fingerprint(),
                                  .prompt_template = prompt_template.name(),
                                  .seq_len = options.tokenize.seq_len,
                                  .bos_token_id = tokenizer.bos_token_id(),
                                  .eos_token_id = prompt_template.end_token_id(tokenizer)});
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
  if (options.stats) report_stats(tool, writer, report, longest, elapsed.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "tokenize",
      "turns training texts (JSON lines) into packed token ids with a loss mask",
      "--model FOLDER [options] [FILE...]",
      R"(Each line is an Alpaca tuple {"instruction","input","output"}, {"messages":[{"role","content"}]} or {"text"}.
         The loss covers outputs and their end tokens; for "text", every token but the first. Special tokens written in
         the texts are treated as plain text. Without FILE, or with -, it reads stdin; gzip is recognized.)",
      {"tokenize --model testdata/mini -o tokens.bin conversations.jsonl",
       "synthconv movies.bin | tokenize --model testdata/mini --show | less -R"},
      "synthconv(1), lora-train(1), bin2tsv(1)"};
  Options options;
  return run_tool(
      argc, argv, description, kThreads | kProgress,
      [&](OptionSet& set) {
        set.text("model,m", &options.model, "FOLDER", "Hugging Face folder of the base model, or a tokenizer.json");
        set.choice("template", &options.prompt_template, PromptTemplate::names(), "the prompt format");
        set.integer("seq-len", &options.tokenize.seq_len, 2, 1 << 20, "the most tokens in a sample");
        set.choice("long", &options.long_samples, {"refuse", "cut", "skip", "split"},
                   "how to handle longer samples; split works for {\"text\"} only");
        set.flag("keep-going", &options.tokenize.keep_going, "skip invalid lines and report their number");
        set.text("output,o", &options.output, "FILE", "output file; - is stdout");
        set.flag("show", &options.show,
                 "print the samples with the supervised text marked; writes tokens only with -o");
        set.flag("stats", &options.stats, "report the numbers of samples and tokens and the speed");
        set.positional(&options.inputs, "FILE", 0, 1000);
      },
      [&](ToolContext& tool) { return tokenize(tool, options); });
}
