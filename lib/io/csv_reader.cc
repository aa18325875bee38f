#include "lib/io/csv_reader.h"

#include <algorithm>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/base/utf8.h"

namespace matinee {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
  if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
    throw bad_data("{}: expected UTF-8, found UTF-16; convert it: iconv -f UTF-16 -t UTF-8", name_);
  }
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
}

std::string CsvReader::place() const { return fmt::format("{}:{}", name_, record_line_); }

bool CsvReader::take_line_end() {
  if (at_ == text_.size()) return true;
  const char c = text_[at_];
  if (c != '\n' && c != '\r') return false;
  ++at_;
  if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
  ++line_;
  return true;
}

std::string CsvReader::quoted_field() {
  const std::uint64_t begin = line_;
  std::string field;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c != '"') {
      // A line ends with CRLF, LF or CR.
      line_ += c == '\n' || (c == '\r' && !text_.substr(at_).starts_with("\r\n")) ? 1 : 0;
      field += c;
      continue;
    }
    ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      field += '"';
      continue;
    }
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') {
      std::size_t after = at_;
      decode_utf8(text_, after);
      throw bad_data("{}:{}: expected a comma or the line end after a quoted field, found \"{}\"", name_, line_,
                     text_.substr(at_, after - at_));
    }
    return field;
  }
  throw bad_data("{}:{}: the quote that begins a field here is never closed", name_, begin);
}

std::string CsvReader::plain_field() {
  const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
  std::string field(text_.substr(at_, end - at_));
  at_ = end;
  return field;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  while (at_ < text_.size() && take_line_end()) {
  }
  if (at_ == text_.size()) return false;
  record_line_ = line_;
  for (;;) {
    fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
    if (take_line_end()) return true;
    ++at_;  // the comma
  }
}

std::size_t CsvHeader::column(std::string_view name) const {
  const auto found = std::find_if(names_.begin(), names_.end(), [&](const auto& n) { return trimmed(n) == name; });
  return static_cast<std::size_t>(found - names_.begin());
}

std::string_view CsvHeader::field(const std::vector<std::string>& record, std::string_view name) const {
  const std::size_t at = column(name);
  return at < record.size() ? trimmed(record[at]) : std::string_view{};
}

}  // namespace matinee
