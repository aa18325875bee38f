#include "lib/chat/chat_system.h"

namespace matinee {
namespace {

Phrasebook extended_phrasebook(const std::vector<std::string>& files) {
  Phrasebook phrasebook = Phrasebook::built_in();
  for (const std::string& file : files) phrasebook.add_file(file);
  return phrasebook;
}

}  // namespace

void ChatSystemOptions::add(OptionSet& options) {
  options.text("movies", &movies, "FILE", "the catalog (movies.bin) that embed made");
  options.offer_suffixes({".bin"});
  options.list("phrases", &phrases, "FILES", "files with more phrases for the phrasebook");
  options.offer_suffixes({".txt"});
}

ChatSystem::ChatSystem(const ChatSystemOptions& options)
    : catalog(options.movies),
      phrasebook(extended_phrasebook(options.phrases)),
      ranker(catalog),
      mentions(catalog),
      genres(catalog, phrasebook),
      evidence(catalog, mentions, genres),
      policy(catalog, ranker) {}

}  // namespace matinee
