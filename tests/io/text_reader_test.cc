#include "lib/io/text_reader.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>

#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

std::string gzip(const std::string& text) {
  isal_zstream stream;
  isal_deflate_init(&stream);
  std::vector<std::uint8_t> out(text.size() + 1000);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_deflate(&stream), COMP_OK);
  return {reinterpret_cast<const char*>(out.data()), stream.total_out};
}

std::vector<std::string> lines_of(const std::string& path) {
  LineReader reader(path);
  std::vector<std::string> lines;
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  EXPECT_EQ(reader.line_number(), lines.size());
  return lines;
}

TEST(LineReader, TakesLfAndCrlfAndALastLineWithoutEnd) {
  const TemporaryFolder folder;
  const auto lines = [&](const std::string& text) {
    write_file(folder.file("t"), text);
    return lines_of(folder.file("t"));
  };
  EXPECT_EQ(lines(""), (std::vector<std::string>{}));
  EXPECT_EQ(lines("\n"), (std::vector<std::string>{""}));
  EXPECT_EQ(lines("a\r\nb\n\nc"), (std::vector<std::string>{"a", "b", "", "c"}));
}

TEST(LineReader, LinesLongerThanItsBuffer) {
  const TemporaryFolder folder;
  const std::string a(300'000, 'a'), b(70'000, 'b');
  write_file(folder.file("t"), a + "\n" + b);
  EXPECT_EQ(lines_of(folder.file("t")), (std::vector<std::string>{a, b}));
}

TEST(LineReader, RefusesALineOverTheLimit) {
  const TemporaryFolder folder;
  write_file(folder.file("t"), "ok\n" + std::string(200'000, 'x') + "\n");
  LineReader reader(folder.file("t"), 1000);
  std::string_view line;
  EXPECT_TRUE(reader.next(line));
  EXPECT_EQ(error_of([&] { reader.next(line); }), folder.file("t") + ":2: line is longer than 1000 bytes");
}

TEST(ByteSource, ReadsSeveralGzipMembersAsOneText) {
  const TemporaryFolder folder;
  const std::string text = "one\ntwo\n" + std::string(500'000, 'z');
  write_file(folder.file("t.gz"), gzip(text) + gzip("three\n"));
  EXPECT_EQ(read_text(folder.file("t.gz")), text + "three\n");
}

TEST(ByteSource, NamesACutOrBrokenGzipStream) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919);
  const std::string whole = gzip(text);
  const std::string path = folder.file("t.gz");
  write_file(path, whole.substr(0, whole.size() / 2));
  EXPECT_EQ(error_of([&] { read_text(path); }), path + ": gzip stream is cut off after " +
                                                    std::to_string(whole.size() / 2) +
                                                    " compressed bytes; fetch the file again");
  std::string broken = whole;
  broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 1);
  write_file(path, broken);
  EXPECT_NE(error_of([&] { read_text(path); }).find("checksum does not match"), std::string::npos);
}

}  // namespace
}  // namespace matinee
