#include "lib/prompt/merged_template.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/io/json_edit.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/prompt/chat_template.h"
#include "lib/prompt/ollama_modelfile.h"
#include "tests/support/temporary_folder.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

using testing::small_tokenizer;
using testing::TemporaryFolder;

std::string quoted(const std::string& text) {
  std::string out;
  JsonWriter(out).string(text);
  return out;
}
std::string jinja_of(const char* name) { return chat_template_of(PromptTemplate(name)); }

class Merged : public ::testing::Test {
 protected:
  MergedTemplate merged(std::string_view trained) {
    return merged_template(trained, base.path(), adapter.path(), [&](std::string_view text) { notes += text; });
  }
  void write(const MergedTemplate& merged) { write_template_files(merged, base.path(), &tokenizer, out.path()); }

  TemporaryFolder base, adapter, out;
  Tokenizer tokenizer = small_tokenizer("byte_level");  // has ChatML's marks; its EOS is another token
  std::string notes;
};

TEST_F(Merged, TheTrainedTemplateComesFirstThenTheAdaptersThenTheBases) {
  EXPECT_EQ(merged("").jinja, "");
  EXPECT_EQ(
      notes,
      "neither the adapter nor the base has a chat template, so the merged model has none; --template NAME gives it "
      "one");
  notes.clear();
  write_file(base.file("chat_template.jinja"), "{{ 'base' }}");
  EXPECT_EQ(merged("").jinja, "{{ 'base' }}");
  EXPECT_TRUE(merged("").is_base_own);
  write_file(adapter.file("tokenizer_config.json"), "{\"chat_template\":" + quoted("{{ 'adapter' }}") + "}");
  EXPECT_EQ(merged("").jinja, "{{ 'adapter' }}");
  EXPECT_FALSE(merged("").is_base_own);
  EXPECT_EQ(merged("alpaca").jinja, jinja_of("alpaca"));
  EXPECT_EQ(merged("alpaca").row->name, "alpaca");
  EXPECT_EQ(notes, "");
  // The base's own words where they spell the same.
  const std::string own = "{#- the base's -#}" + jinja_of("chatml");
  write_file(base.file("chat_template.jinja"), own);
  EXPECT_EQ(merged("chatml").jinja, own);
  EXPECT_TRUE(merged("chatml").is_base_own);
  EXPECT_EQ(merged("auto").row->name, "chatml");
}

TEST_F(Merged, FilesOfTheBaseThatSayOtherwiseAreReplaced) {
  write_file(base.file("config.json"), "{\"eos_token_id\": 0}");
  const std::string config =
      "{\n  \"model_max_length\": 1000000000000000019884624838656,\n  \"chat_template\": " + quoted("{% a \"b\" %}") +
      ",\n  \"nested\": {\"chat_template\": 1}\n}\n";
  write_file(base.file("tokenizer_config.json"), config);
  write_file(base.file("chat_template.json"), "{\"chat_template\": \"x\"}");
  write(merged("chatml"));
  EXPECT_EQ(read_file(out.file("chat_template.jinja")), jinja_of("chatml"));
  EXPECT_EQ(read_file(out.file("tokenizer_config.json")),
            "{\n  \"model_max_length\": 1000000000000000019884624838656,\n  \"chat_template\": " +
                quoted(jinja_of("chatml")) + ",\n  \"nested\": {\"chat_template\": 1}\n}\n");
  EXPECT_EQ(read_file(out.file("chat_template.json")), "{\"chat_template\": " + quoted(jinja_of("chatml")) + "}");
  const std::string end = std::to_string(tokenizer.token_id("<|im_end|>"));
  EXPECT_EQ(read_file(out.file("generation_config.json")), "{\n  \"eos_token_id\": [" + end + ",0]\n}\n");
}

TEST_F(Merged, WhatTheBaseSaysAlreadyIsLeftToIt) {
  const std::string end = std::to_string(tokenizer.token_id("<|im_end|>"));
  write_file(base.file("config.json"), "{\"eos_token_id\": 0}");
  write_file(base.file("generation_config.json"), "{\"eos_token_id\": [" + end + ", 0]}");
  write_file(base.file("chat_template.jinja"), jinja_of("chatml"));
  write(merged("chatml"));
  for (const char* name : {"chat_template.jinja", "tokenizer_config.json", "generation_config.json"})
    EXPECT_FALSE(file_exists(out.file(name))) << name;
  write_file(base.file("tokenizer_config.json"), "{\"a\": 1}");
  write(merged("alpaca"));
  EXPECT_EQ(read_file(out.file("chat_template.jinja")), jinja_of("alpaca"));
  EXPECT_FALSE(file_exists(out.file("tokenizer_config.json")));
}

TEST(JsonEdit, ChangesOneFieldOfTheObjectItself) {
  const auto edited = [](const char* text) { return with_json_field(text, "k", "7"); };
  EXPECT_EQ(edited("{\"k\": 1}"), "{\"k\": 7}");
  EXPECT_EQ(edited(" {\"a\":{\"k\":1},\"b\":[\"k\",{}],\"k\":[1,{\"k\":2}],\"c\":0}"),
            " {\"a\":{\"k\":1},\"b\":[\"k\",{}],\"k\":7,\"c\":0}");
  EXPECT_EQ(edited("{\"a\":\"\\\"k\\\":1}\",\n \"k\" :\n \"x}\\\\\" }"), "{\"a\":\"\\\"k\\\":1}\",\n \"k\" :\n 7 }");
  EXPECT_EQ(edited("{\"k\":null}"), "{\"k\":7}");
  EXPECT_EQ(edited("{\"a\": \"k\"}"), "{\n  \"k\": 7,\"a\": \"k\"}");
  EXPECT_EQ(edited("{}"), "{\n  \"k\": 7\n}");
  for (const char* text : {"{\"a\":-1.5e3,\"k\":true}", "{ }", "{\"a\":[],\"b\":{}}"}) {
    JsonReader reader;
    EXPECT_EQ(reader.parse(edited(text)).get("k").integer(), 7) << text;
  }
}

TEST(OllamaModelfile, HasTemplateAndStop) {
  const Tokenizer tokenizer = small_tokenizer("byte_level");
  const auto of = [&](const char* name) {
    return ollama_modelfile("m.gguf", {jinja_of(name), &PromptTemplate(name).row(), false}, tokenizer);
  };
  const std::string system =
      "{{ $system := \"\" }}{{ $has := false }}{{ range .Messages }}{{ if eq .Role \"system\" }}{{ $system = .Content "
      "}}{{ "
      "$has = true }}{{ end }}{{ end }}{{ $first := true }}";
  EXPECT_EQ(
      of("chatml"),
      "FROM ./m.gguf\nTEMPLATE \"\"\"" + system +
          "{{ if $has }}<|im_start|>system\n{{ $system }}<|im_end|>\n{{ end }}{{ range .Messages }}{{ if eq .Role "
          "\"user\" }}<|im_start|>user\n{{ .Content }}<|im_end|>\n{{ $first = false }}{{ else if eq .Role "
          "\"assistant\" }}<|im_start|>assistant\n{{ .Content }}<|im_end|>\n{{ end }}{{ end "
          "}}<|im_start|>assistant\n\"\"\"\nPARAMETER stop \"<|im_end|>\"\n");
  EXPECT_EQ(
      of("plain"),
      "FROM ./m.gguf\nTEMPLATE \"\"\"" + system +
          "{{ range .Messages }}{{ if eq .Role \"user\" }}{{ if and $first $has }}### {{ $system }}\n{{ .Content "
          "}}\n###\n{{ else }}### {{ .Content }}\n###\n{{ end }}{{ $first = false }}{{ else if eq .Role \"assistant\" "
          "}}{{ .Content }}<|eos|>{{ end }}{{ end }}\"\"\"\nPARAMETER stop \"<|eos|>\"\n");
  EXPECT_NE(of("smollm2").find("{{ $system := \"You are a helpful AI assistant named SmolLM, trained by Hugging Face\" "
                               "}}{{ $has := true }}"),
            std::string::npos);
  EXPECT_EQ(ollama_modelfile("m.gguf", {}, tokenizer), "FROM ./m.gguf\n# The model has no chat template.\n");
}

}  // namespace
}  // namespace matinee
