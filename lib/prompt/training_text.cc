#include "lib/prompt/training_text.h"

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

// The text of a field. `required` fields must be there; `filled` ones must hold more than white space.
std::string text_field(const JsonNode& object, std::string_view key, bool required, bool filled) {
  const JsonNode field = object[key];
  if (!field.exists()) {
    if (required) throw bad_data("{}: missing", field.path());
    return "";
  }
  if (!field.is_string()) throw bad_data("{}: expected a string, found {}", field.path(), field.type_name());
  const std::string_view text = field.view();
  if (filled && text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw bad_data("{}: empty, so there is nothing to learn", field.path());
  return std::string(text);
}

std::string keys_of(const JsonNode& object) {
  std::string keys;
  for (const auto& [key, value] : object.fields()) keys += (keys.empty() ? "" : ", ") + std::string(key);
  return keys.empty() ? "none" : keys;
}

}  // namespace

TrainingText TrainingTextParser::parse(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) {
    throw bad_data("begins with a byte-order mark").add_remedy("remove it with: sed '1s/^\\xEF\\xBB\\xBF//'");
  }
  if (const std::size_t valid = valid_utf8_prefix(line); valid < line.size()) {
    throw bad_data("not UTF-8: byte 0x{:02X} at column {}", static_cast<unsigned char>(line[valid]), valid + 1)
        .add_remedy("convert the file with iconv");
  }
  JsonNode root;
  try {
    root = reader_.parse(line);
  } catch (Error& error) {
    throw error.add_remedy(line.starts_with('[') || line == "{"
                               ? "one object on each line is expected; jq -c '.[]' makes that of a JSON array, jq -c . "
                                 "of an object over several lines"
                               : "one object on each line is expected");
  }
  if (!root.is_object()) {
    Error error = bad_data("expected an object, found {}", root.type_name());
    if (root.is_array()) error.add_remedy("jq -c '.[]' makes JSON lines of an array");
    throw error;
  }

  TrainingText out;
  if (const JsonNode messages = root["messages"]; messages.exists()) {
    out.kind = TrainingText::Kind::kMessages;
    if (!messages.is_array()) throw bad_data("messages: expected an array, found {}", messages.type_name());
    for (const JsonNode& message : messages.array()) {
      if (!message.is_object()) throw bad_data("{}: expected an object, found {}", message.path(), message.type_name());
      const std::string role = text_field(message, "role", true, true);
      out.messages.push_back({role, text_field(message, "content", true, role == "assistant")});
    }
    if (out.messages.empty()) throw bad_data("messages: empty, so there is nothing to learn");
  } else if (root["instruction"].exists() || root["output"].exists()) {
    out.kind = TrainingText::Kind::kTuple;
    out.instruction = text_field(root, "instruction", true, false);
    out.input = text_field(root, "input", false, false);
    out.output = text_field(root, "output", true, true);
  } else if (root["text"].exists()) {
    out.kind = TrainingText::Kind::kText;
    out.text = text_field(root, "text", true, true);
  } else {
    throw bad_data("expected \"instruction\" and \"output\", or \"messages\", or \"text\"; found the keys: {}",
                   keys_of(root));
  }
  return out;
}

EncodedSample encode_training_text(SampleEncoder& encoder, const TrainingText& text) {
  switch (text.kind) {
    case TrainingText::Kind::kTuple: return encoder.sample(text.instruction, text.input, text.output);
    case TrainingText::Kind::kMessages: return encoder.conversation(text.messages);
    case TrainingText::Kind::kText: break;
  }
  return encoder.text(text.text);
}

}  // namespace matinee
