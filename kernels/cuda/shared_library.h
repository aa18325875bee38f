#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

namespace matinee {

/// A shared library that is opened at run time. It is never closed: the libraries in question start threads or register
/// handlers of their own.
class SharedLibrary {
 public:
  /// An address that becomes a pointer to whatever function it initializes.
  struct Symbol {
    void* address = nullptr;
    template <class Function>
    // NOLINTNEXTLINE(google-explicit-constructor): initializes a pointer of any function type
    operator Function*() const {
      return reinterpret_cast<Function*>(address);
    }
  };

  /// Opens the first of `names` that can be opened; `hint` ends the message if none can.
  SharedLibrary(const std::vector<std::string>& names, const char* hint) {
    for (const std::string& name : names) {
      if ((handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) == nullptr) continue;
      name_ = name;
      return;
    }
    missing_ = names.front() + " cannot be opened (" + hint + ")";
  }

  /// Null if the library or the function is missing.
  Symbol operator[](const char* function) {
    if (handle_ == nullptr) return {};
    void* address = dlsym(handle_, function);
    if (address == nullptr && missing_.empty()) missing_ = name_ + " has no " + function;
    return {address};
  }
  /// What is missing, the library or a function that was looked up, as a sentence without its period; empty if nothing.
  const std::string& missing() const { return missing_; }

 private:
  void* handle_ = nullptr;
  std::string name_, missing_;
};

}  // namespace matinee
