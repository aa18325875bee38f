#include "lib/prompt/base_template.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/io/gguf_writer.h"
#include "lib/io/json_writer.h"
#include "lib/prompt/chat_template.h"
#include "lib/prompt/jinja_fingerprint.h"
#include "lib/prompt/known_chat_templates.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

// ChatML as it is published with many models; known by its fingerprint alone.
const std::string kChatml =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
    "'\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const std::string kSmollm2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou "
    "are "
    "a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + "
    "message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|im_start|>assistant\n' }}{% endif %}";

TEST(CanonicalJinja, DoesNotDependOnHowTheSameIsWritten) {
  const std::uint64_t wanted = jinja_fingerprint("{% if a['b'] == 'x\ny' %}one{{ c + 'd' }}{% endif %}");
  for (const char* same : {
           "{%if a['b']=='x\\ny'%}one{{c+'d'}}{%endif%}",
           "{%- if a[\"b\"] == \"x\\ny\" -%}\n   one{{- c + \"d\" }}\n{%- endif %}\n",
           "  {% if a['b'] == 'x\ny' %}\none{{ c + 'd' }}{#- a comment #}{% endif %}",
           "{% if a['b'] == 'x\ny' %}{{ 'one' }}{{ c + 'd' }}{% endif %}\r\n",
           "{% if a['b'] == 'x\ny' %}\n  {#- a comment -#}\n  one{{ c + 'd' }}{% endif %}",
       })
    EXPECT_EQ(jinja_fingerprint(same), wanted) << same;
  for (const char* other : {
           "{% if a['b'] == 'x y' %}one{{ c + 'd' }}{% endif %}",     // in a string
           "{% if a['b'] == 'x\ny' %} one{{ c + 'd' }}{% endif %}",   // in the text
           "{% if a['b'] == 'x\ny' %}one {{ c + 'd' }}{% endif %}",   //
           "{% if a['b'] == 'x\ny' %}one{{ c + 'd' }}\n{% endif %}",  // only tags take line feeds along
           "{% if a['b'] == 'x\\\\ny' %}one{{ c + 'd' }}{% endif %}",
           "{% if a['b'] == 'x\ny' %}one{{ c + d }}{% endif %}",
           "{% if a['b'] == 'x\ny' %}one{{ c + 'd' }}{% endif %}!",
           "{% if ab == 'x\ny' %}one{{ c + 'd' }}{% endif %}",
       })
    EXPECT_NE(jinja_fingerprint(other), wanted) << other;
}

TEST(CanonicalJinja, ReadsAnyTextToItsEnd) {
  for (const char* text : {"", "{", "{{", "{%", "{#", "{{ '", "{{ a", "{% a %", "{%-", "{#-", "a\n{{-",
                           "{{ {'a': {}} }}", "{{ \"\\", "}}", "{{ a -", "{# -#}", "{#-#}", "\r"})
    canonical_jinja(text);
  EXPECT_EQ(canonical_jinja("a\r\nb\n"), "a\nb");
  EXPECT_EQ(canonical_jinja("a {#- x -#} b"), "ab");
}

TEST(RecognizeChatTemplate, KnowsWhatItWritesAndNothingSimilar) {
  for (const std::string& name : PromptTemplate::names()) {
    const std::string jinja = chat_template_of(PromptTemplate(name));
    const TemplateRow* row = recognize_chat_template(jinja);
    ASSERT_NE(row, nullptr) << name;
    EXPECT_EQ(row->name, name);
    // One character less anywhere is another template.
    for (std::size_t i = 0; i < jinja.size(); i += 7) {
      std::string other = jinja;
      other.erase(i, 1);
      if (canonical_jinja(other) == canonical_jinja(jinja)) continue;
      EXPECT_EQ(recognize_chat_template(other), nullptr) << other;
    }
  }
  ASSERT_NE(recognize_chat_template(kChatml), nullptr);
  EXPECT_EQ(recognize_chat_template(kChatml)->name, "chatml");
  EXPECT_EQ(recognize_chat_template(kSmollm2)->name, "smollm2");
  std::string pirate = kSmollm2;
  pirate.replace(pirate.find("a helpful"), 9, "a playful");
  EXPECT_EQ(recognize_chat_template(pirate), nullptr);
}

class BaseTemplate : public ::testing::Test {
 protected:
  void write_config(const std::string& chat_template) {
    write_file(folder.file("tokenizer_config.json"), "{\"a\": 1, \"chat_template\": " + chat_template + "}");
  }
  static std::string quoted(const std::string& text) {
    std::string out;
    JsonWriter(out).string(text);
    return out;
  }
  std::string found() {
    const auto base = read_chat_template(folder.path());
    return !base ? "none" : base->row == nullptr ? "unknown" : std::string(base->row->name);
  }
  testing::TemporaryFolder folder;
};

TEST_F(BaseTemplate, IsFoundInEachOfItsPlaces) {
  EXPECT_EQ(found(), "none");
  write_config("null");
  EXPECT_EQ(found(), "none");
  write_file(folder.file("chat_template.json"), "{\"chat_template\":" + quoted(kSmollm2) + "}");
  EXPECT_EQ(found(), "smollm2");
  write_config(quoted(kChatml));
  EXPECT_EQ(found(), "chatml");
  write_config("[{\"name\":\"tool_use\",\"template\":\"x\"},{\"name\":\"default\",\"template\":" + quoted(kSmollm2) +
               "}]");
  EXPECT_EQ(found(), "smollm2");
  EXPECT_EQ(read_chat_template(folder.file("tokenizer.json"))->row->name, "smollm2");  // the folder of a file
  write_file(folder.file("chat_template.jinja"), "{{ 1 }}");
  EXPECT_EQ(found(), "unknown");
  write_config("7");
  write_file(folder.file("chat_template.jinja"), kChatml + "\n");
  EXPECT_EQ(found(), "chatml");
}

TEST_F(BaseTemplate, IsReadFromGguf) {
  const std::string path = folder.file("model.gguf");
  GgufWriter writer(path);
  writer.add("general.architecture", GgufValue::text("llama"));
  writer.add("tokenizer.chat_template", GgufValue::text(kSmollm2));
  writer.commit();
  const auto base = read_chat_template(path);
  ASSERT_TRUE(base && base->row != nullptr);
  EXPECT_EQ(base->row->name, "smollm2");
  EXPECT_EQ(base->file, path);
  EXPECT_EQ(found(), "smollm2");  // the folder's only model
}

TEST_F(BaseTemplate, AutoSaysWhatItTakes) {
  std::string said;
  const auto note = [&](std::string_view text) { said = text; };
  const auto refusal = [&] { return error_of([&] { chosen_template("auto", folder.path(), note); }); };
  EXPECT_EQ(refusal(), folder.path() + ": no chat template, as in a model that was not tuned for chat; choose one of " +
                           template_names() + " with --template");
  write_config(quoted("{{ 'x' }}"));
  EXPECT_EQ(refusal(), folder.file("tokenizer_config.json") + ": the chat template is none of " + template_names() +
                           "; name the one that suits with --template");
  EXPECT_EQ(chosen_template("alpaca", folder.path(), note).name(), "alpaca");
  EXPECT_EQ(said, "");
  write_config(quoted(kChatml));
  EXPECT_EQ(chosen_template("auto", folder.path(), note).name(), "chatml");
  EXPECT_EQ(said, "template chatml (ChatML without a default system message), that of " +
                      folder.file("tokenizer_config.json"));
  write_config(quoted(kSmollm2));
  EXPECT_EQ(chosen_template("auto", folder.path(), note).name(), "smollm2");
  EXPECT_EQ(said, "template smollm2 (SmolLM2), that of " + folder.file("tokenizer_config.json") +
                      "; where no system message is given, it writes \"You are a helpful AI assistant named SmolLM, "
                      "trained by Hugging Face\", and --template chatml writes none");
}

TEST_F(BaseTemplate, ConflictsAreNamed) {
  EXPECT_EQ(template_conflict("plain", folder.path()), "");
  write_config(quoted(kSmollm2));
  const std::string file = folder.file("tokenizer_config.json");
  EXPECT_EQ(template_conflict("smollm2", folder.path()), "");
  EXPECT_EQ(template_conflict("chatml", folder.path()), "");  // another default system message alone
  EXPECT_EQ(template_conflict("alpaca", folder.path()),
            "template alpaca is not that of the base, which was tuned with smollm2 (" + file +
                "); --template auto takes the base's");
  write_config(quoted("{{ 'x' }}"));
  EXPECT_EQ(template_conflict("alpaca", folder.path()),
            "the base's own chat template (" + file +
                ") is none that is known here; see that template alpaca spells turns as it does, or the base unlearns "
                "its own");
}

}  // namespace
}  // namespace matinee
