#include "lib/evaluation/conversation_generator.h"

#include <algorithm>
#include <charconv>

#include "lib/base/format_error.h"
#include "lib/evaluation/labelled_tuples.h"
#include "lib/evaluation/part_split.h"

namespace matinee {
namespace {

constexpr std::size_t kBatch = 512, kBlock = 8;

std::pair<std::int64_t, std::int64_t> shard_range(const std::string& shard, std::int64_t count) {
  std::int64_t index = 0, parts = 0;
  const std::size_t slash = shard.find('/');
  const char* end = shard.data() + shard.size();
  const bool good = slash != std::string::npos &&
                    std::from_chars(shard.data(), shard.data() + slash, index).ptr == shard.data() + slash &&
                    std::from_chars(shard.data() + slash + 1, end, parts).ptr == end;
  if (!good || parts < 1 || parts > 1'000'000 || index < 0 || index >= parts)
    throw usage_error("--shard: expected I/N with 0 <= I < N, found \"{}\"", shard);
  return {count * index / parts, count * (index + 1) / parts};
}

std::vector<Persona> personas_of(const std::vector<std::string>& names) {
  std::vector<Persona> found;
  for (const std::string& name : names) {
    int i = 0;
    while (i < kPersonas && name != name_of(static_cast<Persona>(i))) ++i;
    if (i == kPersonas) throw usage_error("--personas: unknown persona \"{}\"", name);
    found.push_back(static_cast<Persona>(i));
  }
  return found;
}

// Refuses options that only lines of alpaca have a use for.
void require_alpaca(const GeneratorOptions& options) {
  if (options.format == "alpaca") return;
  const TupleSelectionOptions& tuples = options.tuples;
  const char* unused = !tuples.keep.empty()      ? "--keep"
                       : tuples.distinct         ? "--distinct"
                       : !tuples.exclude.empty() ? "--exclude"
                       : !options.turns.empty()  ? "--turns"
                                                 : nullptr;
  if (unused != nullptr) throw usage_error("{} needs --format alpaca, found --format {}", unused, options.format);
}

}  // namespace

void GeneratorOptions::add(OptionSet& options) {
  options.integer("count,n", &count, 1, std::int64_t{1} << 40, "number of conversations");
  options.choice("format", &format, {"alpaca", "messages", "conversations"},
                 "alpaca: one line per use of a skill; messages: chat messages; conversations: everything");
  options.text("split", &split, "PARTS",
               "how to divide the movies, and with alpaca the wordings, into parts: NAME:SHARE,NAME:SHARE...");
  options.text("part", &part, "NAME",
               "use only movies of this part as targets and, with alpaca, only lines whose wording is of this part; "
               "all: every part");
  options.offer_words({"train", "valid", "test", "all"});
  options.text("shard", &shard, "I/N", "generate only the I-th of N shards (from 0); joined, the shards are the whole");
  options.list("personas", &personas, "NAMES",
               "simulated users: terse, chatty, picky, undecided, changeable, volunteer, typos, nicknames, curious, "
               "demanding; default: all");
  options.alias("temperaments");
  std::vector<std::string> names;
  for (int persona = 0; persona < kPersonas; ++persona) names.push_back(name_of(static_cast<Persona>(persona)));
  options.offer_words(names);
  tuples.add(options);
  options.list("turns", &turns, "FILES",
               "with alpaca: also lines for the labelled turns of these files; with --shard they are in the last one");
  options.offer_suffixes({".jsonl"});
  options.integer("copies", &copies, 1, 1000, "variations of each labelled turn");
  options.integer("max-turns", &max_turns, 2, 1000, "turns of the system after which the user gives up");
}

GeneratorReport generate_conversations(const ChatSystem& system, const GeneratorOptions& options, std::uint64_t seed,
                                       ThreadPool& pool, const std::function<void(std::string_view)>& write,
                                       const std::function<void(std::uint64_t)>& advance) {
  const auto [first, last] = shard_range(options.shard, options.count);
  const MovieCatalog& catalog = system.catalog;
  const bool alpaca = options.format == "alpaca";
  require_alpaca(options);
  const PartSplit split(options.split);
  const std::vector<MovieId> targets = split.targets(catalog, options.part);
  const ConversationWorld world = system.world();
  const ConversationOptions talk{seed, static_cast<int>(options.max_turns), personas_of(options.personas)};

  TupleSelection selection(options.tuples, split.part(options.part));
  GeneratorReport report;
  std::vector<std::string> texts(kBatch);             // of other formats than alpaca
  std::vector<std::vector<TupleLine>> lines(kBatch);  // of alpaca
  std::vector<Conversation> conversations(kBatch);
  for (std::int64_t begin = first; begin < last; begin += static_cast<std::int64_t>(kBatch)) {
    const auto size = static_cast<std::size_t>(std::min<std::int64_t>(last - begin, static_cast<std::int64_t>(kBatch)));
    pool.for_blocks(size, kBlock, [&](std::size_t from, std::size_t to, int) {
      for (std::size_t i = from; i < to; ++i) {
        const auto index = static_cast<std::uint64_t>(begin) + i;
        Random choice(seed, "target", index);
        const Conversation& conversation = conversations[i] = converse(world, talk, index, choice.pick(targets));
        lines[i].clear();
        if (alpaca) {
          Random keeping(seed, "keep", index);
          for (const InstructionTuple& tuple : tuples_of(conversation, catalog))
            lines[i].push_back(selection.line(tuple, keeping));
        } else {
          texts[i] = (options.format == "messages" ? messages_json(conversation, catalog)
                                                   : conversation_json(conversation, catalog)) +
                     "\n";
        }
      }
    });
    for (std::size_t i = 0; i < size; ++i) {
      if (!alpaca) write(texts[i]);
      for (const TupleLine& line : lines[i]) {
        if (selection.take(line)) write(line.text);
      }
      ++report.conversations;
      report.accepted += conversations[i].accepted ? 1 : 0;
      for (const Exchange& exchange : conversations[i].exchanges) {
        if (exchange.user_text.empty()) continue;
        ++report.user_turns;
        report.talk.add(talk_state(exchange.acts), exchange.update.act, exchange.user_text);
      }
    }
    advance(size);
  }
  // Behind the conversations of the whole, so in the last shard.
  for (const std::string& file : last == options.count ? options.turns : std::vector<std::string>()) {
    labelled_tuples(system, file, options.copies, seed, [&](const InstructionTuple& tuple, std::uint64_t turn) {
      const TupleLine line = selection.line(tuple);
      if (selection.take(line, turn)) write(line.text);
      ++report.labelled;
    });
  }
  report.tuples = selection.statistics();
  return report;
}

}  // namespace matinee
