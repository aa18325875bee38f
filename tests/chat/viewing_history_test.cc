#include "lib/chat/viewing_history.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;

const MovieCatalog& catalog() { return small_system().catalog; }
std::string tconst(MovieId movie) { return std::string(catalog().tconst(movie)); }

class ViewingHistoryTest : public ::testing::Test {
 protected:
  ViewingHistory read() {
    return ViewingHistory(path, catalog(), [&](std::string_view text) { notes.emplace_back(text); });
  }
  std::string line(const std::string& id, const char* verdict) const {
    return "{\"tconst\":\"" + id + "\",\"verdict\":\"" + verdict + "\"}\n";
  }

  testing::TemporaryFolder folder;
  std::string path = folder.file("memory.jsonl");
  std::vector<std::string> notes;
};

TEST_F(ViewingHistoryTest, AFileThatDoesNotExistIsEmptyAndIsNotMade) {
  EXPECT_TRUE(read().preferences().empty());
  EXPECT_FALSE(file_exists(path));
}

TEST_F(ViewingHistoryTest, TheLastLineOfAMovieCounts) {
  write_file(path, line(tconst(1), "seen") + line(tconst(2), "liked") + line(tconst(3), "disliked") + "\n" +
                       line(tconst(1), "disliked") + line(tconst(3), "none"));
  const PreferenceState state = read().preferences();
  EXPECT_EQ(state.disliked, (std::vector<MovieId>{1}));
  EXPECT_EQ(state.liked, (std::vector<MovieId>{2}));
  EXPECT_TRUE(state.seen.empty());
  EXPECT_TRUE(notes.empty());
}

TEST_F(ViewingHistoryTest, WritesWhatATurnChanges) {
  ViewingHistory history = read();
  PreferenceState before, after;
  after.seen = {4, 5};
  after.liked = {5};
  history.record(before, after);
  const std::string year = std::to_string(catalog().year(4));
  EXPECT_EQ(read_file(path).substr(0, read_file(path).find('\n')),
            "{\"tconst\":\"" + tconst(4) + "\",\"title\":\"" + std::string(catalog().title(4)) + "\",\"year\":" + year +
                ",\"verdict\":\"seen\",\"date\":\"" + today() + "\"}");
  EXPECT_EQ(read().preferences().seen, (std::vector<MovieId>{4}));
  EXPECT_EQ(read().preferences().liked, (std::vector<MovieId>{5})) << "an opinion implies that it was seen";
  const std::string text = read_file(path);
  history.record(after, after);
  EXPECT_EQ(read_file(path), text) << "nothing has changed";
}

TEST_F(ViewingHistoryTest, OnlyAnUndoneTurnTakesBack) {
  write_file(path, line(tconst(7), "liked"));
  ViewingHistory history = read();
  PreferenceState before = history.preferences(), after = before;
  after.liked.clear();
  after.disliked = {7};
  after.seen = {8};
  history.record(before, after);
  history.record(after, {});
  EXPECT_EQ(history.preferences(), after) << "to begin anew is not to have seen nothing";
  history.record(after, before, true);
  EXPECT_EQ(history.preferences(), before);
  EXPECT_EQ(read().preferences(), before);
}

TEST_F(ViewingHistoryTest, KeepsWhatItDoesNotKnow) {
  const std::string foreign = "{\"tconst\":\"tt7777777\",\"title\":\"Elsewhere\",\"verdict\":\"liked\",\"stars\":5}\n";
  write_file(path, foreign);
  ViewingHistory history = read();
  EXPECT_TRUE(history.preferences().empty());
  ASSERT_NE(history.find("tt7777777"), nullptr);
  history.record({}, [] {
    PreferenceState state;
    state.seen = {0};
    return state;
  }());
  EXPECT_TRUE(read_file(path).starts_with(foreign));
  EXPECT_TRUE(notes.empty());
}

TEST_F(ViewingHistoryTest, NamesDamagedLinesAndKeepsTheRest) {
  write_file(path, line(tconst(1), "seen") + "{\"tconst\":\"tt1\n" + "[]\n" + line(tconst(2), "adored") +
                       "{\"verdict\":\"seen\"}\n" + "{\"tconst\":\"\",\"verdict\":\"seen\"}\n" +
                       "{\"tconst\":\"tt1\",\"verdict\":\"seen\",\"year\":\"old\"}\n" + line(tconst(3), "liked") +
                       "{\"tc");
  const PreferenceState state = read().preferences();
  EXPECT_EQ(state.seen, (std::vector<MovieId>{1}));
  EXPECT_EQ(state.liked, (std::vector<MovieId>{3}));
  ASSERT_EQ(notes.size(), 7u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(notes[i].starts_with(path + ":" + std::to_string(i + 2) + ": ")) << notes[i];
    EXPECT_TRUE(notes[i].ends_with("; this line is left out")) << notes[i];
  }
  EXPECT_NE(notes[2].find("verdict: expected seen, liked, disliked or none, found \"adored\""), std::string::npos)
      << notes[2];
  EXPECT_TRUE(notes[6].starts_with(path + ":9: ")) << notes[6];
}

TEST_F(ViewingHistoryTest, TwoChatsWriteOneFile) {
  ViewingHistory one = read(), two = read();
  PreferenceState first, second;
  first.liked = {1};
  second.disliked = {2};
  one.record({}, first);
  two.record({}, second);
  const PreferenceState both = read().preferences();
  EXPECT_EQ(both.liked, first.liked);
  EXPECT_EQ(both.disliked, second.disliked);
}

TEST_F(ViewingHistoryTest, AFailedWriteChangesNothing) {
  ViewingHistory history = read();
  PreferenceState state;
  state.liked = {1};
  fail_nth_write(1);
  EXPECT_EQ(error_of([&] { history.record({}, state); }), path + ": cannot write: No space left on device");
  EXPECT_TRUE(history.preferences().empty());
  EXPECT_EQ(error_of([] { ViewingHistory("/dev/zero", catalog(), [](std::string_view) {}); }),
            "/dev/zero: expected a regular file");
}

}  // namespace
}  // namespace matinee
