#include "lib/recommend/query_batch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

class QueryBatchTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  ThreadPool pool{2};
  Context context{pool};
  std::vector<std::string> notes;
  std::string out;
  MovieFinder finder{catalog, context, {}, {}, 1, [&](std::string_view note) { notes.emplace_back(note); }};

  QueryBatch batch(QueryBatch::Options options) {
    return {finder, catalog, options, [&](std::string_view text) { out += text; },
            [&](std::string_view note) { notes.emplace_back(note); }};
  }
  std::string alone(const std::string& query, QueryBatch::Options options) {
    const MovieQuery understood = finder.understand(query);
    const auto found = finder.answer(understood, options.k);
    return (options.json ? to_json_line : to_tsv)({query, understood, found}, catalog, options.explain);
  }
};

TEST_F(QueryBatchTest, AnswersInTheirOrderAsOneByOne) {
  const std::vector<std::string> queries{"Heat (1995)", "{\"genres\":[\"Comedy\"]}", "Toy Story 2",
                                         "{\"liked\":[\"Heat (1995)\"]}", "Heat (1995)"};
  for (const bool json : {false, true}) {
    const QueryBatch::Options options{3, json, true};
    out.clear();
    QueryBatch together = batch(options);
    std::string expected;
    for (const std::string& query : queries) {
      together.add(query, "");
      expected += alone(query, options);
    }
    EXPECT_EQ(out, "") << "nothing is written before answer()";
    together.answer();
    EXPECT_EQ(out, expected);
    together.answer();
    EXPECT_EQ(out, expected) << "each query is answered once";
    EXPECT_EQ(together.read(), queries.size());
  }
}

TEST_F(QueryBatchTest, AQueryWithoutAnAnswerIsReportedAndStopsNoOther) {
  QueryBatch together = batch({2, false, false});
  together.add("Heat (1995)", "in:1");
  together.add("zzqx vvkw", "in:2");
  together.add("{\"genres\":7}", "in:3");
  together.add("Toy Story 2", "in:4");
  together.answer();
  EXPECT_EQ(out, alone("Heat (1995)", {2, false, false}) + alone("Toy Story 2", {2, false, false}));
  EXPECT_EQ(together.read(), 4u);
  EXPECT_EQ(together.failed(), 2u);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_TRUE(notes[0].starts_with("in:2: ")) << notes[0];
  EXPECT_TRUE(notes[1].starts_with("in:3: ")) << notes[1];
}

TEST_F(QueryBatchTest, ManyQueriesAreAnsweredBeforeTheEnd) {
  QueryBatch together = batch({1, false, false});
  for (int i = 0; i < 4096; ++i) together.add("Heat (1995)", "");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4096);
}

}  // namespace
}  // namespace matinee
