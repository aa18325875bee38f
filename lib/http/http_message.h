#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

struct HttpRequest {
  std::string method;                                       ///< "GET"
  std::string path;                                         ///< decoded, without the query: "/v1/models"
  std::string version;                                      ///< "HTTP/1.1" or "HTTP/1.0"
  std::map<std::string, std::string, std::less<>> params;   ///< of the query, decoded; the first of each name
  std::map<std::string, std::string, std::less<>> headers;  ///< by their names in lower case
  std::string body;

  /// The value of a header, whose name is given in lower case; "" if there is none.
  const std::string& header(std::string_view name) const { return find(headers, name); }
  /// The value of a parameter of the query; "" if there is none.
  const std::string& param(std::string_view name) const { return find(params, name); }

 private:
  static const std::string& find(const std::map<std::string, std::string, std::less<>>& values, std::string_view name) {
    static const std::string none;
    const auto found = values.find(name);
    return found == values.end() ? none : found->second;
  }
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  HttpResponse& set(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

}  // namespace matinee
