#pragma once

#include <string>

namespace matinee::testing {

/// A fresh folder that is removed with all it holds when the object goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// REAL_DATA/`relative`, or "" where it is not there (the test then skips itself by name). REAL_DATA defaults to
/// ../shared/data.
std::string real_data(const std::string& relative);

/// Runs `body` and gives the message of the Error it throws; "" if it throws none.
template <class Body>
std::string error_of(Body&& body);

}  // namespace matinee::testing

#include "lib/base/error.h"

template <class Body>
std::string matinee::testing::error_of(Body&& body) {
  try {
    body();
  } catch (const matinee::Error& error) {
    return error.what();
  }
  return "";
}
