#pragma once

#include <string_view>

#include "lib/prompt/template_rows.h"

namespace matinee {

/// The row that spells every conversation as this Jinja template does; nullptr for a template that is not known. A
/// template is known by jinja_fingerprint: those of the table were rendered beside the rows
/// (scripts/compare-templates), and what chat_template_of writes is known too. A similar text that may print something
/// else is not.
const TemplateRow* recognize_chat_template(std::string_view jinja);

}  // namespace matinee
