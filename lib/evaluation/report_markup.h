#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

/// `text` for HTML and XML, in text and in quoted attributes: & < > " ' are escaped; invalid UTF-8 and characters that
/// XML does not have become U+FFFD.
std::string escape_markup(std::string_view text);

/// Writes HTML with SVG in it, well-formed as XML too. All texts and attributes are escaped here, so that no data
/// becomes markup. Elements are closed in the order of opening.
class MarkupWriter {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  MarkupWriter& open(std::string_view tag, Attributes attributes = {});
  MarkupWriter& close();
  MarkupWriter& text(std::string_view text);
  /// An element with a text.
  MarkupWriter& element(std::string_view tag, std::string_view text, Attributes attributes = {});
  /// An element without content: br, meta, path ...
  MarkupWriter& empty(std::string_view tag, Attributes attributes = {});
  /// The content of a style element, which is not escaped; for constants of the program only.
  MarkupWriter& style(const char* css);

  /// What is written; every element must be closed.
  std::string take();

 private:
  void begin(std::string_view tag, Attributes attributes);

  std::string out_;
  std::vector<std::string> tags_;
};

/// A table: a caption, a header row, and rows of a header cell and cells. It is ended by `end`.
class TableWriter {
 public:
  /// `columns`: the first is that of the row headers.
  TableWriter(MarkupWriter& page, std::string_view caption, const std::vector<std::string>& columns);
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;
  /// Begins a row.
  TableWriter& row(std::string_view header);
  TableWriter& number(std::string_view text, MarkupWriter::Attributes attributes = {});
  TableWriter& words(std::string_view text);
  /// Ends the table.
  void end();

 private:
  void end_row();

  MarkupWriter& page_;
  bool in_row_ = false;
};

}  // namespace matinee
