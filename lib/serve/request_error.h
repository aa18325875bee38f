#pragma once

#include <exception>
#include <string>
#include <utility>

namespace matinee {

/// A request that cannot be answered, in the form of OpenAI's errors.
class RequestError : public std::exception {
 public:
  /// `status`: of HTTP. `param`: the place in the request ("messages[0].role"), or "". `code`: a word for programs
  /// ("invalid_api_key"), or "".
  RequestError(int status, std::string message, std::string param = "", std::string code = "")
      : status_(status), message_(std::move(message)), param_(std::move(param)), code_(std::move(code)) {}

  int status() const noexcept { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& param() const noexcept { return param_; }
  const std::string& code() const noexcept { return code_; }

 private:
  int status_;
  std::string message_, param_, code_;
};

}  // namespace matinee
