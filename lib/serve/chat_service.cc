#include "lib/serve/chat_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <new>

#include "lib/base/ascii.h"
#include "lib/base/error.h"
#include "lib/serve/answer_json.h"
#include "lib/serve/chat_request_json.h"
#include "lib/serve/event_stream.h"
#include "lib/serve/page_files.h"

namespace matinee {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";
constexpr const char* kDataPolicy = "default-src 'none'; frame-ancestors 'none'";

HttpResponse data_response(std::string body, const char* type = kJson) {
  HttpResponse response;
  response.body = std::move(body);
  response.set("Content-Type", type);
  return response;
}

HttpResponse found_or_missing(std::optional<std::string> json, const std::string& what) {
  if (!json) throw RequestError(404, what);
  return data_response(std::move(*json));
}

bool is_json_type(std::string_view type) {
  std::string_view name = type.substr(0, type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return to_lower(name) == kJson;
}

bool in_list(std::string_view list, std::string_view word) { return list.find(word) != std::string_view::npos; }

}  // namespace

/// A path and what it answers. GET includes HEAD; OPTIONS is answered for all paths.
struct ChatService::Route {
  std::string_view path;  ///< "/v1/models/*": any path with one more part
  std::string_view methods;
  bool needs_key;
  HttpResponse (*answer)(ChatService&, const HttpRequest&, HttpExchange&);
};

const ChatService::Route* ChatService::find_route(std::string_view path) {
  using Request = const HttpRequest&;
  using Exchange = HttpExchange&;
  static const std::array<Route, 11> kRoutes{{
      {"/health", "GET", false, [](ChatService&, Request, Exchange) { return data_response(R"({"status":"ok"})"); }},
      {"/v1/models", "GET", false,
       [](ChatService& self, Request, Exchange) { return data_response(models_json(self.start_)); }},
      {"/v1/models/*", "GET", false,
       [](ChatService& self, Request, Exchange) { return data_response(model_json(self.start_)); }},
      {"/v1/chat/completions", "POST", true,
       [](ChatService& self, Request request, Exchange exchange) { return self.complete(request, exchange); }},
      {"/api/start", "GET", true,
       [](ChatService& self, Request, Exchange) { return data_response(self.conversations_.start_json()); }},
      {"/api/movies", "GET", true,
       [](ChatService& self, Request request, Exchange) {
         return data_response(self.conversations_.search_json(request.param("q")));
       }},
      {"/api/movies/*", "GET", true,
       [](ChatService& self, Request request, Exchange) {
         const std::string tconst = request.path.substr(request.path.rfind('/') + 1);
         return found_or_missing(self.conversations_.movie_json(tconst), fmt::format("no movie \"{}\"", tconst));
       }},
      {"/api/genres", "GET", true,
       [](ChatService& self, Request, Exchange) { return data_response(self.conversations_.genres_json()); }},
      {"/api/people", "GET", true,
       [](ChatService& self, Request request, Exchange) {
         return data_response(self.conversations_.people_json(request.param("q")));
       }},
      {"/api/map", "GET", true,
       [](ChatService& self, Request, Exchange) {
         return found_or_missing(self.conversations_.map_json(), "the catalog has no map; embed --map makes one");
       }},
      {"/api/memory", "GET, POST", true,
       [](ChatService& self, Request request, Exchange) {
         if (request.method == "POST") return data_response(self.conversations_.set_verdict(request.body));
         return data_response(self.conversations_.memory_lines(), "application/x-ndjson");
       }},
  }};
  const auto fits = [&](const Route& route) {
    if (!route.path.ends_with('*')) return route.path == path;
    const std::string_view folder = route.path.substr(0, route.path.size() - 1);
    return path.size() > folder.size() && path.starts_with(folder) &&
           path.find('/', folder.size()) == std::string_view::npos;
  };
  const auto found = std::find_if(kRoutes.begin(), kRoutes.end(), fits);
  return found == kRoutes.end() ? nullptr : &*found;
}

/// A place among the turns that are answered or wait.
class ChatService::Turn {
 public:
  explicit Turn(ChatService& service) : service_(service) {
    if (service_.turns_.fetch_add(1) < service_.options_.max_turns) return;
    service_.turns_.fetch_sub(1);
    throw RequestError(503, "too many turns wait for an answer; try again");
  }
  ~Turn() { service_.turns_.fetch_sub(1); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  ChatService& service_;
};

ChatService::ChatService(Conversations& conversations, ChatServiceOptions options)
    : conversations_(conversations),
      options_(std::move(options)),
      access_(options_.access),
      start_(static_cast<std::int64_t>(std::time(nullptr))) {}

std::optional<HttpResponse> ChatService::refusal(const HttpRequest& request) {
  const Route* route = find_route(request.path);
  const bool preflight = request.method == "OPTIONS";
  if (const auto fault = access_.fault(request, route != nullptr && route->needs_key && !preflight)) {
    return error(request, fault->status, fault->message, "", fault->code);
  }
  if (preflight) return finished(request, access_.preflight(request));
  if (route == nullptr && find_page_file(request.path) == nullptr) {
    return error(request, 404, fmt::format("nothing is at {}; chats go to /v1/chat/completions", request.path));
  }
  const std::string_view methods = route == nullptr ? "GET" : route->methods;
  if (!in_list(methods, request.method == "HEAD" ? "GET" : request.method)) {
    HttpResponse response =
        error(request, 405, fmt::format("{} takes {}, not {}", request.path, methods, request.method));
    return response.set("Allow", fmt::format("{}{}, OPTIONS", methods, in_list(methods, "GET") ? ", HEAD" : ""));
  }
  if (request.method == "POST" && !is_json_type(request.header("content-type"))) {
    return error(request, 415,
                 fmt::format("expected the header Content-Type: application/json, found \"{}\"",
                             request.header("content-type")));
  }
  return std::nullopt;
}

HttpResponse ChatService::answer(const HttpRequest& request, HttpExchange& exchange) {
  try {
    return finished(request, routed(request, exchange));
  } catch (const RequestError& fault) {
    return error(request, fault.status(), fault.what(), fault.param(), fault.code());
  } catch (const std::bad_alloc&) {
    options_.note("a request failed: out of memory");
    return error(request, 503, "out of memory; try again");
  } catch (const std::exception& failure) {
    options_.note(fmt::format("a request failed: {}", failure.what()));
    return error(request, 500, "the request failed; the server has printed why");
  }
}

HttpResponse ChatService::routed(const HttpRequest& request, HttpExchange& exchange) {
  const Route* route = find_route(request.path);
  return route != nullptr ? route->answer(*this, request, exchange) : page_file(request);
}

HttpResponse ChatService::complete(const HttpRequest& request, HttpExchange& exchange) {
  const ChatRequest chat = parse_chat_request(request.body);
  const Turn turn(*this);
  if (chat.stream) return stream(request, chat, exchange);
  const Answer answer = conversations_.answer(chat, {}, [&] { return exchange.gone(); });
  if (answer.finish == Finish::kGone) throw unanswered();
  return data_response(completion_json(new_completion(false), answer));
}

HttpResponse ChatService::stream(const HttpRequest& request, const ChatRequest& chat, HttpExchange& exchange) {
  HttpResponse head = data_response("", "text/event-stream; charset=utf-8");
  // Proxies must pass events on at once.
  head.set("X-Accel-Buffering", "no");
  EventStream events(exchange, finished(request, std::move(head)));
  const CompletionHead completion = new_completion(chat.include_usage);
  const OnText on_text = [&](std::string_view text) {
    if (!events.begun()) events.send(role_chunk(completion));
    return events.send(text_chunk(completion, text));
  };
  try {
    const Answer answer = conversations_.answer(chat, on_text, [&] { return exchange.gone(); });
    if (answer.finish == Finish::kGone) throw unanswered();
    if (!events.begun()) events.send(role_chunk(completion));
    events.send(last_chunk(completion, answer));
    if (chat.include_usage) events.send(usage_chunk(completion, answer));
    events.send("[DONE]");
  } catch (const RequestError& fault) {
    if (!events.begun()) throw;
    events.send(error_json(fault.status(), fault.what(), fault.param(), fault.code()));
  } catch (const std::exception& failure) {
    if (!events.begun()) throw;
    options_.note(fmt::format("a request failed: {}", failure.what()));
    events.send(error_json(500, "the request failed; the server has printed why", "", ""));
  }
  return {};
}

// The answer to a turn that was stopped. A client that left does not read it: its status is for the log.
RequestError ChatService::unanswered() const {
  if (options_.ending()) return {503, "the server ends"};
  return {499, "the client left"};
}

HttpResponse ChatService::page_file(const HttpRequest& request) {
  const PageFile* file = find_page_file(request.path);
  if (file == nullptr) throw RequestError(404, fmt::format("nothing is at {}", request.path));
  HttpResponse response;
  response.set("Content-Type", std::string(file->type));
  response.set("Content-Security-Policy", kPagePolicy);
  response.set("Cache-Control", "no-cache");
  response.set("ETag", file->etag);
  if (in_list(request.header("if-none-match"), file->etag)) {
    response.status = 304;
    return response;
  }
  const bool gzip = in_list(request.header("accept-encoding"), "gzip") && file->gzip.size() < file->content.size();
  response.body = gzip ? file->gzip : file->content;
  if (gzip) response.set("Content-Encoding", "gzip");
  return response.set("Vary", "Accept-Encoding");
}

HttpResponse ChatService::error(const HttpRequest& request, int status, std::string_view message,
                                std::string_view param, std::string_view code) {
  HttpResponse response = data_response(error_json(status, message, param, code));
  response.status = status;
  if (status == 503) response.set("Retry-After", "1");
  if (status == 401) response.set("WWW-Authenticate", "Bearer");
  return finished(request, std::move(response));
}

HttpResponse ChatService::failure(const HttpRequest& request, int status, std::string_view message) {
  return error(request, status, message);
}

HttpResponse ChatService::finished(const HttpRequest& request, HttpResponse response) {
  const bool has_policy = std::any_of(response.headers.begin(), response.headers.end(),
                                      [](const auto& header) { return header.first == "Content-Security-Policy"; });
  if (!has_policy) response.set("Content-Security-Policy", kDataPolicy).set("Cache-Control", "no-store");
  response.set("X-Content-Type-Options", "nosniff").set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin").set("X-Frame-Options", "DENY");
  access_.add_cors(request, response);
  return response;
}

void ChatService::answered(const HttpRequest& request, int status, double seconds) {
  if (!options_.log) return;
  options_.log(fmt::format("{} {} {} {:.0f} ms", request.method, request.path, status, 1000 * seconds));
}

}  // namespace matinee
