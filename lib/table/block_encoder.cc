#include "lib/table/block_encoder.h"

#include <algorithm>
#include <limits>

#include "lib/table/table_block.h"

namespace matinee {
namespace {

// Rows that are looked at to see what a column holds.
constexpr std::size_t kFirstRows = 64;
// Texts of a dictionary, and how often it is compared with the texts one by one.
constexpr std::uint32_t kMostWords = 65536, kRowsBetweenLooks = 512;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Copies a short text with a fixed size, and writes up to 32 bytes behind its end.
inline char* copy_text(char* to, const char* from, std::size_t size) {
  if (size <= 32) {
    std::memcpy(to, from, 32);
  } else {
    std::memcpy(to, from, size);
  }
  return to + size;
}

}  // namespace

bool BlockEncoder::encode(const Fields& fields, const RowTexts& odd_ends, ByteSections& out) {
  fields_ = fields;
  out_ = &out;
  out.clear();
  last_is_text_ = false;
  out.reserve(sizeof(BlockHeader) + columns_.size() * sizeof(ColumnHeader));
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    header_ = {};
    exceptions_.clear();
    if (columns_[column].type == ColumnType::kText) {
      encode_text(column);
    } else if (!encode_number(column)) {
      return false;
    }
  }
  BlockHeader header{fields.rows, static_cast<std::uint32_t>(odd_ends.size()), 0, 0};
  if (header.odd_ends > 0) header.odd_ends_offset = out.append(odd_ends);
  std::memcpy(out.data(), &header, sizeof header);
  out.bytes().resize((out.size() + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment);
  return true;
}

void BlockEncoder::finish(std::size_t column, Encoding encoding) {
  header_.encoding = encoding;
  header_.exceptions = static_cast<std::uint32_t>(exceptions_.size());
  if (header_.exceptions > 0) header_.exceptions_offset = out_->append(exceptions_);
  std::memcpy(out_->data() + sizeof(BlockHeader) + column * sizeof header_, &header_, sizeof header_);
  last_is_text_ = encoding == Encoding::kText;
}

// Codes by rows (0: none; else a number + 1) become a section relative to the lowest.
void BlockEncoder::append_codes(const std::vector<std::uint32_t>& codes, unsigned least_width) {
  std::uint32_t low = std::numeric_limits<std::uint32_t>::max(), high = 0, all = 0;
  for (const std::uint32_t code : codes) {
    low = std::min(low, code - 1);  // 0 becomes the largest
    high = std::max(high, code);
    all |= code ^ codes.front();
  }
  header_.base = high == 0 ? 0 : low;
  const std::uint32_t most = high - header_.base;
  header_.width = static_cast<std::uint8_t>(all == 0 ? 0 : most <= 0xFF ? 1 : most <= 0xFFFF ? 2 : 4);
  header_.width = std::max(header_.width, static_cast<std::uint8_t>(least_width));
  const auto relative = [&](std::uint32_t code) { return code == 0 ? 0 : code - header_.base; };
  if (header_.width == 0) header_.count = codes.empty() ? 0 : relative(codes.front());
  const std::uint32_t offset = out_->append_narrow(codes, header_.width, relative);
  if (least_width == 0) header_.offset = offset;
}

bool BlockEncoder::encode_number(std::size_t column) {
  const ColumnSpec& spec = columns_[column];
  const bool tenths = spec.type == ColumnType::kTenths;
  codes_.resize(fields_.rows);
  std::uint32_t low = std::numeric_limits<std::uint32_t>::max(), high = 0;
  for (std::uint32_t row = 0; row < fields_.rows; ++row) {
    const std::string_view field = fields_.at(row, column);
    const char* end = field.data() + field.size();
    std::uint32_t value = 0;
    bool plain = false;
    if (is_null_field(field)) {
      codes_[row] = 0;
      continue;
    }
    if (tenths) {
      std::uint32_t tenth = 0;
      plain = (field.size() == 3 || field.size() == 4) && end[-2] == '.' && read_digits(end, 1, tenth) &&
              read_digits(end - 2, field.size() - 2, value) && (field.size() == 3 || field[0] != '0');
      value = value * 10 + tenth;
    } else {
      plain = read_digits(end, field.size(), value) && (field.size() == 1 || field[0] != '0');
    }
    if (!plain) {
      const auto parsed = parse_number(field, spec);
      if (!parsed) return false;
      if (!parsed->canonical) {
        codes_[row] = 0;
        exceptions_.add(row, field);
        continue;
      }
      value = static_cast<std::uint32_t>(parsed->value);
    }
    low = std::min(low, value);
    high = std::max(high, value);
    codes_[row] = value + 1;
  }
  if (low <= high && (low < static_cast<std::uint32_t>(spec.low) || high > static_cast<std::uint32_t>(spec.high)))
    return false;
  if (too_many_exceptions()) {
    encode_text(column);
    return true;
  }
  append_codes(codes_, 0);
  finish(column, tenths ? Encoding::kTenths : Encoding::kNumber);
  return true;
}

void BlockEncoder::encode_text(std::size_t column) {
  exceptions_.clear();
  bool ids = false;
  for (std::uint32_t row = 0; row < std::min<std::size_t>(fields_.rows, kFirstRows); ++row) {
    const std::string_view field = fields_.at(row, column);
    if (is_null_field(field)) continue;
    ids = field.size() >= 2 + kIdDigits && is_letter(field[0]) && is_letter(field[1]) &&
          canonical_id(field.substr(0, field.find(',')), field.data()) != kNoId;
    if (ids) std::memcpy(header_.prefix, field.data(), 2);
    break;
  }
  if (ids && (encode_ids(column) || encode_id_lists(column))) return;
  header_ = {};
  exceptions_.clear();
  if (!encode_dictionary(column)) encode_lengths(column);
}

bool BlockEncoder::encode_ids(std::size_t column) {
  std::uint16_t prefix;
  std::memcpy(&prefix, header_.prefix, sizeof prefix);
  codes_.resize(fields_.rows);
  for (std::uint32_t row = 0; row < fields_.rows; ++row) {
    const std::string_view field = fields_.at(row, column);
    std::uint16_t begin;
    std::memcpy(&begin, field.data(), sizeof begin);
    std::uint32_t number = 0;
    const std::size_t size = field.size();
    codes_[row] = 0;
    if (is_null_field(field)) continue;
    const bool usual = (size == 9 || (size == 10 && field[2] != '0')) && begin == prefix &&
                       read_digits(field.data() + size, size - 2, number);
    if (!usual) number = canonical_id(field, header_.prefix);
    if (number != kNoId) {
      codes_[row] = number + 1;
      continue;
    }
    if (field.find(',') != std::string_view::npos) return false;
    exceptions_.add(row, field);
    if (too_many_exceptions()) return false;
  }
  if (append_differences()) {
    finish(column, Encoding::kAscendingIds);
    return true;
  }
  append_codes(codes_, 0);
  finish(column, Encoding::kId);
  return true;
}

// Ids that ascend by less than 256 from row to row; false where they do not, or where their codes need no more room.
bool BlockEncoder::append_differences() {
  if (codes_.empty() || codes_.front() == 0 || codes_.back() - codes_.front() < 0xFF) return false;
  std::uint32_t most = 0;  // a smaller code behind a larger gives a large difference
  for (std::size_t i = 1; i < codes_.size(); ++i) most = std::max(most, codes_[i] - codes_[i - 1]);
  if (most > 0xFF) return false;
  header_.base = codes_.front() - 1;
  header_.width = 1;
  header_.offset = out_->reserve(codes_.size());
  auto* to = reinterpret_cast<std::uint8_t*>(out_->data() + header_.offset);
  to[0] = 0;
  for (std::size_t i = 1; i < codes_.size(); ++i) to[i] = static_cast<std::uint8_t>(codes_[i] - codes_[i - 1]);
  return true;
}

bool BlockEncoder::encode_id_lists(std::size_t column) {
  exceptions_.clear();
  codes_.clear();
  counts_.resize(fields_.rows);
  for (std::uint32_t row = 0; row < fields_.rows; ++row) {
    const std::string_view field = fields_.at(row, column);
    counts_[row] = 0;
    if (is_null_field(field)) continue;
    const std::size_t before = codes_.size();
    for (std::size_t begin = 0; begin <= field.size();) {
      const std::size_t end = std::min(field.find(',', begin), field.size());
      const std::uint32_t number = canonical_id(field.substr(begin, end - begin), header_.prefix);
      if (number == kNoId) {
        codes_.resize(before);
        break;
      }
      codes_.push_back(number + 1);
      begin = end + 1;
    }
    const std::size_t count = codes_.size() - before;
    if (count > 0 && count <= kMostIdsOfRow) {
      counts_[row] = static_cast<std::uint8_t>(count);
      continue;
    }
    codes_.resize(before);
    exceptions_.add(row, field);
    if (too_many_exceptions()) return false;
  }
  header_.offset = out_->append(std::span<const std::uint8_t>(counts_));
  append_codes(codes_, 1);
  header_.count = static_cast<std::uint32_t>(codes_.size());
  finish(column, Encoding::kIdList);
  return true;
}

bool BlockEncoder::encode_dictionary(std::size_t column) {
  dictionary_.clear();
  codes_.resize(fields_.rows);
  std::size_t text_bytes = 0;
  std::uint32_t null = kMostWords;  // the code of \N, the most frequent text of many columns
  const auto width = [&] {
    const std::size_t words = dictionary_.texts().size();
    return words <= 1 ? 0U : words <= 0x100 ? 1U : 2U;
  };
  const auto too_large = [&](std::uint32_t rows) {
    const std::size_t words = dictionary_.texts().size();
    return words > kMostWords || dictionary_.bytes() + words * 4 + rows * width() > text_bytes + rows;
  };
  for (std::uint32_t row = 0; row < fields_.rows; ++row) {
    const std::string_view field = fields_.at(row, column);
    if (is_null_field(field)) {
      if (null == kMostWords) null = dictionary_.code_of(field);
      codes_[row] = null;
      continue;
    }
    codes_[row] = dictionary_.code_of(field);
    text_bytes += field.size();
    if (row % kRowsBetweenLooks == kRowsBetweenLooks - 1 && width() == 2 && too_large(row)) return false;
  }
  if (too_large(fields_.rows)) return false;
  const auto& texts = dictionary_.texts();
  header_.width = static_cast<std::uint8_t>(width());
  lengths_.clear();
  std::uint32_t end = 0;
  for (const std::string_view text : texts) lengths_.push_back(end += static_cast<std::uint32_t>(text.size()));
  header_.offset = out_->append(std::span<const std::uint32_t>(lengths_));
  out_->append_narrow(codes_, header_.width);
  const std::uint32_t text = out_->reserve(dictionary_.bytes());
  auto* to = reinterpret_cast<char*>(out_->data() + text);
  for (const std::string_view word : texts) to = std::copy(word.begin(), word.end(), to);
  header_.count = static_cast<std::uint32_t>(texts.size());
  finish(column, Encoding::kDictionary);
  return true;
}

// Sets codes_ to the lengths of the width, and gives their sum.
std::size_t BlockEncoder::find_lengths(std::size_t column) {
  const std::uint32_t null = null_length(header_.width), same = same_length(header_.width);
  codes_.resize(fields_.rows);
  std::size_t bytes = 0;
  for (std::uint32_t row = 0; row < fields_.rows; ++row) {
    const std::string_view field = fields_.at(row, column);
    if (is_null_field(field)) {
      codes_[row] = null;
    } else if (last_is_text_ && equal_fields(fields_.at(row, column - 1), field)) {
      codes_[row] = same;
    } else if (field.size() >= same) {
      codes_[row] = 0;
      exceptions_.add(row, field);
    } else {
      codes_[row] = static_cast<std::uint32_t>(field.size());
      bytes += field.size();
    }
  }
  return bytes;
}

void BlockEncoder::encode_lengths(std::size_t column) {
  // A length of a byte, with longer texts among the exceptions unless they are many.
  header_.width = 1;
  std::size_t bytes = find_lengths(column);
  if (exceptions_.size() > fields_.rows / 64 + 1) {
    header_.width = 4;
    exceptions_.clear();
    bytes = find_lengths(column);
  }
  const std::uint32_t same = same_length(header_.width);
  header_.offset = out_->append_narrow(codes_, header_.width);
  const std::uint32_t at = out_->reserve(bytes + 32);
  auto* to = reinterpret_cast<char*>(out_->data() + at);
  for (std::uint32_t row = 0; row < fields_.rows; ++row)
    if (codes_[row] < same) to = copy_text(to, fields_.at(row, column).data(), codes_[row]);
  // Only the bytes of the texts stay.
  std::memset(to, 0, reinterpret_cast<char*>(out_->data() + out_->size()) - to);
  out_->bytes().resize((at + bytes + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment);
  header_.count = static_cast<std::uint32_t>(bytes);
  finish(column, Encoding::kText);
}

}  // namespace matinee
