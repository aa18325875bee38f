// The language model's skills on the mini base of testdata/ without an adapter: what holds whatever a model prefers.
#include "lib/chat/model_skills.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "lib/base/file.h"
#include "lib/prompt/chat_template.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/wording.h"
#include "tests/chat/scripted_chat.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;
using testing::TemporaryFolder;

TEST(PromptedPart, EndsBetweenCharacters) {
  const std::string a598(598, 'a');
  EXPECT_EQ(prompted_part("hello"), "hello");
  EXPECT_EQ(prompted_part(a598 + "\u00e9"), a598 + "\u00e9");
  EXPECT_EQ(prompted_part(a598 + "a\u00e9"), a598 + "a");
  EXPECT_EQ(prompted_part(a598 + "\u20ac\u20ac"), a598);
  EXPECT_EQ(prompted_part(a598 + "abcdef"), a598 + "ab");
}

class ModelSkillsTest : public ::testing::Test {
 protected:
  ThreadPool pool{2};
  Context context{pool};
  LanguageModelOptions options = testing::mini_options();
  LanguageModel model{context, options};
  TextGenerator generator{context, model, options.sampler, 1};
};

// One pass for each choice, and none for what the language leaves no choice about: not before the first choice, not
// between two, not behind the last.
TEST_F(ModelSkillsTest, ForcedTokensCostNoPass) {
  const auto reply = [&](const std::string& phrases) {
    Phrasebook book;
    book.add_text("[s]\n" + phrases + "\n", "book");
    const PhraseRequest request{"s", {}};
    const PhraseLanguage language(book, {&request, 1});
    std::string shown;
    const TextGenerator::Reply made =
        generator.reply(act_prompt({.kind = SystemActKind::kGreet}, {}, small_system().catalog), &language, 100,
                        TextGenerator::Choice::kSampled, [&](std::string_view text) {
                          shown += text;
                          return true;
                        });
    EXPECT_EQ(made.end, ReplyEnd::kFinished);
    EXPECT_EQ(shown, made.text);
    EXPECT_TRUE(language.accepts(made.text)) << made.text;
    return made;
  };
  EXPECT_EQ(reply("Hello there, my friend. What kind of movie do you want to see tonight?").passes, 0);
  const auto one = reply("Hello there, my friend(!|?) What kind of movie would you like to see tonight?");
  EXPECT_EQ(one.passes, 1);
  EXPECT_GT(one.tokens, 10);
  EXPECT_EQ(reply("Hello there, my friend(!|?) What kind of movie would you like(.|!) Say so.").passes, 2);
}

// Llama 2 and Mistral put spaces around a reply, which are part of its tokens and not of its text.
TEST_F(ModelSkillsTest, SpacesOfATemplateAreNoneOfTheText) {
  Phrasebook book;
  book.add_text("[s]\n(Hello|Hi) there.\n", "book");
  const PhraseRequest request{"s", {}};
  const PhraseLanguage language(book, {&request, 1});
  for (const char* name : {"llama2", "mistral", "zephyr"}) {
    options.prompt_template = name;
    const LanguageModel other(context, options);
    TextGenerator with_spaces(context, other, options.sampler, 1);
    std::string shown;
    const TextGenerator::Reply made =
        with_spaces.reply(act_prompt({.kind = SystemActKind::kGreet}, {}, small_system().catalog), &language, 40,
                          TextGenerator::Choice::kSampled, [&](std::string_view text) {
                            shown += text;
                            return true;
                          });
    EXPECT_EQ(made.end, ReplyEnd::kFinished) << name;
    EXPECT_TRUE(language.accepts(made.text)) << name << ": " << made.text;
    EXPECT_EQ(shown, made.text) << name;
  }
}

TEST_F(ModelSkillsTest, TakesTheBasesTemplateWhereAutoIsGiven) {
  LanguageModelOptions own;
  OptionSet set;
  own.add(set);
  const TemporaryFolder folder;
  const std::string base = folder.file("base");
  std::filesystem::copy("testdata/mini", base);
  const std::vector<const char*> words = {"chat", "--template", "auto", "--base", base.c_str()};
  set.parse(static_cast<int>(words.size()), words.data());
  std::string noted;
  own.note = [&](std::string_view text) { noted += text; };
  EXPECT_EQ(error_of([&] { LanguageModel(context, own); }).find(base + ": no chat template"), 0u);
  write_file(base + "/chat_template.jinja", chat_template_of(PromptTemplate("mistral")));
  EXPECT_EQ(LanguageModel(context, own).prompt_template().name(), "mistral");
  EXPECT_EQ(noted, "template mistral (Mistral 7B Instruct 0.1 and 0.2), that of " + base + "/chat_template.jinja");
}

TEST_F(ModelSkillsTest, AStoppedReplyEndsThere) {
  ModelWording wording(generator, small_system(), 1);
  // A reply that has to name a movie takes several pieces, whatever the model prefers.
  SystemAct act{.kind = SystemActKind::kRecommend, .candidates = small_system().ranker.rank({}, {}, 1)};
  act.movie = act.candidates.front().movie;
  std::string shown;
  SaidSentences said;
  const WordedAct whole = wording.realize(act, {}, said, [&](std::string_view text) {
    shown += text;
    return true;
  });
  ASSERT_NE(whole.end, ReplyEnd::kStopped);
  ASSERT_NE(whole.text.find(small_system().catalog.display_name(act.movie)), std::string::npos);

  int pieces = 0;
  shown.clear();
  const WordedAct stopped = wording.realize(act, {}, said, [&](std::string_view text) {
    shown += text;
    return ++pieces < 1;
  });
  EXPECT_EQ(stopped.end, ReplyEnd::kStopped);
  EXPECT_EQ(pieces, 1) << "nothing is printed after the stop";
  EXPECT_EQ(stopped.text, shown);
  EXPECT_LT(stopped.text.size(), whole.text.size());
}

TEST_F(ModelSkillsTest, EveryReplyIsAPhraseOfTheActAndNoneComesTwice) {
  const ChatSystem& system = small_system();
  ModelWording wording(generator, system, 1);
  SaidSentences said;
  std::set<std::string> texts;
  SystemAct recommend{.kind = SystemActKind::kRecommend, .candidates = system.ranker.rank({}, {}, 1)};
  recommend.movie = recommend.candidates.front().movie;
  for (int i = 0; i < 6; ++i) {
    for (const SystemAct& act : {SystemAct{.kind = SystemActKind::kGreet}, recommend}) {
      const WordedAct worded = wording.realize(act, {}, said, {});
      EXPECT_EQ(worded.end, ReplyEnd::kFinished);
      EXPECT_TRUE(texts.insert(worded.text).second) << worded.text;
      const auto requests = possible_wordings(act, {}, system.catalog);
      EXPECT_TRUE(std::ranges::any_of(requests, [&](const PhraseRequest& request) {
        return can_say(system.phrasebook, request, worded.text);
      })) << worded.text;
    }
  }
}

}  // namespace
}  // namespace matinee
