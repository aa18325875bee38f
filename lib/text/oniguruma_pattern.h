#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// The pattern for PCRE2, in its multi-line mode with UCP, that matches what `pattern` matches in Oniguruma, the engine
/// of Hugging Face's tokenizers. They differ in the spaces and word characters of Unicode, in scripts (PCRE2 also takes
/// the characters that several scripts share), in \h and \uHHHH. Throws Error(kBadData) for what PCRE2 would read
/// otherwise: classes within classes, intersections, {n,m}+.
std::string pcre2_pattern_of(std::string_view pattern);

}  // namespace matinee
