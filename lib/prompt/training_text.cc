#include "lib/prompt/training_text.h"

#include <span>

#include "lib/base/format_error.h"
#include "lib/base/utf8.h"
#include "lib/prompt/json_repair.h"

namespace matinee {
namespace {

using Keys = std::span<const std::string_view>;

// The columns of an exchange: Alpaca's, and those of Dolly, MetaMath, GSM8K, OpenAI's and TRL's prompt and completion.
constexpr std::string_view kInstructionKeys[] = {"instruction", "prompt", "query", "question"};
constexpr std::string_view kInputKeys[] = {"input", "context"};
constexpr std::string_view kOutputKeys[] = {"output", "completion", "response", "answer"};
constexpr std::string_view kConversationKeys[] = {"messages", "conversations", "conversation"};
constexpr std::string_view kSystemKeys[] = {"system", "system_prompt"};

// The first of `keys` that the object has; else the missing first one.
JsonNode field_of(const JsonNode& object, Keys keys) {
  for (const std::string_view key : keys)
    if (const JsonNode field = object[key]; field.exists()) return field;
  return object[keys.front()];
}

std::string required_text(const JsonNode& field) {
  if (!field.exists()) throw bad_data("{}: missing", field.path());
  if (!field.is_string()) throw bad_data("{}: expected a string, found {}", field.path(), field.type_name());
  return field.string();
}

std::string optional_text(const JsonNode& field) { return field.is_null() ? "" : required_text(field); }

// A reply: null counts as an empty one.
std::string reply_text(const JsonNode& field) { return field.exists() ? optional_text(field) : required_text(field); }

Error unknown_keys(const JsonNode& root) {
  std::string keys, rows;
  for (const auto& [key, value] : root.fields()) {
    keys += (keys.empty() ? "" : ", ") + std::string(key);
    if (rows.empty() && value.is_array() && value.size() > 0 && value.array().front().is_object()) rows = key;
  }
  Error error = bad_data(
      "expected \"instruction\" and \"output\", \"prompt\" and \"completion\", \"messages\", \"conversations\" or "
      "\"text\"; found the keys: {}",
      keys.empty() ? "none" : keys);
  if (root["chosen"].exists()) {
    error.add_remedy(fmt::format("these are preferences; jq -c '{}' makes examples of the chosen answers",
                                 root["prompt"].exists() ? "{prompt, completion: .chosen}" : "{messages: .chosen}"));
  } else if (!rows.empty()) {
    error.add_remedy(fmt::format("jq -c '.{}[]' writes the objects in \"{}\" one on each line", rows, rows));
  }
  return error;
}

void leave_out(TrainingText& out) {
  out.nothing_to_learn = true;
  out.notes = {{TrainingRemark::kNothingToLearn, ""}};
}

void finish_conversation(LearnedReplies replies, ConversationDraft draft, TrainingText& out) {
  out.kind = TrainingText::Kind::kMessages;
  mend_conversation(replies, draft);
  out.messages = std::move(draft.messages);
  out.notes.insert(out.notes.end(), draft.notes.begin(), draft.notes.end());
  if (!draft.notes.empty() && draft.notes.front().remark == TrainingRemark::kNothingToLearn) leave_out(out);
}

// The system message that stands beside a conversation.
void add_system(const JsonNode& root, ConversationDraft& draft) {
  std::string system = optional_text(field_of(root, kSystemKeys));
  if (has_words(system)) draft.messages.push_back({"system", std::move(system), false});
}

// {"messages": [...]}; a system message of its own counts more than the one beside it.
ConversationDraft conversation(const JsonNode& root, const JsonNode& messages) {
  ConversationDraft draft, beside;
  read_messages(messages, true, draft);
  if (!draft.messages.empty() && draft.messages.front().role == "system") return draft;
  add_system(root, beside);
  if (!beside.messages.empty()) draft.messages.insert(draft.messages.begin(), std::move(beside.messages.front()));
  return draft;
}

// TRL's prompt and completion where one of them is a list of messages: only the completion is learned.
ConversationDraft prompt_and_completion(const JsonNode& prompt, const JsonNode& completion) {
  ConversationDraft draft;
  if (prompt.is_array()) {
    read_messages(prompt, false, draft);
  } else {
    draft.messages.push_back({"user", required_text(prompt), false});
  }
  if (completion.is_array()) {
    read_messages(completion, true, draft);
  } else {
    std::string text = reply_text(completion);
    const bool learned = has_words(text);
    draft.messages.push_back({"assistant", std::move(text), learned});
  }
  return draft;
}

// LLaMA-Factory's columns: the pairs of "history" come before instruction and output.
ConversationDraft with_history(const JsonNode& root, const JsonNode& history, const TrainingText& tuple) {
  ConversationDraft draft;
  add_system(root, draft);
  const auto add_exchange = [&](std::string user, std::string assistant) {
    draft.messages.push_back({"user", std::move(user), false});
    const bool learned = has_words(assistant);
    draft.messages.push_back({"assistant", std::move(assistant), learned});
  };
  if (!history.is_null()) {
    for (const JsonNode& pair : history.array()) {
      const auto sides = pair.array();
      if (sides.size() != 2) throw pair.unexpected("a pair of texts, the user's and the assistant's");
      add_exchange(required_text(sides[0]), reply_text(sides[1]));
    }
  }
  const bool both = !tuple.instruction.empty() && !tuple.input.empty();
  add_exchange(tuple.instruction + (both ? "\n" : "") + tuple.input, tuple.output);
  return draft;
}

void read_tuple(const JsonNode& root, LearnedReplies replies, TrainingText& out) {
  const JsonNode output = field_of(root, kOutputKeys), input = field_of(root, kInputKeys);
  JsonNode instruction = field_of(root, kInstructionKeys);
  if (instruction.is_array() || output.is_array())
    return finish_conversation(replies, prompt_and_completion(instruction, output), out);
  out.kind = TrainingText::Kind::kTuple;
  const bool only_input = !instruction.exists() && input.is_string() && output.exists();
  out.instruction = required_text(only_input ? input : instruction);
  if (!only_input) out.input = optional_text(input);
  out.output = reply_text(output);
  const JsonNode history = root["history"];
  const bool has_history = !history.is_null() && !(history.is_array() && history.size() == 0);
  if (has_history || has_words(optional_text(field_of(root, kSystemKeys)))) {
    finish_conversation(replies, with_history(root, history, out), out);
  } else if (!has_words(out.output)) {
    leave_out(out);
  }
}

}  // namespace

JsonNode TrainingTextParser::root_of(std::string_view record, TrainingText& out) {
  if (record.starts_with("\xEF\xBB\xBF")) record.remove_prefix(3);
  if (const std::size_t valid = valid_utf8_prefix(record); valid < record.size()) {
    throw bad_data("not UTF-8: byte 0x{:02X} at column {}", static_cast<unsigned char>(record[valid]), valid + 1)
        .add_remedy("convert the file with iconv");
  }
  JsonNode root;
  try {
    root = reader_.parse(record);
  } catch (const Error&) {
    std::string escape;
    const auto repaired = without_lone_surrogates(record, escape);
    try {
      if (!repaired) throw;
      root = reader_.parse(*repaired);
    } catch (Error& cause) {
      add_json_advice(record, cause);
      throw;
    }
    out.notes.push_back({TrainingRemark::kLoneSurrogate, escape});
  }
  if (!root.is_object()) {
    Error error = bad_data("expected an object, found {}", root.type_name());
    if (root.is_array()) error.add_remedy("jq -c '.[]' makes JSON lines of an array");
    throw error;
  }
  return root;
}

TrainingText TrainingTextParser::parse(std::string_view record) {
  TrainingText out;
  const JsonNode root = root_of(record, out);
  const JsonNode text = root["text"];
  // Rows of Alpaca also have their prompt as a text. Half of an exchange is named as such where there is no other text.
  const auto is_exchange = [&] {
    const bool asks = field_of(root, kInstructionKeys).exists() || root["input"].exists();
    return (asks && field_of(root, kOutputKeys).exists()) ||
           (!text.exists() && (root["instruction"].exists() || root["output"].exists()));
  };
  if (const JsonNode messages = field_of(root, kConversationKeys); messages.exists()) {
    finish_conversation(replies_, conversation(root, messages), out);
  } else if (is_exchange()) {
    read_tuple(root, replies_, out);
  } else if (text.exists()) {
    out.kind = TrainingText::Kind::kText;
    out.text = optional_text(text);
    if (!has_words(out.text)) leave_out(out);
  } else {
    throw unknown_keys(root);
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
