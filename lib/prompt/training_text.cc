#include "lib/prompt/training_text.h"

#include <simdjson.h>

#include "lib/base/format_error.h"
#include "lib/text/utf8.h"

namespace matinee {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

const char* type_name(const element& value) {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "an array";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::STRING:
      return "a string";
    case simdjson::dom::element_type::BOOL:
      return "true or false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

bool has(const object& fields, std::string_view key) { return fields.at_key(key).error() == simdjson::SUCCESS; }

// The text of a field. `required` fields must be there; `filled` ones must hold more than white space.
std::string text_field(const object& fields, std::string_view key, const std::string& path, bool required,
                       bool filled) {
  element value;
  if (fields.at_key(key).get(value) != simdjson::SUCCESS) {
    if (required) throw bad_data("{}{}: missing", path, key);
    return "";
  }
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS)
    throw bad_data("{}{}: expected a string, found {}", path, key, type_name(value));
  if (filled && text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw bad_data("{}{}: empty, so there is nothing to learn", path, key);
  return std::string(text);
}

std::string keys_of(const object& fields) {
  std::string keys;
  for (const auto& [key, value] : fields) keys += (keys.empty() ? "" : ", ") + std::string(key);
  return keys.empty() ? "none" : keys;
}

}  // namespace

struct TrainingTextParser::Impl {
  simdjson::dom::parser parser;
};

TrainingTextParser::TrainingTextParser() : impl_(std::make_unique<Impl>()) {}
TrainingTextParser::~TrainingTextParser() = default;

TrainingText TrainingTextParser::parse(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) {
    throw bad_data("begins with a byte-order mark").add_remedy("remove it with: sed '1s/^\\xEF\\xBB\\xBF//'");
  }
  if (const std::size_t valid = valid_utf8_prefix(line); valid < line.size()) {
    throw bad_data("not UTF-8: byte 0x{:02X} at column {}", static_cast<unsigned char>(line[valid]), valid + 1)
        .add_remedy("convert the file with iconv");
  }
  element root;
  const auto code = impl_->parser.parse(line.data(), line.size()).get(root);
  if (code != simdjson::SUCCESS) {
    Error error = bad_data("not valid JSON: {}", simdjson::error_message(code));
    error.add_remedy(line.starts_with('[') || line == "{"
                         ? "one object on each line is expected; jq -c '.[]' makes that of a JSON array, jq -c . of "
                           "an object over several lines"
                         : "one object on each line is expected");
    throw error;
  }
  object fields;
  if (root.get(fields) != simdjson::SUCCESS) {
    Error error = bad_data("expected an object, found {}", type_name(root));
    if (root.is_array()) error.add_remedy("jq -c '.[]' makes JSON lines of an array");
    throw error;
  }

  TrainingText out;
  if (has(fields, "messages")) {
    out.kind = TrainingText::Kind::kMessages;
    simdjson::dom::array messages;
    element value = fields["messages"].value_unsafe();
    if (value.get(messages) != simdjson::SUCCESS)
      throw bad_data("messages: expected an array, found {}", type_name(value));
    for (const element message : messages) {
      const std::string path = fmt::format("messages[{}]", out.messages.size());
      object parts;
      if (message.get(parts) != simdjson::SUCCESS)
        throw bad_data("{}: expected an object, found {}", path, type_name(message));
      const std::string role = text_field(parts, "role", path + ".", true, true);
      out.messages.push_back({role, text_field(parts, "content", path + ".", true, role == "assistant")});
    }
    if (out.messages.empty()) throw bad_data("messages: empty, so there is nothing to learn");
  } else if (has(fields, "instruction") || has(fields, "output")) {
    out.kind = TrainingText::Kind::kTuple;
    out.instruction = text_field(fields, "instruction", "", true, false);
    out.input = text_field(fields, "input", "", false, false);
    out.output = text_field(fields, "output", "", true, true);
  } else if (has(fields, "text")) {
    out.kind = TrainingText::Kind::kText;
    out.text = text_field(fields, "text", "", true, true);
  } else {
    throw bad_data("expected \"instruction\" and \"output\", or \"messages\", or \"text\"; found the keys: {}",
                   keys_of(fields));
  }
  return out;
}

EncodedSample encode_training_text(SampleEncoder& encoder, const TrainingText& text) {
  switch (text.kind) {
    case TrainingText::Kind::kTuple:
      return encoder.sample(text.instruction, text.input, text.output);
    case TrainingText::Kind::kMessages:
      return encoder.conversation(text.messages);
    case TrainingText::Kind::kText:
      break;
  }
  return encoder.text(text.text);
}

}  // namespace matinee
