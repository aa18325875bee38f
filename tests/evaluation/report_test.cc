// The page of evaluate --report: well-formed, all texts escaped, the same numbers as the figures.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lib/base/file.h"
#include "lib/evaluation/figure_comparison.h"
#include "lib/evaluation/offer_statistics.h"
#include "lib/evaluation/report_markup.h"
#include "lib/evaluation/report_page.h"
#include "lib/evaluation/report_run.h"
#include "tests/chat/scripted_chat.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;
using testing::TemporaryFolder;

const char* const kHostile = "<script>alert(1)</script> & \" ' </section> \x01 \xff";

bool holds(const std::string& page, std::string_view part) { return page.find(part) != std::string::npos; }

// An evaluation whose model is the templates; it has every section but training.
ReportData reported() {
  ThreadPool pool(2);
  EvaluationOptions options;
  options.held_out = 6;
  options.training = 2;
  options.self_play = 12;
  ReportData data;
  data.catalog = &small_system().catalog;
  Evaluation& evaluation = data.evaluation.emplace();
  evaluation.model = evaluation.templates = evaluate_templates(small_system(), options, 1, pool);
  return data;
}

TEST(Markup, EscapesEverything) {
  EXPECT_EQ(escape_markup("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_markup("\x01\t\xff\xc3\xa9\xef\xbf\xbf"), "\xef\xbf\xbd\t\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
  MarkupWriter page;
  page.open("p", {{"class", "\"><x"}}).text("<y>").empty("br").element("b", "&").close();
  EXPECT_EQ(page.take(), "<p class=\"&quot;&gt;&lt;x\">&lt;y&gt;<br/><b>&amp;</b>\n</p>\n");
}

TEST(Markup, AnElementThatIsOpenIsABug) {
  MarkupWriter page;
  page.open("p");
  EXPECT_NE(error_of([&] { page.take(); }).find("an element is open"), std::string::npos);
  page.close();
  EXPECT_NE(error_of([&] { page.close(); }).find("no element is open"), std::string::npos);
}

TEST(Report, TextsAreNeverMarkup) {
  ReportData data = reported();
  Figures& model = data.evaluation->model;
  model.compared.front().text = model.compared.front().before = model.compared.front().source = kHostile;
  model.compared.front().missing.assign(9, {"liked", kHostile});
  PlayedConversation& played = model.played.front();
  played.target = played.wishes = kHostile;
  for (PlayedTurn& turn : played.turns) {
    turn.text = turn.answer.text = kHostile;
    turn.answer.wrong = {{"genres", kHostile}};
    turn.understood = false;
  }
  data.run = {kHostile, kHostile, kHostile, kHostile, kHostile, kHostile, kHostile, 1, 1, 1, 1, 0};
  data.metrics.push_back({kHostile, {{1, 2, 0.1, 5, 5, 0}}, {{1, 2}}});
  data.sweep.emplace(SweepTable{kHostile,
                                {"rank", "run", "valid_loss", "steps", kHostile, "message"},
                                {{"1", kHostile, "2", "5", kHostile, kHostile}, {"2", "x", "3", "5", "y", ""}}});
  data.beside = kHostile;
  data.comparison.push_back({kHostile, 9, 9, 9, true, {{kHostile, true, 0, 1, Interval{0, 1}, 0.5}}});
  const std::string page = report_page(data);
  EXPECT_FALSE(holds(page, "<script")) << "as markup";
  EXPECT_FALSE(holds(page, "\x01"));
  EXPECT_FALSE(holds(page, "\xff"));
  std::size_t count = 0;
  for (std::size_t at = page.find("&lt;script&gt;"); at != page.npos; at = page.find("&lt;script&gt;", at + 1)) ++count;
  EXPECT_GT(count, 20u);
}

TEST(Report, TheNumbersAreThoseOfTheFigures) {
  const ReportData data = reported();
  const std::string page = report_page(data);
  for (const FigureRow& row : figure_rows()) {
    if (!is_measured(row, data.evaluation->model)) continue;
    const std::string cells = "<th scope=\"row\">" + escape_markup(row.title) + "</th><td>" +
                              row.text(row.value(data.evaluation->model)) + "</td>";
    EXPECT_TRUE(holds(page, cells)) << cells;
  }
}

TEST(Report, SectionsWithoutDataAreLeftOut) {
  ReportData data;
  data.metrics.push_back({"metrics.jsonl", {{1, 2, 0.1, 5, 5, 0}, {2, 1, 0.1, 5, 5, 0}}, {}});
  const std::string page = report_page(data);
  EXPECT_TRUE(holds(page, "<h2 id=\"loss-title\">"));
  for (const char* section : {"figures", "acts", "offers", "times", "sweep", "comparison"})
    EXPECT_FALSE(holds(page, std::string("id=\"") + section + "\"")) << section;
}

TEST(Report, TenConversationsOfAsManyPersonasAsThereAre) {
  const ReportData data = reported();
  const std::string page = report_page(data);
  std::set<Persona> personas;
  std::size_t shown = 0;
  for (std::size_t at = page.find("<details"); at != page.npos; at = page.find("<details", at + 1)) ++shown;
  EXPECT_EQ(shown, 10u);
  for (const PlayedConversation& played : data.evaluation->model.played) {
    if (!personas.insert(played.persona).second) continue;
    EXPECT_TRUE(holds(page, std::string("<summary>") + name_of(played.persona)));
  }
}

TEST(PlayedConversation, EndingsByWhatHappened) {
  const auto played = [](bool satisfied, bool closed, std::vector<std::pair<bool, bool>> understood_and_broken) {
    PlayedConversation conversation;
    conversation.satisfied = satisfied;
    conversation.closed = closed;
    for (const auto& [understood, broken] : understood_and_broken) {
      PlayedTurn turn;
      turn.has_answer = true;
      turn.understood = understood;
      if (broken) turn.broken = {Slot::kGenre};
      conversation.turns.push_back(turn);
    }
    return conversation;
  };
  EXPECT_EQ(played(true, false, {{true, false}}).ending(), Ending::kAccepted);
  EXPECT_EQ(played(true, false, {{false, false}, {true, false}}).ending(), Ending::kAcceptedAnyway);
  EXPECT_EQ(played(false, false, {{true, false}, {false, true}, {true, true}}).ending(), Ending::kRuledOutByReading);
  EXPECT_EQ(played(false, false, {{false, true}, {true, false}, {true, true}}).ending(), Ending::kRuledOutByUser);
  EXPECT_EQ(played(false, false, {{false, true}, {true, false}}).ending(), Ending::kOutOfTurnsMisread);
  EXPECT_EQ(played(false, false, {{true, false}}).ending(), Ending::kOutOfTurns);
  EXPECT_EQ(played(false, true, {{true, false}}).ending(), Ending::kClosedEarly);
  PlayedConversation left = played(false, true, {{true, false}});
  left.turns.back().leaves = true;
  EXPECT_EQ(left.ending(), Ending::kLeft);
  EXPECT_EQ(played(false, false, {{true, false}, {false, true}}).ruled_out_since(), 2);
  EXPECT_EQ(played(false, false, {{true, false}, {false, true}}).first_misread(), 2);
}

TEST(PlayedConversation, SelfPlayRecordsWhatWasSaid) {
  const ReportData data = reported();
  const Figures& model = data.evaluation->model;
  ASSERT_EQ(model.played.size(), 12u);
  std::int64_t turns = 0, satisfied = 0;
  for (const PlayedConversation& played : model.played) {
    turns += static_cast<std::int64_t>(played.turns.size());
    satisfied += played.satisfied ? 1 : 0;
    EXPECT_EQ(played.first_misread(), 0) << "the templates are given what the user meant";
    EXPECT_FALSE(played.turns.front().text.empty());
  }
  EXPECT_EQ(turns, model.turns);
  EXPECT_EQ(satisfied, model.success.right);
}

// Gini of (1, 1, 2, 4): 0.3125, by its definition as half the relative mean absolute difference.
TEST(OfferStatistics, KnownValues) {
  const OfferStatistics some = offer_statistics({{0, 4}, {5, 1}, {60, 2}, {99, 1}}, 100);
  EXPECT_EQ(some.offers, 8);
  EXPECT_EQ(some.different, 4);
  EXPECT_DOUBLE_EQ(some.coverage, 0.04);
  EXPECT_DOUBLE_EQ(some.gini, 0.3125);
  EXPECT_DOUBLE_EQ(some.top_share, 1);
  EXPECT_DOUBLE_EQ(some.by_popularity[0], 0.5);
  EXPECT_DOUBLE_EQ(some.by_popularity[3], 0.125);
  EXPECT_DOUBLE_EQ(some.by_popularity[6], 0.375);
  EXPECT_EQ(offer_statistics({}, 100).gini, 0);
  EXPECT_EQ(offer_statistics({{1, 3}, {2, 3}}, 100).gini, 0);
}

Evaluation with_items(const std::vector<std::string>& keys, int right) {
  Evaluation evaluation;
  evaluation.items.keys = keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    evaluation.items.counts["success"].push_back({static_cast<int>(i) < right ? 1.0 : 0.0, 1, 0, 0});
    evaluation.items.counts["mean_turns"].push_back({static_cast<double>(i % 5), 1, 0, 0});
  }
  return evaluation;
}
std::vector<std::string> keys_of(int first, int count) {
  std::vector<std::string> keys;
  for (int i = first; i < first + count; ++i) keys.push_back("self_play:" + std::to_string(i));
  return keys;
}

TEST(Comparison, TheSameItemsAreComparedInPairs) {
  const TemporaryFolder folder;
  write_file(folder.file("before.json"), with_items(keys_of(0, 20), 10).json());
  const EarlierFigures before = read_earlier_figures(folder.file("before.json"));
  const auto parts = compare_figures(before, with_items(keys_of(0, 30), 16));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_TRUE(parts[0].paired);
  EXPECT_EQ(parts[0].common, 20u);
  const ComparedFigure& success = parts[0].figures.at(0);
  EXPECT_DOUBLE_EQ(success.before, 0.5);
  EXPECT_DOUBLE_EQ(success.now, 0.8);
  const Interval expected = newcombe_paired_interval({10, 0, 6, 4});
  EXPECT_DOUBLE_EQ(success.difference->low, expected.low);
  EXPECT_DOUBLE_EQ(*success.p, mcnemar_p({10, 0, 6, 4}));
  EXPECT_FALSE(parts[0].figures.at(1).difference) << "all differences are 0";
  EXPECT_NE(comparison_table(parts, "before.json").find("+30.0"), std::string::npos);
}

TEST(Comparison, OtherItemsAreComparedAsIndependent) {
  const TemporaryFolder folder;
  write_file(folder.file("before.json"), with_items(keys_of(100, 20), 10).json());
  const auto parts = compare_figures(read_earlier_figures(folder.file("before.json")), with_items(keys_of(0, 30), 24));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_FALSE(parts[0].paired);
  const Interval expected = newcombe_interval(10, 20, 24, 30);
  EXPECT_DOUBLE_EQ(parts[0].figures.at(0).difference->low, expected.low);
  EXPECT_FALSE(parts[0].figures.at(0).p);
  EXPECT_TRUE(parts[0].figures.at(1).difference);
}

TEST(Comparison, FiguresOfAnEarlierVersionHaveNoIntervals) {
  const TemporaryFolder folder;
  write_file(folder.file("before.json"), R"({"model":{"success":0.25},"templates":{}})");
  const auto parts = compare_figures(read_earlier_figures(folder.file("before.json")), with_items(keys_of(0, 20), 10));
  ASSERT_EQ(parts.size(), 1u);
  ASSERT_EQ(parts[0].figures.size(), 1u);
  EXPECT_EQ(parts[0].figures[0].before, 0.25);
  EXPECT_FALSE(parts[0].figures[0].difference);
}

TEST(Comparison, AnotherFileIsRefused) {
  const TemporaryFolder folder;
  write_file(folder.file("x.json"), R"({"base":"b"})");
  EXPECT_EQ(error_of([&] { read_earlier_figures(folder.file("x.json")); }),
            folder.file("x.json") + ": expected figures of evaluate -o, found no object \"model\"");
  write_file(folder.file("y.json"), R"({"model":{},"items":{"keys":["a","b"],"success":[[1,1]]}})");
  EXPECT_EQ(error_of([&] { read_earlier_figures(folder.file("y.json")); }),
            folder.file("y.json") + ": items.success: expected 2 items, one for each key, found 1");
}

TEST(ReportInputs, WrongFilesAreNamed) {
  const TemporaryFolder folder;
  const auto refused = [&](const char* text, const auto& read) {
    write_file(folder.file("f"), text);
    const std::string error = error_of([&] { read(folder.file("f")); });
    return error.substr(std::min(error.size(), folder.file("").size()));
  };
  EXPECT_EQ(refused("{\"step\":1,\"epoch\":0,\"valid_loss\":1}\n", read_training_metrics),
            "f: expected JSON lines of lora-train --metrics, found no loss");
  EXPECT_EQ(refused("{\"step\":1}\n{\"step\":2,\"loss\":1}\n", read_training_metrics), "f:1: loss: missing");
  EXPECT_EQ(refused("a\tb\n", read_sweep_table),
            "f:1: expected a sweep.tsv of lora-train --sweep, found no column \"rank\"");
  EXPECT_EQ(refused("rank\trun\tvalid_loss\tsteps\tmessage\n1\tx\n", read_sweep_table),
            "f:2: expected 5 fields as in the first line, found 2");
  write_file(folder.file("cut"), "{\"step\":1,\"loss\":2}\n{\"step\":2,\"lo");
  EXPECT_EQ(read_training_metrics(folder.file("cut")).steps.size(), 1u);
}

TEST(ReportInputs, ACommandIsQuotedAsAShellNeedsIt) {
  const char* const words[] = {"build/evaluate", "--keep=a:0.1,b", "two words", "", "it's", "$x"};
  EXPECT_EQ(command_text(6, words), "build/evaluate --keep=a:0.1,b 'two words' '' 'it'\\''s' '$x'");
}

}  // namespace
}  // namespace matinee
