#include "lib/chat/chat_setup.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

class ChatSetupTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder;
  std::string path = folder.file("chat.json");

  // No setup is found by itself unless a test puts one into this HOME.
  void SetUp() override { setenv("HOME", folder.path().c_str(), 1); }
  void write(const std::string& text) const { write_file(path, text); }
};

TEST_F(ChatSetupTest, RelativePathsAreRelativeToItsFolder) {
  write("{\"base\":\"/models/base\",\"adapter\":\"adapter\",\"movies\":\"../movies.bin\"}");
  const ChatSetup setup = read_chat_setup(path);
  EXPECT_EQ(setup.base, "/models/base");
  EXPECT_EQ(setup.adapter, folder.file("adapter"));
  EXPECT_EQ(setup.movies, folder.file("../movies.bin"));
}

TEST_F(ChatSetupTest, WhatIsMissingIsNamed) {
  write("{\"base\":\"x\",\"movies\":\"y\"}");
  EXPECT_EQ(error_of([&] { read_chat_setup(path); }), path + ": adapter: expected a path");
  write("[]");
  EXPECT_EQ(error_of([&] { read_chat_setup(path); }), path + ": expected a JSON object with base, adapter and movies");
}

TEST_F(ChatSetupTest, IsFoundInTheHomeFolder) {
  EXPECT_EQ(find_chat_setup(), "");
  std::filesystem::create_directories(folder.file(".local/share/matinee"));
  const std::string own = folder.file(".local/share/matinee/chat.json");
  write_file(own, "{}");
  EXPECT_EQ(find_chat_setup(), own);
}

TEST_F(ChatSetupTest, FillsInWhatTheUserDidNotGive) {
  write("{\"base\":\"/b\",\"adapter\":\"/a\",\"movies\":\"/m\"}");
  const auto completed = [&](const std::string& base, const std::string& adapter, const std::string& movies) {
    TrainedChatOptions options;
    options.setup = path;
    options.model.base = base;
    options.model.adapter = adapter;
    options.system.movies = movies;
    options.complete();
    return options.model.base + " " + options.model.adapter + " " + options.system.movies;
  };
  EXPECT_EQ(completed("", "", ""), "/b /a /m");
  EXPECT_EQ(completed("", "/mine", ""), "/b /mine /m");
  EXPECT_EQ(completed("/other", "", ""), "/other  /m") << "an adapter belongs to its base";
  EXPECT_EQ(completed("", "", "/own"), "/b /a /own");
}

TEST_F(ChatSetupTest, WithoutASetupBaseAndCatalogAreNeeded) {
  const auto complaint = [](const std::string& base, const std::string& movies) {
    TrainedChatOptions options;
    options.model.base = base;
    options.system.movies = movies;
    return error_of([&] { options.complete(); });
  };
  EXPECT_EQ(complaint("/b", "/m"), "");
  const std::string expected =
      "no trained model found; run `make chat` or `make train` first, or give --base, --adapter and --movies";
  EXPECT_EQ(complaint("", ""), expected);
  EXPECT_EQ(complaint("/b", ""), expected);
  EXPECT_EQ(complaint("", "/m"), expected);
}

}  // namespace
}  // namespace matinee
