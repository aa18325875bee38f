#include "lib/vocabulary/vocabulary_builder.h"

#include "lib/base/format_error.h"

namespace matinee {

VocabularyBuilder::VocabularyBuilder(TokenizerDefinition& definition)
    : definition_(definition), index_(definition.vocabulary) {
  index_.reserve(definition.vocabulary.size());
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id)
    if (definition.defined[id]) index_.insert(static_cast<std::int32_t>(id));
  for (std::size_t i = 0; i < definition.added_tokens.size(); ++i) added_[definition.added_tokens[i].id] = i;
}

bool VocabularyBuilder::is_added(std::string_view token) const {
  const std::int32_t id = find(token);
  return id >= 0 && added_.contains(id);
}

void VocabularyBuilder::expect(std::size_t tokens) {
  definition_.vocabulary.resize(tokens);
  definition_.defined.resize(tokens, false);
  definition_.merges.reserve(tokens);
  definition_.merged.reserve(tokens);
  index_.reserve(tokens);
}

void VocabularyBuilder::make_room_for(std::int64_t id) {
  // Far above any real vocabulary; a larger id is a mistake and would allocate memory for nothing.
  constexpr std::int64_t kMostIds = 4'000'000;
  if (id < 0 || id >= kMostIds) throw bad_data("expected an id from 0 to {}, found {}", kMostIds - 1, id);
  if (static_cast<std::size_t>(id) < definition_.vocabulary.size()) return;
  definition_.vocabulary.resize(static_cast<std::size_t>(id) + 1);
  definition_.defined.resize(static_cast<std::size_t>(id) + 1, false);
}

void VocabularyBuilder::add(std::string_view token, std::int64_t id) {
  make_room_for(id);
  const auto at = static_cast<std::size_t>(id);
  if (definition_.defined[at]) throw bad_data("id {} is given twice, to \"{}\" too", id, token);
  definition_.vocabulary[at] = token;
  definition_.defined[at] = true;
  if (!index_.insert(static_cast<std::int32_t>(id))) throw bad_data("the token \"{}\" is listed twice", token);
}

void VocabularyBuilder::add(AddedToken token) {
  if (token.content.empty()) throw bad_data("the added token {} is empty", token.id);
  make_room_for(token.id);
  const std::int32_t known = index_.find(token.content);
  if (known >= 0 && known != token.id)
    throw bad_data("\"{}\" has id {} here and {} in the vocabulary", token.content, token.id, known);
  const auto at = static_cast<std::size_t>(token.id);
  if (known < 0) {
    if (definition_.defined[at])
      throw bad_data("id {} is already \"{}\" in the vocabulary", token.id, definition_.vocabulary[at]);
    definition_.vocabulary[at] = token.content;
    definition_.defined[at] = true;
    index_.insert(token.id);
  }
  const auto [place, is_new] = added_.try_emplace(token.id, definition_.added_tokens.size());
  if (is_new) {
    definition_.added_tokens.push_back(std::move(token));
  } else {
    definition_.added_tokens[place->second] = std::move(token);
  }
}

std::int32_t VocabularyBuilder::id_of(std::string_view token) const {
  const std::int32_t id = index_.find(token);
  if (id < 0) throw bad_data("\"{}\" is not in the vocabulary", token);
  return id;
}

void VocabularyBuilder::add_merge(std::string_view left, std::string_view right) {
  joined_.assign(left).append(right);
  // Nearly always the token after the last merge's, which saves the lookup.
  const std::size_t likely = definition_.merged.empty() ? 0 : static_cast<std::size_t>(definition_.merged.back()) + 1;
  const bool is_likely = likely < definition_.vocabulary.size() && definition_.defined[likely] &&
                         definition_.vocabulary[likely] == joined_;
  definition_.merges.emplace_back(id_of(left), id_of(right));
  definition_.merged.push_back(is_likely ? static_cast<std::int32_t>(likely) : id_of(joined_));
}

void VocabularyBuilder::add_merge(std::string_view pair) {
  const std::size_t space = pair.find(' ');
  if (space == std::string_view::npos || pair.find(' ', space + 1) != std::string_view::npos)
    throw bad_data("expected two tokens with a space between, found \"{}\"", pair);
  add_merge(pair.substr(0, space), pair.substr(space + 1));
}

}  // namespace matinee
