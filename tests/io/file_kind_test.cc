#include "lib/io/file_kind.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/io/text_reader.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using namespace std::string_literals;
using testing::error_of;
using testing::TemporaryFolder;

struct Case {
  std::string bytes;
  const char* name;
  const char* command;  // in a tool that reads stdin
};

const std::vector<Case> kForeign{
    {"PK\x03\x04\x14\0\0\0"s, "a zip archive", "unzip -p FILE | tool ..."},
    {"\x28\xb5\x2f\xfd\x04"s, "a Zstandard file", "zstdcat FILE | tool ..."},
    {"\xfd\x37zXZ\0\0"s, "an xz file", "xzcat FILE | tool ..."},
    {"BZh91AY&SY"s, "a bzip2 file", "bzcat FILE | tool ..."},
    {"7z\xbc\xaf\x27\x1c\0\4"s, "a 7z archive", "7z e -so FILE | tool ..."},
    {"title.basics.tsv"s + std::string(241, '\0') + "ustar", "a tar archive", "tar -xOf FILE | tool ..."},
    {"PAR1\x15\x04"s, "a Parquet file", "duckdb"},
    {"SQLite format 3\0"s, "an SQLite database", "sqlite3"},
    {"\x80\x04\x95"s, "a Python pickle", "TSV"},
    {"GGUF\3\0\0\0"s, "a GGUF file", ""},
    {"<!DOCTYPE html>\n<html>"s, "an HTML or XML page", "fetch the file again"},
    {"\xff\xfet\0c\0"s, "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | tool ..."},
    {"\xfe\xff\0t\0c"s, "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | tool ..."},
    {"\xff\xfe\0\0t\0\0\0"s, "UTF-32", "iconv -f UTF-32 -t UTF-8 FILE | tool ..."},
    {"t\0c\0o\0n\0s\0t\0"s, "UTF-16", "iconv -f UTF-16LE -t UTF-8 FILE | tool ..."},
    {"\0t\0c\0o\0n\0s\0t"s, "UTF-16", "iconv -f UTF-16BE -t UTF-8 FILE | tool ..."},
    {"\x50\0\0\0\0\0\0\0{\"__metadata__\":{\"matinee.kind\":\"table\""s, "a safetensors file of kind \"table\"",
     "bin2tsv FILE prints it"},
};

// What reading `path` as text says in a tool with this synopsis.
std::string refusal(const std::string& path, const char* synopsis) {
  const ToolDescription description{"tool", "", synopsis, "", {}, ""};
  const char* words[] = {"tool"};
  std::string error;
  run_tool(
      1, const_cast<char**>(words), description, 0, [](OptionSet&) {},
      [&](ToolContext&) {
        error = error_of([&] { read_text(path); });
        return 0;
      });
  return error;
}

TEST(FileKind, AReaderOfTextNamesWhatItGotAndTheCommandThatHelps) {
  const TemporaryFolder folder;
  const std::string path = folder.file("f");
  for (const Case& test : kForeign) {
    write_file(path, test.bytes);
    std::string command = test.command;
    if (const std::size_t at = command.find("FILE"); at != std::string::npos) command.replace(at, 4, path);
    const std::string error = refusal(path, "[options] [FILE]");
    EXPECT_EQ(error.find(path + ": this is " + test.name), 0u) << error;
    EXPECT_NE(error.find(command), std::string::npos) << error;
    EXPECT_EQ(refusal(path, "[options] FOLDER").find("| tool"), std::string::npos)
        << "a tool that does not read stdin is not put behind a pipe";
  }
}

TEST(FileKind, TextIsNotRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.file("f");
  for (const std::string& text : {""s, "\n"s, "P"s, "PK"s, "B\n"s, "tconst\tordering\n"s, "{\"text\":\"a\"}\n"s,
                                  "[{}]"s, "\xEF\xBB\xBFtconst\n"s, "<3\n"s, "\0"s, "a\0b"s}) {
    write_file(path, text);
    EXPECT_EQ(refusal(path, ""), "");
  }
}

}  // namespace
}  // namespace matinee
