#include "lib/prompt/special_token_names.h"

#include <algorithm>
#include <cstring>

namespace matinee {
namespace {

std::size_t two_bytes(const char* bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 | static_cast<unsigned char>(bytes[1]);
}

}  // namespace

SpecialTokenNames::SpecialTokenNames(const Tokenizer& tokenizer) {
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.has(id) || !tokenizer.is_special(id)) continue;
    const std::string_view name = tokenizer.token_bytes(id);
    if (name.size() < 2) continue;  // one byte says nothing
    names_.push_back(name);
    begins_[two_bytes(name.data())] = true;
    if (first_bytes_.find(name[0]) == std::string::npos) first_bytes_ += name[0];
  }
}

std::string_view SpecialTokenNames::first_in(std::string_view text) const {
  std::string_view found;
  for (const char first : first_bytes_) {
    for (std::size_t i = text.find(first); i != std::string_view::npos && i + 1 < text.size();
         i = text.find(first, i + 1)) {
      if (!begins_[two_bytes(text.data() + i)]) continue;
      const auto name = std::find_if(names_.begin(), names_.end(),
                                     [&](std::string_view known) { return text.substr(i).starts_with(known); });
      if (name == names_.end()) continue;
      found = *name;
      text = text.substr(0, i);  // another first byte counts only before it
      break;
    }
  }
  return found;
}

}  // namespace matinee
