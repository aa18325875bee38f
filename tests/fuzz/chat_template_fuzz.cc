// libFuzzer target: any bytes as a chat template have a canonical form, which depends on nothing but them.
#include <cstdint>
#include <string_view>

#include "lib/prompt/jinja_fingerprint.h"
#include "lib/prompt/known_chat_templates.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string form = canonical_jinja(text);
  if (form.size() > 8 * size + 8 || canonical_jinja(text) != form) __builtin_trap();
  recognize_chat_template(text);
  return 0;
}
