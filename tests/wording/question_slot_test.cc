#include "lib/wording/question_slot.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

TEST(QuestionSlot, AQuestionOfThePhrasebookIsAboutTheSlotOfItsSection) {
  const Phrasebook book = Phrasebook::built_in();
  Random random(1, "question slot", 0);
  for (int i = 0; i < kAskableSlots; ++i) {
    const auto slot = static_cast<Slot>(i);
    for (int trial = 0; trial < 50; ++trial) {
      const std::string text = book.expand(std::string("s.ask.") + name_of(slot), {}, random);
      EXPECT_EQ(slot_of_question(text, book), slot) << text;
    }
  }
}

TEST(QuestionSlot, AnotherQuestionIsAboutTheSlotOfMostOfItsWords) {
  const Phrasebook book = Phrasebook::built_in();
  EXPECT_EQ(slot_of_question("Comedy or drama, what sort?", book), Slot::kGenre);
  EXPECT_EQ(slot_of_question("Which decade was it made?", book), Slot::kYears);
  EXPECT_EQ(slot_of_question("A LONG running time, or brief?", book), Slot::kRuntime);
  EXPECT_EQ(slot_of_question("Famous, or obscure?", book), Slot::kPopularity);
  EXPECT_EQ(slot_of_question("Anyone you'd like to see: an actress, a director?", book), Slot::kPerson);
  EXPECT_EQ(slot_of_question("An old actor and a director?", book), Slot::kPerson);
  EXPECT_EQ(slot_of_question("An old drama?", book), Slot::kGenre) << "of two with as many words, the first";
  EXPECT_EQ(slot_of_question("Hello there.", book), std::nullopt);
  EXPECT_EQ(slot_of_question("", book), std::nullopt);
}

}  // namespace
}  // namespace matinee
