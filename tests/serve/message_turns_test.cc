#include "lib/serve/message_turns.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/serve/serve_fixture.h"

namespace matinee {
namespace {

using testing::assistant_says;
using testing::user_says;
using Messages = std::vector<ChatMessage>;

// "opening | user > reply | ... | next"; "-" for no opening, "(open)" for a conversation that is to be opened.
std::string shape(const Messages& messages) {
  const MessageTurns turns = turns_of(messages);
  std::string text = turns.opening.value_or("-");
  for (const MessageTurn& turn : turns.past) text += " | " + turn.user + " > " + turn.reply;
  return text + " | " + (turns.next ? turns.next->user : "(open)");
}

TEST(MessageTurns, ATurnIsTheUsersMessageAndWhatFollowsIt) {
  EXPECT_EQ(shape({user_says("a")}), "- | a");
  EXPECT_EQ(shape({assistant_says("hi"), user_says("a"), assistant_says("A"), user_says(" b\n")}), "hi | a > A | b");
  EXPECT_EQ(shape({user_says("a"), user_says("b"), user_says("c")}), "- | a >  | b >  | c");
  EXPECT_EQ(shape({user_says("a"), assistant_says("A"), assistant_says("B"), user_says("c")}), "- | a > A B | c");
  EXPECT_EQ(shape({user_says("a"), assistant_says(""), user_says("c")}), "- | a >  | c");
}

TEST(MessageTurns, MessagesOfTheSystemAreIgnored) {
  EXPECT_EQ(shape({{MessageRole::kSystem, "be rude", ""}, user_says("a"), {MessageRole::kSystem, "now", ""}}), "- | a");
  EXPECT_EQ(shape({{MessageRole::kSystem, "be rude", ""}}), "- | (open)");
  EXPECT_EQ(turns_of(Messages{{MessageRole::kSystem, "", ""}, user_says("a")}).next->place, 1u);
}

TEST(MessageTurns, WithoutALastMessageOfTheUserTheNextTurnHasNoWords) {
  EXPECT_EQ(shape({}), "- | (open)");
  EXPECT_EQ(shape({assistant_says("hi")}), "hi | ");
  EXPECT_EQ(shape({user_says("a"), assistant_says("A")}), "- | a > A | ");
}

TEST(MessageTurns, CommandsOfTheConversationTakeEffect) {
  const Messages talk{assistant_says("hi"), user_says("a"), assistant_says("A"), user_says("b"), assistant_says("B")};
  const auto with = [&](std::initializer_list<ChatMessage> more) {
    Messages all = talk;
    all.insert(all.end(), more);
    return shape(all);
  };
  EXPECT_EQ(with({user_says("/undo")}), "hi | a > A | b > B | /undo");
  EXPECT_EQ(with({user_says("/undo"), assistant_says("Took back"), user_says("c")}), "hi | a > A | c");
  EXPECT_EQ(with({user_says("/undo"), assistant_says("x"), user_says("/undo"), assistant_says("x"), user_says("/undo"),
                  assistant_says("x"), user_says("c")}),
            "hi | c");
  EXPECT_EQ(with({user_says("/restart"), assistant_says("hello"), user_says("c")}), "hello | c");
  EXPECT_EQ(with({user_says("/help"), assistant_says("Say ..."), user_says("/nonsense"), assistant_says("Unknown"),
                  user_says("/more"), assistant_says("C"), user_says("/why")}),
            "hi | a > A | b > B | /more > C | /why");
}

TEST(MessageTurns, KeysTellConversationsApart) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> keys;
  const auto add = [&](const std::optional<std::string>& opening, const MessageTurn& turn) {
    const ConversationKey asked = asked_key(opening_key(opening), turn), answered = answered_key(asked, turn.reply);
    keys.insert({asked.first, asked.second});
    keys.insert({answered.first, answered.second});
  };
  add({}, {"ab", "", 0, "c"});
  add({}, {"a", "", 0, "bc"});
  add({}, {"a", "b", 0, "c"});
  add("", {"ab", "", 0, "c"});
  add("a", {"b", "", 0, "c"});
  EXPECT_EQ(keys.size(), 10u);
  EXPECT_EQ(asked_key(opening_key({}), {"a", "", 0, ""}), asked_key(opening_key({}), {"a", "", 7, "x"}))
      << "neither the place nor a later answer counts";
}

}  // namespace
}  // namespace matinee
