#pragma once

#include <string_view>

namespace matinee {

/// Words of everyday English and of talk about films (folded). Alone and in lower case they are not taken for a title
/// or a surname.
bool is_common_word(std::string_view folded);

/// The given name that a nickname stands for ("bob" for "robert"), or "" (folded). Several nicknames may share one
/// name.
std::string_view full_given_name(std::string_view nickname);

}  // namespace matinee
