#include "lib/chat/chat_commands.h"

#include <fmt/format.h>

#include "lib/chat/one_line.h"

namespace matinee {
namespace {

struct Row {
  const char *usage, *help;
  ChatCommand::Kind kind;
  bool local;  // only where the program runs
};
constexpr Row kRows[] = {
    {"/why", "explain the recommendation", ChatCommand::Kind::kWhy, false},
    {"/facts", "show the facts about the movie", ChatCommand::Kind::kAside, false},
    {"/more", "get another recommendation", ChatCommand::Kind::kMore, false},
    {"/undo", "take back your last line, a goodbye too", ChatCommand::Kind::kUndo, false},
    {"/restart", "start over", ChatCommand::Kind::kRestart, false},
    {"/save FILE", "save the conversation to a file", ChatCommand::Kind::kAside, true},
    {"/help", "show this text", ChatCommand::Kind::kAside, false},
    {"/quit", "leave (also Ctrl-D, or Ctrl-C twice)", ChatCommand::Kind::kAside, true},
};

}  // namespace

ChatCommand command_of(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] != '/') return {};
  line = line.substr(first, line.find_last_not_of(" \t") + 1 - first);
  const std::size_t space = line.find_first_of(" \t");
  ChatCommand command{ChatCommand::Kind::kAside, std::string(line.substr(0, space))};
  if (space != std::string_view::npos) command.argument = line.substr(line.find_first_not_of(" \t", space));
  for (const Row& row : kRows) {
    const std::string_view usage = row.usage;
    if (command.word == usage.substr(0, usage.find(' '))) command.kind = row.kind;
  }
  return command;
}

std::vector<std::string> help_lines(bool local) {
  std::vector<std::string> lines{"Say what you would like to see, in your own words."};
  for (const Row& row : kRows) {
    if (local || !row.local) lines.push_back(fmt::format("  {:<12}{}", row.usage, row.help));
  }
  return lines;
}

std::string unknown_command(std::string_view word) {
  return "Unknown command " + one_line(word) + "; /help lists the commands.";
}

}  // namespace matinee
