#include "lib/serve/chat_server.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "lib/base/format_error.h"
#include "lib/http/http_server.h"
#include "lib/serve/chat_service.h"

namespace matinee {
namespace {

constexpr const char* kDefaultAddress = "127.0.0.1:8137";

bool others_can_read(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace

void ChatServerOptions::add(OptionSet& options) {
  options.group("Server");
  options.optional_text("serve", &address, "HOST:PORT", kDefaultAddress,
                        fmt::format("talk in the browser, and with other programs through OpenAI's API, at this "
                                    "address ({} if none is given; port 0: any free one)",
                                    kDefaultAddress));
  options.flag("allow-remote", &allow_remote, "let other machines connect; needs --api-key-file");
  options.text("api-key-file", &api_key_file, "FILE", "answer only requests with the key in this file");
  options.list("allow-origin", &allow_origin, "ORIGINS",
               "let pages of these sites, too, use the server: https://example.org");
  options.integer("slots", &slots, 1, 1024, "turns that are answered at the same time");
  options.integer("queue", &queue, 0, 100000, "turns that wait for that; more are refused with status 503");
}

ChatServer::ChatServer(const ChatServerOptions& options, std::function<void(std::string_view)> note)
    : note_(std::move(note)), slots_(options.slots), max_turns_(options.slots + options.queue) {
  const ListenAddress address = with_context("--serve", [&] { return parse_listen_address(options.address); });
  if (options.allow_remote && options.api_key_file.empty()) {
    throw usage_error("--allow-remote needs a key, so that not everybody gets in; give --api-key-file FILE, too");
  }
  access_.remote = options.allow_remote;
  access_.origins = options.allow_origin;
  if (!options.api_key_file.empty()) {
    with_context("--api-key-file", [&] { access_.key = read_api_key(options.api_key_file); });
    if (others_can_read(options.api_key_file)) {
      note_(
          fmt::format("{}: other users of this machine can read the key; chmod 600 prevents it", options.api_key_file));
    }
  }
  with_context("--allow-origin", [&] { Access check(access_); });
  with_context("--serve", [&] { listener_ = std::make_unique<Listener>(address, options.allow_remote); });
}

void ChatServer::run(Conversations& conversations, bool log, const std::function<bool()>& stop) {
  ChatServiceOptions options;
  options.access = access_;
  options.max_turns = max_turns_;
  options.note = note_;
  options.ending = stop;
  if (log) options.log = note_;
  ChatService service(conversations, std::move(options));
  note_(fmt::format("serving {}; Ctrl-C stops", listener_->url()));
  run_http_server(*listener_, service, {}, stop);
}

}  // namespace matinee
