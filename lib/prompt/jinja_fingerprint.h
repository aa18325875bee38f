#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// A Jinja template in a form that is the same for all ways to write the same parts: the text between tags as it is
/// printed (with trim_blocks and lstrip_blocks, as transformers and llama.cpp set them), tags as tokens without the
/// white space between them, strings without their quotes and escapes, no comments, and a tag that prints one string
/// as text. Templates with equal forms print the same.
std::string canonical_jinja(std::string_view jinja);

/// hash64 of that form.
std::uint64_t jinja_fingerprint(std::string_view jinja);

}  // namespace matinee
