#include "lib/chat/chat_setup.h"

#include <cstdlib>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/io/json_reader.h"

namespace matinee {

ChatSetup read_chat_setup(const std::string& path) {
  return read_json(read_file(path), path, [&](const JsonNode& root) {
    if (!root.is_object()) throw bad_data("expected a JSON object with base, adapter and movies");
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    const auto field = [&](const char* name) {
      const std::string value = root[name].is_string() ? root[name].string() : "";
      if (value.empty()) throw bad_data("{}: expected a path", name);
      return value.front() == '/' ? value : folder + value;
    };
    return ChatSetup{field("base"), field("adapter"), field("movies")};
  });
}

std::string find_chat_setup() {
  const std::string folder = executable_folder();
  std::vector<std::string> places{folder + "/train"};
  if (const char* home = std::getenv("HOME"); home != nullptr)
    places.push_back(home + std::string("/.local/share/matinee"));
  places.insert(places.end(), {folder + "/ready", folder + "/../share/matinee"});
  for (const std::string& place : places) {
    if (std::string file = place + "/chat.json"; file_exists(file)) return file;
  }
  return "";
}

void TrainedChatOptions::add(OptionSet& options) {
  options.text("setup", &setup, "FILE", "a chat.json, which names the base, the adapter and the catalog");
  options.offer_suffixes({".json"});
  model.add(options);
  system.add(options);
}

void TrainedChatOptions::complete() {
  const std::string path = setup.empty() ? find_chat_setup() : setup;
  if (!path.empty() && (!setup.empty() || model.base.empty() || system.movies.empty())) {
    const ChatSetup found = read_chat_setup(path);
    if (model.base.empty()) {
      model.base = found.base;
      if (model.adapter.empty()) model.adapter = found.adapter;
    }
    if (system.movies.empty()) system.movies = found.movies;
  }
  if (model.base.empty() || system.movies.empty()) {
    throw usage_error(
        "no trained model found; run `make chat` or `make train` first, or give --base, --adapter and --movies");
  }
}

}  // namespace matinee
