#include "lib/evaluation/report_markup.h"

#include <utility>

#include "lib/base/error.h"
#include "lib/base/utf8.h"

namespace matinee {
namespace {

bool is_xml_character(std::uint32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xFFFE) || (c >= 0x10000 && c < kInvalidByte);
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::uint32_t c = decode_utf8(text, at);
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += is_xml_character(c) ? text.substr(begin, at - begin) : std::string_view("\xEF\xBF\xBD");
    }
  }
  return out;
}

void MarkupWriter::begin(std::string_view tag, Attributes attributes) {
  out_.append("<").append(tag);
  for (const auto& [name, value] : attributes)
    out_.append(" ").append(name).append("=\"").append(escape_markup(value)).append("\"");
}

MarkupWriter& MarkupWriter::open(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  out_ += '>';
  tags_.emplace_back(tag);
  return *this;
}

MarkupWriter& MarkupWriter::close() {
  if (tags_.empty()) contract_violation("MarkupWriter::close", "no element is open");
  out_.append("</").append(tags_.back()).append(">");
  // Between blocks, for people who read the source; white space within lines would show.
  if (tags_.size() <= 4) out_ += '\n';
  tags_.pop_back();
  return *this;
}

MarkupWriter& MarkupWriter::text(std::string_view text) {
  out_ += escape_markup(text);
  return *this;
}

MarkupWriter& MarkupWriter::element(std::string_view tag, std::string_view text, Attributes attributes) {
  open(tag, attributes);
  out_ += escape_markup(text);
  return close();
}

MarkupWriter& MarkupWriter::empty(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  out_ += "/>";
  return *this;
}

MarkupWriter& MarkupWriter::style(const char* css) {
  out_.append("<style>").append(css).append("</style>\n");
  return *this;
}

std::string MarkupWriter::take() {
  if (!tags_.empty()) contract_violation("MarkupWriter::take", "an element is open");
  return std::exchange(out_, {});
}

TableWriter::TableWriter(MarkupWriter& page, std::string_view caption, const std::vector<std::string>& columns)
    : page_(page) {
  page_.open("div", {{"class", "wide"}, {"role", "region"}, {"aria-label", caption}, {"tabindex", "0"}}).open("table");
  page_.element("caption", caption);
  page_.open("thead").open("tr");
  for (const std::string& column : columns) page_.element("th", column, {{"scope", "col"}});
  page_.close().close().open("tbody");
}

void TableWriter::end_row() {
  if (in_row_) page_.close();
  in_row_ = false;
}

void TableWriter::end() {
  end_row();
  page_.close().close().close();
}

TableWriter& TableWriter::row(std::string_view header) {
  end_row();
  page_.open("tr").element("th", header, {{"scope", "row"}});
  in_row_ = true;
  return *this;
}

TableWriter& TableWriter::number(std::string_view text, MarkupWriter::Attributes attributes) {
  page_.element("td", text, attributes);
  return *this;
}

TableWriter& TableWriter::words(std::string_view text) {
  page_.element("td", text, {{"class", "words"}});
  return *this;
}

}  // namespace matinee
