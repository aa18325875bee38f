#include "lib/io/text_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/tool.h"
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

std::string numbers() {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919);
  return text;
}

TEST(ByteSource, NamesACutGzipStream) {
  const TemporaryFolder folder;
  const std::string whole = gzip(numbers());
  const std::string path = folder.file("t.gz");
  for (const std::string& before : {std::string(), whole}) {
    for (const std::size_t size : {std::size_t{2}, whole.size() / 2, whole.size() - 1}) {
      write_file(path, before + whole.substr(0, size));
      EXPECT_EQ(error_of([&] { read_text(path); }), path + ": gzip stream is cut off after " +
                                                        std::to_string(before.size() + size) +
                                                        " compressed bytes; fetch the file again");
    }
  }
}

// What zlib gives of a stream without its end, however large the buffers.
TEST(ByteSource, GivesAllTextBeforeACut) {
  const TemporaryFolder folder;
  const std::string text = numbers(), whole = gzip(text), path = folder.file("t.gz");
  for (const std::size_t size : {whole.size() / 4, whole.size() / 2, whole.size() - 8}) {
    write_file(path, whole.substr(0, size));
    std::size_t most = 0;
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{700}, std::size_t{13}}) {
      ByteSource source(path);
      std::string got;
      std::vector<std::byte> buffer(piece);
      EXPECT_NE(error_of([&] {
                  while (const std::size_t n = source.read(buffer))
                    got.append(reinterpret_cast<const char*>(buffer.data()), n);
                }).find("cut off"),
                std::string::npos);
      EXPECT_TRUE(text.starts_with(got));
      EXPECT_GE(got.size() + 64, text.size() * size / whole.size() / 2) << size << " " << piece;
      EXPECT_TRUE(most == 0 || got.size() == most) << piece;
      most = got.size();
    }
    EXPECT_TRUE(size != whole.size() - 8 || most == text.size());
  }
}

TEST(ByteSource, NamesTheMemberWithAWrongChecksum) {
  const TemporaryFolder folder;
  const std::string whole = gzip(numbers());
  const std::string path = folder.file("t.gz");
  // The checksum, and the size.
  for (const std::size_t from_end : {6u, 2u}) {
    std::string broken = whole;
    broken[broken.size() - from_end] = static_cast<char>(broken[broken.size() - from_end] ^ 1);
    write_file(path, whole + broken + whole);
    EXPECT_EQ(error_of([&] { read_text(path); }),
              path + ": checksum does not match near byte " + std::to_string(2 * whole.size()) +
                  ", in the gzip member that begins at byte " + std::to_string(whole.size()) +
                  ": the file is damaged; fetch it again");
  }
}

TEST(ByteSource, ChecksTheRestOnRequest) {
  const TemporaryFolder folder;
  const std::string whole = gzip(numbers() + std::string(3'000'000, 'y')), path = folder.file("t.gz");
  const auto rest_of = [&](const std::string& bytes) {
    write_file(path, bytes);
    ByteSource source(path);
    std::vector<std::byte> begin(1000);
    EXPECT_EQ(source.read(begin), 1000u);
    return error_of([&] { source.check_rest(); });
  };
  std::string broken = whole;
  broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 1);
  EXPECT_NE(rest_of(broken).find("checksum does not match"), std::string::npos);
  EXPECT_EQ(rest_of(whole), "");
  EXPECT_EQ(rest_of(whole.substr(0, whole.size() - 9)), "") << "what is cut off is not damaged before";
  EXPECT_EQ(rest_of(std::string(5000, 'x')), "");
}

// A wrong bit anywhere is found, but in the parts of the header that say nothing about the text.
TEST(ByteSource, NoFlippedBitPassesAsGood) {
  const TemporaryFolder folder;
  const std::string text = numbers(), whole = gzip(text), path = folder.file("t.gz");
  int refused = 0;
  for (std::size_t i = 2; i < whole.size(); i += i < 20 ? 1 : 97) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ (1 << (i % 8)));
    write_file(path, broken);
    try {
      EXPECT_TRUE(read_text(path) == text) << "byte " << i;
      EXPECT_LT(i, 10u);
    } catch (const Error& error) {
      ++refused;
      const bool cut_off = std::string_view(error.what()).find("cut off") != std::string_view::npos;
      EXPECT_EQ(error.code(), cut_off ? ErrorCode::kBadData : ErrorCode::kResource) << error.what();
    }
  }
  EXPECT_GT(refused, 50);
}

TEST(ByteSource, TakesPaddingBehindGzipAndNamesAnythingElse) {
  const TemporaryFolder folder;
  const std::string text = numbers(), whole = gzip(text), path = folder.file("t.gz");
  const auto note_of = [&](const std::string& behind) {
    write_file(path, whole + behind);
    const ToolDescription tool{"tool", "", "", "", {}, ""};
    const char* words[] = {"tool"};
    const auto body = [&](ToolContext&) {
      EXPECT_TRUE(read_text(path) == text);
      return 0;
    };
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run_tool(
                  1, const_cast<char**>(words), tool, 0, [](OptionSet&) {}, body),
              0);
    return ::testing::internal::GetCapturedStderr();
  };
  for (const std::string& behind : {std::string("\n"), std::string("\r\n"), std::string(600'000, '\0')})
    EXPECT_EQ(note_of(behind), "") << behind.size();
  for (const std::string& behind : {std::string("x"), std::string("\x1f"), std::string("\n</html>\n")})
    EXPECT_NE(note_of(behind).find("behind the gzip data"), std::string::npos) << behind;
  write_file(path, whole + std::string(1000, '\0') + whole);
  EXPECT_TRUE(read_text(path) == text + text) << "a member behind padding";
}

TEST(ByteSource, GivesTheSameBytesToAnyBuffer) {
  const TemporaryFolder folder;
  const std::string text = numbers() + std::string(300'000, 'y') + numbers();
  write_file(folder.file("plain"), text);
  write_file(folder.file("gzip"), gzip(text.substr(0, 1000)) + gzip(text.substr(1000)));
  for (const char* name : {"plain", "gzip"}) {
    for (const std::size_t size : {7u, 511u, 65'537u, 4'000'000u}) {
      for (const bool some : {false, true}) {
        ByteSource source(folder.file(name));
        std::string got;
        std::vector<std::byte> buffer(size);
        while (const std::size_t n = some ? source.read_some(buffer) : source.read(buffer)) {
          EXPECT_TRUE(some || n == size || got.size() + n == text.size());
          got.append(reinterpret_cast<const char*>(buffer.data()), n);
        }
        EXPECT_TRUE(got == text) << name << " " << size << " " << some;
        EXPECT_EQ(source.position(), source.size());
        EXPECT_EQ(source.size(), std::filesystem::file_size(folder.file(name)));
      }
    }
  }
}

// Someone who types, or a program that waits for each answer: a line comes when it is written.
TEST(LineReader, GivesALineWhileMoreAreWritten) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int writer = open(pipe.c_str(), O_RDWR);
  ASSERT_EQ(write(writer, "one\ntwo\nthr", 11), 11);
  LineReader reader(pipe);
  std::string_view line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "one");
  EXPECT_TRUE(reader.line_is_there());
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "two");
  EXPECT_FALSE(reader.line_is_there());
  ASSERT_EQ(write(writer, "ee\n", 3), 3);
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "three");
  close(writer);
}

}  // namespace
}  // namespace matinee
