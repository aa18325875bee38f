#pragma once

#include <string>

namespace matinee::testing {

/// A new folder that is removed with its contents by the destructor.
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

/// REAL_DATA/`relative`, or "" if it is missing (the test then skips itself and names it). REAL_DATA defaults to
/// ../shared/data.
std::string real_data(const std::string& relative);

/// Runs `body` and returns the message of the Error that it throws; "" if it throws none.
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
