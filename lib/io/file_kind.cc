#include "lib/io/file_kind.h"

#include <algorithm>
#include <cctype>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"

namespace matinee {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  FileKind kind;
  std::size_t offset = 0;
};

constexpr const char* kUnpack = "unpack it";
constexpr const char* kConvert = "convert it";

constexpr FileKind kUtf16{"UTF-16", kConvert, "iconv -f UTF-16 -t UTF-8", "iconv -f UTF-16 -t UTF-8 FILE",
                          "iconv -f UTF-16 -t UTF-8 -o FILE.utf8 FILE"};
constexpr FileKind kUtf16Little{"UTF-16", kConvert, "iconv -f UTF-16LE -t UTF-8", "iconv -f UTF-16LE -t UTF-8 FILE",
                                "iconv -f UTF-16LE -t UTF-8 -o FILE.utf8 FILE"};
constexpr FileKind kUtf16Big{"UTF-16", kConvert, "iconv -f UTF-16BE -t UTF-8", "iconv -f UTF-16BE -t UTF-8 FILE",
                             "iconv -f UTF-16BE -t UTF-8 -o FILE.utf8 FILE"};
constexpr FileKind kUtf32{"UTF-32", kConvert, "iconv -f UTF-32 -t UTF-8", "iconv -f UTF-32 -t UTF-8 FILE",
                          "iconv -f UTF-32 -t UTF-8 -o FILE.utf8 FILE"};
constexpr FileKind kZip{"a zip archive", kUnpack, "funzip", "unzip -p FILE", "unzip FILE"};
constexpr FileKind kPage{.name = "an HTML or XML page", .remedy = "the download failed: fetch the file again"};
constexpr FileKind kPickle{.name = "a Python pickle, which can run code",
                           .remedy = "convert it in Python: a table to TSV, weights to safetensors"};
constexpr FileKind kTable{.name = "an IMDb TSV file", .remedy = "run tsv2bin first", .text = true};
constexpr FileKind kJson{.name = "JSON text", .text = true};
constexpr FileKind kSafetensors{.name = "a safetensors file", .remedy = "bin2tsv FILE prints it"};

// The first that fits is taken.
constexpr Magic kMagics[] = {
    {"\x1f\x8b", {"a gzip file", kUnpack, "zcat", "zcat FILE", "gunzip FILE"}},
    {"PK\x03\x04", kZip},
    {"PK\x05\x06", kZip},
    {"\x28\xb5\x2f\xfd", {"a Zstandard file", kUnpack, "zstdcat", "zstdcat FILE", "zstd -d FILE"}},
    {"\xfd\x37zXZ\0"sv, {"an xz file", kUnpack, "xzcat", "xzcat FILE", "xz -d FILE"}},
    {"BZh", {"a bzip2 file", kUnpack, "bzcat", "bzcat FILE", "bzip2 -d FILE"}},
    {"7z\xbc\xaf\x27\x1c", {"a 7z archive", kUnpack, "", "7z e -so FILE", "7z e FILE"}},
    {"Rar!\x1a\x07", {"a RAR archive", kUnpack, "", "unrar p -inul FILE", "unrar e FILE"}},
    {"\x04\x22\x4d\x18", {"an LZ4 file", kUnpack, "lz4cat", "lz4cat FILE", "lz4 -d FILE"}},
    {"ustar", {"a tar archive", kUnpack, "tar -xO", "tar -xOf FILE", "tar -xf FILE"}, 257},
    {"PAR1",
     {.name = "a Parquet file",
      .remedy = "write it as TSV: duckdb -c \"copy 'FILE' to 'FILE.tsv' (delimiter '\\t')\""}},
    {"ARROW1", {.name = "an Arrow file", .remedy = "write it as TSV"}},
    {"SQLite format 3\0"sv,
     {.name = "an SQLite database",
      .remedy = "print a table of it: sqlite3 -header -separator $'\\t' FILE 'select * from TABLE'"}},
    {"GGUF", {.name = "a GGUF file, which holds a model"}},
    {"version https://git-lfs", {.name = "a git-lfs pointer, not the file", .remedy = "run git lfs pull"}},
    {"%PDF-", {.name = "a PDF file"}},
    {"\xff\xfe\0\0"sv, kUtf32},
    {"\0\0\xfe\xff"sv, kUtf32},
    {"\xff\xfe", kUtf16},
    {"\xfe\xff", kUtf16},
    {"\x80\x02", kPickle},
    {"\x80\x03", kPickle},
    {"\x80\x04", kPickle},
    {"\x80\x05", kPickle},
    {"<!DOCTYPE", kPage},
    {"<!doctype", kPage},
    {"<html", kPage},
    {"<HTML", kPage},
    {"<?xml", kPage},
    {"<Error>", kPage},
    {"tconst\t", kTable},
    {"nconst\t", kTable},
    {"titleId\t", kTable},
    {"{\"", kJson},
    {"[{", kJson},
};

bool is_safetensors(std::string_view begin) {
  // 8 bytes of length, of which the format allows less than 2^27, and a JSON object.
  return begin.size() > 9 && begin.substr(4, 4) == "\0\0\0\0"sv && begin[3] < 8 && begin[8] == '{' &&
         (begin[9] == '"' || begin[9] == '}');
}

// UTF-16 without a byte-order mark that begins with ASCII: every other byte is zero. `first`: where the zeros begin.
bool has_zeros_between(std::string_view begin, std::size_t first) {
  if (begin.size() < 8) return false;
  for (std::size_t i = 0; i < 8; ++i) {
    const bool zero = begin[i] == '\0', printable = std::isprint(static_cast<unsigned char>(begin[i])) != 0;
    if (i % 2 == first ? !zero : !printable) return false;
  }
  return true;
}

// The "matinee.kind" of one of our own files: "table".
std::string kind_of_ours(std::string_view begin) {
  constexpr std::string_view kKey = "\"matinee.kind\":\"";
  const std::size_t at = begin.find(kKey);
  if (at == std::string_view::npos) return "";
  begin.remove_prefix(at + kKey.size());
  return std::string(begin.substr(0, begin.find('"')));
}

}  // namespace

const FileKind* recognize_file(std::string_view begin) {
  for (const Magic& magic : kMagics) {
    if (begin.size() >= magic.offset && begin.substr(magic.offset).starts_with(magic.bytes)) return &magic.kind;
  }
  if (has_zeros_between(begin, 1)) return &kUtf16Little;
  if (has_zeros_between(begin, 0)) return &kUtf16Big;
  return nullptr;
}

std::string remedy_for(const FileKind& kind, const std::string& name) {
  const RunningTool& tool = running_tool();
  const auto of_file = [&](std::string text) {
    for (std::size_t at = 0; (at = text.find("FILE", at)) != std::string::npos; at += name.size())
      text.replace(at, 4, name);
    return text;
  };
  const std::string print = of_file(kind.print), write = of_file(kind.write);
  if (name == "<stdin>" && *kind.pipe != '\0')
    return fmt::format("{}: ... | {} | {} ...", kind.verb, kind.pipe, tool.name);
  if (tool.reads_stdin && !print.empty()) return fmt::format("{}: {} | {} ...", kind.verb, print, tool.name);
  if (!write.empty()) return fmt::format("{}: {}", kind.verb, write);
  return of_file(kind.remedy);
}

std::optional<Error> not_text(std::string_view begin, const std::string& name, std::string_view in) {
  const FileKind* kind = is_safetensors(begin) ? &kSafetensors : recognize_file(begin);
  if (kind == nullptr || kind->text) return {};
  const std::string ours = kind_of_ours(begin);
  Error error =
      bad_data("{}: this is {}{}{}", name, kind->name, ours.empty() ? "" : fmt::format(" of kind \"{}\"", ours), in);
  if (const std::string remedy = remedy_for(*kind, name); !remedy.empty()) error.add_remedy(remedy);
  return error;
}

}  // namespace matinee
