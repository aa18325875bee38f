#include "lib/io/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kEntry = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kEnd64Locator = 0x07064b50;
constexpr std::size_t kLocalHeaderBytes = 30, kEntryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr std::size_t kMaxComment = 65535;
constexpr std::uint32_t kInZip64 = 0xffffffff;  // the number is in the zip64 fields
constexpr std::uint16_t kEncrypted = 1, kZip64Field = 1;

class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> all) : all_(all) {}
  std::span<const std::byte> part(std::uint64_t at, std::uint64_t n, const char* what) const {
    if (at > all_.size() || n > all_.size() - at) {
      throw bad_data("zip archive: {} is beyond the {} bytes of the file: it is cut off", what, all_.size());
    }
    return all_.subspan(at, n);
  }
  template <class T>
  T number(std::uint64_t at, const char* what) const {
    T value;
    std::memcpy(&value, part(at, sizeof(T), what).data(), sizeof(T));
    return value;
  }
  std::uint64_t size() const { return all_.size(); }

 private:
  std::span<const std::byte> all_;
};

struct Directory {
  std::uint64_t at = 0, entries = 0;
};

// The end of the directory is the last record of the file, behind which only a comment may stand.
Directory find_directory(const Bytes& bytes) {
  if (bytes.size() < kEndBytes) throw bad_data("zip archive: {} bytes are too few", bytes.size());
  const std::uint64_t last = bytes.size() - kEndBytes;
  for (std::uint64_t at = last; at + kMaxComment >= last; --at) {
    if (bytes.number<std::uint32_t>(at, "the end of the directory") == kEnd) {
      Directory found{bytes.number<std::uint32_t>(at + 16, "the end of the directory"),
                      bytes.number<std::uint16_t>(at + 10, "the end of the directory")};
      const bool has_locator =
          at >= kLocatorBytes && bytes.number<std::uint32_t>(at - kLocatorBytes, "the locator") == kEnd64Locator;
      if (!has_locator) return found;
      const auto end64 = bytes.number<std::uint64_t>(at - kLocatorBytes + 8, "the locator");
      const Bytes record(bytes.part(end64, kEnd64Bytes, "the zip64 end of the directory"));
      if (record.number<std::uint32_t>(0, "") != kEnd64) throw bad_data("zip archive: no zip64 directory at {}", end64);
      return {record.number<std::uint64_t>(48, ""), record.number<std::uint64_t>(32, "")};
    }
    if (at == 0) break;
  }
  throw bad_data("zip archive: it has no directory: the file is cut off");
}

struct Entry {
  std::string name;
  std::uint64_t header = 0, size = 0, next = 0;
};

Entry read_entry(const Bytes& bytes, std::uint64_t at) {
  const Bytes fixed(bytes.part(at, kEntryBytes, "an entry of the directory"));
  if (fixed.number<std::uint32_t>(0, "") != kEntry) throw bad_data("zip archive: no entry of the directory at {}", at);
  const auto flags = fixed.number<std::uint16_t>(8, ""), method = fixed.number<std::uint16_t>(10, "");
  const std::uint64_t packed = fixed.number<std::uint32_t>(20, "");
  const auto name_bytes = fixed.number<std::uint16_t>(28, ""), extra_bytes = fixed.number<std::uint16_t>(30, ""),
             comment_bytes = fixed.number<std::uint16_t>(32, "");
  const auto name = bytes.part(at + kEntryBytes, name_bytes, "a name");
  Entry entry{{reinterpret_cast<const char*>(name.data()), name.size()},
              fixed.number<std::uint32_t>(42, ""),
              fixed.number<std::uint32_t>(24, ""),
              at + kEntryBytes + name_bytes + extra_bytes + comment_bytes};
  if (method != 0 || (flags & kEncrypted) != 0) {
    throw bad_data("zip archive: entry \"{}\": expected stored data, found {}", entry.name,
                   method != 0 ? "compressed data" : "encrypted data");
  }
  // Zip64 fields: those of size, packed size and header that are kInZip64, in this order.
  const Bytes extra(bytes.part(at + kEntryBytes + name_bytes, extra_bytes, "an extra field"));
  for (std::uint64_t field = 0; field + 4 <= extra.size();) {
    const auto id = extra.number<std::uint16_t>(field, ""), n = extra.number<std::uint16_t>(field + 2, "");
    std::uint64_t value = field + 4;
    field = value + n;
    if (id != kZip64Field) continue;
    const auto take = [&](std::uint64_t& number) {
      if (number != kInZip64) return;
      number = extra.number<std::uint64_t>(value, "a zip64 field");
      value += 8;
    };
    std::uint64_t packed64 = packed;
    take(entry.size);
    take(packed64);
    take(entry.header);
  }
  return entry;
}

}  // namespace

std::map<std::string, std::span<const std::byte>, std::less<>> zip_entries(std::span<const std::byte> all) {
  const Bytes bytes(all);
  const Directory directory = find_directory(bytes);
  // An entry takes at least its fixed part, so a corrupt count is found before the loop.
  if (directory.entries > bytes.size() / kEntryBytes) {
    throw bad_data("zip archive: {} entries do not fit into the file", directory.entries);
  }
  std::map<std::string, std::span<const std::byte>, std::less<>> entries;
  std::uint64_t at = directory.at;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    const Entry entry = read_entry(bytes, at);
    at = entry.next;
    const Bytes local(bytes.part(entry.header, kLocalHeaderBytes, "the header of an entry"));
    if (local.number<std::uint32_t>(0, "") != kLocalHeader) {
      throw bad_data("zip archive: entry \"{}\" has no header at {}", entry.name, entry.header);
    }
    const std::uint64_t data =
        entry.header + kLocalHeaderBytes + local.number<std::uint16_t>(26, "") + local.number<std::uint16_t>(28, "");
    if (!entries.emplace(entry.name, bytes.part(data, entry.size, "the data of an entry")).second) {
      throw bad_data("zip archive: entry \"{}\" is there twice", entry.name);
    }
  }
  return entries;
}

}  // namespace matinee
