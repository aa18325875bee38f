#pragma once

#include <span>
#include <string>
#include <string_view>

namespace matinee {

/// How one prompt template spells a conversation. Patterns are text with these places:
///   {system} {user} {reply}   the message; {user|trim} without white space at both ends, {user|rtrim} at the end
///   {bos} {eos}               the tokenizer's own tokens
/// and the row's marks, which stand for themselves and become special tokens.
struct TemplateRow {
  std::string_view name;
  std::string_view summary;  ///< whose template it is, for messages and the documents
  std::span<const std::string_view> marks{};

  std::string_view begin{};              ///< before the first turn
  std::string_view system{};             ///< a system message's own turn; "" where the first user turn holds it
  std::string_view user{};               ///< a user turn
  std::string_view first_user{};         ///< the first user turn with a system message, where `system` is ""
  std::string_view opener{};             ///< what comes between a user turn and the reply
  std::string_view reply{};              ///< the reply
  std::string_view end{};                ///< the mark that ends a reply; "": the tokenizer's EOS
  std::string_view after_reply{};        ///< between that and the next turn
  const char* default_system = nullptr;  ///< the system message of a conversation without one; nullptr: none
  bool several_exchanges = true;         ///< a conversation may have more than one
  /// The instruction of a tuple is what `first_user` calls {system}, and its input the user's. Elsewhere both are the
  /// user's message, on lines of their own.
  bool instruction_is_system = false;
};

/// All templates, in the order in which messages list them.
std::span<const TemplateRow> template_rows();
/// nullptr if there is none of this name.
const TemplateRow* find_template_row(std::string_view name);
/// "plain, alpaca, chatml, ..." for messages.
std::string template_names();

}  // namespace matinee
