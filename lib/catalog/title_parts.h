#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// A short form of a title.
struct TitlePart {
  std::string folded;
  bool leads;       ///< it begins the title
  bool identifies;  ///< "Fellowship of the Ring", but not "Impossible" or "Part One"
};

/// The parts of a title before, after and between its colons, dashes, parentheses, and an "or" that begins a second
/// title: "Dr. Strangelove" of "Dr. Strangelove or: How I Learned ...". Without the whole title.
std::vector<TitlePart> title_parts(std::string_view title);

}  // namespace matinee
