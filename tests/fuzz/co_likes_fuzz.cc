// libFuzzer target: any bytes as counts of films that people like together give an Error or a symmetric matrix with a
// row for each movie.
#include <cstdint>
#include <string_view>

#include "lib/base/error.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/vectors/co_likes.h"
#include "tests/fuzz/memory_file.h"

namespace {

using namespace matinee;

struct Sample {
  ThreadPool pool{1};
  testing::MemoryFile file;
  MovieCatalog catalog = made(file, pool);

  static MovieCatalog made(const testing::MemoryFile& file, ThreadPool& pool) {
    CatalogOptions options;
    options.top = 200;
    CatalogBuilder(CatalogTables::in_folder("testdata/sample"), options, pool).save(file.path());
    return MovieCatalog(file.path());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Sample sample;
  try {
    const CoLikes read =
        read_co_likes({reinterpret_cast<const char*>(data), size}, "fuzz", sample.catalog, sample.pool);
    if (read.likes.size() != static_cast<std::size_t>(sample.catalog.size())) __builtin_trap();
    for (const std::int32_t likes : read.likes) {
      if (likes < 0) __builtin_trap();
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
