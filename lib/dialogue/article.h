#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// "an animated movie", "a thriller", "an 1895" (film), "a unique" ...: by the sound with which the word or the number
/// begins. `noun` is not empty.
std::string with_article(std::string_view noun);

}  // namespace matinee
