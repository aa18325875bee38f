#include "lib/catalog/column_spool.h"

#include <cerrno>
#include <cstring>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kInMemory = std::size_t{4} << 20;

Error failed(const char* what) {
  return resource_error("temporary file: cannot {}: {}; set TMPDIR to a folder with room", what, std::strerror(errno));
}

}  // namespace

void ColumnSpool::append(std::span<const std::byte> bytes) {
  memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
  if (memory_.size() > kInMemory) spill();
}

void ColumnSpool::spill() {
  if (!file_) {
    file_.reset(std::tmpfile());
    if (!file_) throw failed("create");
  }
  if (std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size()) throw failed("write");
  memory_.clear();
}

void ColumnSpool::replay(const std::function<void(std::span<const std::byte>)>& use) {
  if (!file_) {
    use(memory_);
    return;
  }
  spill();
  if (std::fflush(file_.get()) != 0) throw failed("write");
  std::rewind(file_.get());
  memory_.resize(kInMemory);
  for (std::uint64_t left = size_; left > 0;) {
    const std::size_t got = std::fread(memory_.data(), 1, memory_.size(), file_.get());
    if (got == 0) throw failed("read");
    use(std::span(memory_).first(got));
    left -= got;
  }
}

}  // namespace matinee
