#pragma once

#include <string>

#include "lib/base/options.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"

namespace matinee {

/// A chat.json, which `make train` writes: {"base":…, "adapter":…, "movies":…}.
struct ChatSetup {
  std::string base, adapter, movies;
};

/// Reads a chat.json; relative paths in it are relative to its folder. Throws Error(kBadData).
ChatSetup read_chat_setup(const std::string& path);
/// The chat.json of `make train`, train/ beside the program; else the user's own, ~/.local/share/matinee; else that of
/// `make chat`, ready/ beside the program, or of `make install`, ../share/matinee. "" if there is none.
std::string find_chat_setup();

/// The options of the tools that use a trained model: chat and evaluate.
struct TrainedChatOptions {
  std::string setup;  ///< a chat.json
  LanguageModelOptions model;
  ChatSystemOptions system;

  void add(OptionSet& options);
  /// Fills in what the user did not give from the chat.json: the base together with its adapter, and the catalog.
  /// Throws Error(kUsage) if the base or the catalog is still unknown.
  void complete();
};

}  // namespace matinee
