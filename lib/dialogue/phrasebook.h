#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"

namespace matinee {

/// Values of the slots of a phrase: {genre} and the like, already worded.
using PhraseSlots = std::map<std::string, std::string, std::less<>>;

/// The forms in which users word a genre of the catalog, each in a section FORM.GENRE: "genre.Comedy" (comedy),
/// "a_genre.Comedy" (a comedy), "genres.Comedy" (comedies), "like_genre.Comedy" (funny).
inline constexpr std::array<std::string_view, 4> kGenreForms{"genre", "a_genre", "genres", "like_genre"};
/// True for such a section.
bool is_genre_section(std::string_view section);

/// How the acts of a conversation are worded: plain text files that anyone can extend.
///
///   # a comment
///   [ask.genre]                      a section: the act these phrases are for
///   What (kind|sort) of film would you like( today|)?
///   <hello> {genre}, please.         <name> is a part, defined in a section [=name]; {name} is a slot
///
/// A line is a phrase: text, (a|b|) alternatives, which may nest, <parts> and {slots}. A backslash takes the next
/// character as it is. Every phrase of a section is chosen equally often, and within it every alternative of a group.
class Phrasebook {
 public:
  /// The phrases that come with the program.
  static Phrasebook built_in();
  /// Reads one more file into the book; its sections add to those there. Throws Error(kBadData) "FILE:LINE: ...", also
  /// where a book that has sections already gets one of another name or a slot that its section never had.
  void add_file(const std::string& path);
  void add_text(std::string_view text, const std::string& name);
  Phrasebook();
  Phrasebook(Phrasebook&&) noexcept;
  Phrasebook& operator=(Phrasebook&&) noexcept;
  ~Phrasebook();

  bool has(std::string_view section) const;
  std::vector<std::string> sections() const;
  /// A phrase of the section in which all slots are filled; phrases that need a slot which `slots` lacks are not
  /// chosen. Throws Error(kMissing) where the section has none that fits.
  std::string expand(std::string_view section, const PhraseSlots& slots, Random& random) const;
  /// True where `text` is a phrase of the section with these slots: "a listed paraphrase".
  bool lists(std::string_view section, const PhraseSlots& slots, std::string_view text) const;
  /// How many texts the section has, slots counted once (2^64 - 1 where more); phrases of its own, lines.
  std::uint64_t count(std::string_view section) const;
  std::size_t lines(std::string_view section) const;
  /// Words outside slots of the sections beginning with `prefix`, joined by - or ' where they are ("What", "I'd",
  /// "well-known"): what a system sentence may say beside facts.
  std::vector<std::string> words(std::string_view prefix) const;
  /// The same of one section; none where there is no such section.
  std::vector<std::string> section_words(std::string_view section) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
