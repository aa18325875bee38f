#include "lib/prompt/chat_template.h"

#include "lib/prompt/template_pattern.h"

namespace matinee {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "'";
}

std::string term(const PatternPart& part) {
  using Kind = PatternPart::Kind;
  switch (part.kind) {
    case Kind::kText:
    case Kind::kMark: return quoted(part.text);
    case Kind::kBos: return "bos_token";
    case Kind::kEos: return "eos_token";
    case Kind::kMessage: break;
  }
  const std::string message = part.text == "system" ? "system_message" : "message['content']";
  return message + (part.trim == PatternPart::Trim::kBoth    ? ".strip()"
                    : part.trim == PatternPart::Trim::kRight ? ".rstrip()"
                                                             : "");
}

/// Statements that print the patterns one after another; "" for empty ones.
std::string printed(const TemplateRow& row, std::initializer_list<std::string_view> patterns) {
  std::string sum, text;
  const auto flush = [&] {
    if (!text.empty()) sum += (sum.empty() ? "" : " + ") + quoted(text);
    text.clear();
  };
  for (const std::string_view pattern : patterns) {
    for (const PatternPart& part : pattern_parts(pattern, row.marks)) {
      if (part.kind == PatternPart::Kind::kText || part.kind == PatternPart::Kind::kMark) {
        text += part.text;
        continue;
      }
      flush();
      sum += (sum.empty() ? "" : " + ") + term(part);
    }
  }
  flush();
  return sum.empty() ? "" : "{{- " + sum + " -}}";
}

}  // namespace

std::string chat_template_of(const PromptTemplate& prompt_template) {
  const TemplateRow& row = prompt_template.row();
  std::string out =
      "{%- if messages[0]['role'] == 'system' -%}{%- set system_message = messages[0]['content'] -%}"
      "{%- set loop_messages = messages[1:] -%}{%- else -%}{%- set loop_messages = messages -%}";
  if (row.default_system != nullptr) out += "{%- set system_message = " + quoted(row.default_system) + " -%}";
  out += "{%- endif -%}" + printed(row, {row.begin});
  if (!row.system.empty()) out += "{%- if system_message is defined -%}" + printed(row, {row.system}) + "{%- endif -%}";
  out += "{%- for message in loop_messages -%}{%- if message['role'] == 'user' -%}";
  if (row.system.empty()) {
    out += "{%- if loop.first and system_message is defined -%}" + printed(row, {row.first_user}) + "{%- else -%}" +
           printed(row, {row.user}) + "{%- endif -%}";
  } else {
    out += printed(row, {row.user});
  }
  out += "{%- elif message['role'] == 'assistant' -%}" +
         printed(row, {row.opener, row.reply, row.end.empty() ? "{eos}" : row.end, row.after_reply}) +
         "{%- else -%}{{- raise_exception('The roles are system (first), user and assistant.') -}}{%- endif -%}"
         "{%- endfor -%}";
  if (!row.opener.empty()) out += "{%- if add_generation_prompt -%}" + printed(row, {row.opener}) + "{%- endif -%}";
  return out;
}

}  // namespace matinee
