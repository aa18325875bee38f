#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "lib/wording/compiled_phrases.h"
#include "lib/wording/phrase_pattern.h"

namespace matinee {

/// A section of the phrasebook, and the values of its slots.
struct PhraseRequest {
  std::string section;
  PhraseSlots slots;
};

/// The forms in which users word a genre of the catalog, each in a section FORM.GENRE: "genre.Comedy" (comedy),
/// "a_genre.Comedy" (a comedy), "genres.Comedy" (comedies), "like_genre.Comedy" (funny), "more_genre.Comedy" (funnier).
inline constexpr std::array<std::string_view, 5> kGenreForms{"genre", "a_genre", "genres", "like_genre", "more_genre"};
/// True for the name of such a section.
bool is_genre_section(std::string_view section);

/// Phrases for the acts of system and users, read from text files (docs/phrases.md):
///
///   # a comment
///   [u.genre]                        a section: the act that these phrases are for
///   I'd like {a_genre}( today|)      a phrase with a slot and two alternatives, the second of them empty
///   <want> {a_genre}                 a phrase with a part, which the section [=want] defines
///
/// Alternatives may nest. A backslash makes the next character plain text. All phrases of a section are equally likely,
/// and so are all alternatives of a group.
class Phrasebook {
 public:
  /// The phrases that come with the program.
  static Phrasebook built_in();
  /// Adds a file's phrases to the sections of the book. Throws Error(kBadData) "FILE:LINE: ..." for wrong syntax, and,
  /// if the book has sections already, for an unknown section or a slot that no phrase of the section has.
  void add_file(const std::string& path);
  void add_text(std::string_view text, const std::string& name);
  Phrasebook();
  Phrasebook(Phrasebook&&) noexcept;
  Phrasebook& operator=(Phrasebook&&) noexcept;
  ~Phrasebook();

  bool has(std::string_view section) const;
  std::vector<std::string> sections() const;
  /// A random phrase of the section with its slots filled. Phrases with slots that are not in `slots` are left out.
  /// Throws Error(kMissing) if no phrase is left.
  std::string expand(std::string_view section, const PhraseSlots& slots, Random& random) const;
  /// The phrases of a section, none if there is no such section; those of a part, which must exist; and whether a
  /// phrase has all its slots in `slots`.
  const PhraseChoices& phrases(std::string_view section) const;
  const PhraseChoices& part(std::string_view name) const;
  bool fits(const PhraseSequence& phrase, const PhraseSlots& slots) const;
  /// The number of texts that the section has for one value of each slot, at most 2^64 - 1, and of its lines.
  std::uint64_t count(std::string_view section) const;
  std::size_t lines(std::string_view section) const;
  /// The words outside of slots in a section ("What", "I'd", "well-known"); none if it does not exist.
  std::vector<std::string> section_words(std::string_view section) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
