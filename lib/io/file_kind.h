// Kinds of files that users give to a tool that reads another kind, recognized by their first bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace matinee {

/// As many bytes of the beginning of a file as recognize_file() looks at.
constexpr std::size_t kRecognizedBytes = 512;

/// One kind of file. FILE in a command is replaced by its path; "": no such command.
struct FileKind {
  const char* name;         ///< "a zip archive"
  const char* verb = "";    ///< what the commands do: "unpack it"
  const char* pipe = "";    ///< the command that makes text of its stdin: "funzip"
  const char* print = "";   ///< makes text of FILE on stdout: "unzip -p FILE"
  const char* write = "";   ///< makes files of FILE: "unzip FILE"
  const char* remedy = "";  ///< what to do where there is no command
  bool text = false;        ///< readers of text take it
};

/// The kind of a file that begins with these bytes; nullptr if it is in no row of the table in file_kind.cc, or
/// safetensors.
const FileKind* recognize_file(std::string_view begin);

/// What to do with a file of this kind, by the command that fits the running tool: "unpack it: unzip -p a.zip | tsv2bin
/// ..." where it reads stdin, else "unpack it: unzip a.zip". `name`: a path or "<stdin>".
std::string remedy_for(const FileKind& kind, const std::string& name);

/// The error of a reader of text for a file that begins with these bytes: "NAME: this is a zip archive; unpack it:
/// ...". `in` is what it was unpacked from: " in gzip". Nothing if they may be text.
std::optional<Error> not_text(std::string_view begin, const std::string& name, std::string_view in = "");

}  // namespace matinee
