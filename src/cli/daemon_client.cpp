// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "cli/daemon_client.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>
#include <utility>

#include "config/load.h"
#include "deliver/loop.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kPatience{30'000};  // the daemon itself waits 8 s for its disk
constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestDetail = 500;

// Where one's own machine reaches what listens on every address.
std::string reachable(std::string listen) {
  constexpr std::string_view kAnyV4 = "0.0.0.0:";
  constexpr std::string_view kAnyV6 = "[::]:";
  if (listen.starts_with(kAnyV4)) return "127.0.0.1:" + listen.substr(kAnyV4.size());
  if (listen.starts_with(kAnyV6)) return "[::1]:" + listen.substr(kAnyV6.size());
  return listen;
}

void complain(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.is_error) std::fprintf(stderr, "%s\n", problem.text().c_str());
  }
}

asio::awaitable<void> exchange(HttpClient& http, const HttpRequest& request, HttpResponse& into,
                               Loop& loop) {
  into = co_await http.perform(request);
  loop.stop();
}

HttpResponse perform(const HttpRequest& request) {
  Loop loop;
  Resolver resolver(loop);
  HttpClient http(loop, resolver);
  HttpResponse response;
  response.error = NetError::other;
  response.error_text = "the exchange did not end";
  asio::co_spawn(loop, exchange(http, request, response, loop), asio::detached);
  loop.run();
  loop.end();
  return response;
}

// What an error's body says (RFC 9457).
std::string detail_of(const HttpResponse& response) {
  std::string detail;
  try {
    const auto object =
        Poco::JSON::Parser().parse(response.body).extract<Poco::JSON::Object::Ptr>();
    detail = object->optValue<std::string>("detail", "");
  } catch (const Poco::Exception&) {
    return "it answered " + std::to_string(response.status) + ", and not as Tocsin does";
  }
  if (detail.empty()) return "it answered " + std::to_string(response.status);
  return printable(detail, kLongestDetail);
}

}  // namespace

std::optional<DaemonClient> DaemonClient::find(const std::filesystem::path& config) {
  LoadedWeb loaded = load_web(config);
  const std::string& listen = loaded.web.listen;
  if (!loaded.found || listen.empty()) {
    complain(loaded.problems);
    std::fprintf(stderr, "tocsin: %s\n",
                 loaded.found
                     ? "the web side is turned off (web.listen is empty), and this command needs it"
                     : "the daemon is found by its configuration: name it with --config");
    return std::nullopt;
  }
  if (listen.starts_with(kUnix)) {
    return DaemonClient(listen.substr(kUnix.size()), "http://localhost", loaded.web.admin_token);
  }
  if (loaded.web.admin_token.empty()) complain(loaded.problems);
  return DaemonClient({}, "http://" + reachable(listen), loaded.web.admin_token);
}

// What to do about a refusal; empty where its own words say it.
std::string DaemonClient::advice(int status) const {
  if (status != 401 && status != 403 && status != 421) return {};
  if (!unix_socket_.empty()) {
    return "; be root, the daemon's user or a member of its group, or read web.admin_token";
  }
  if (token_.empty()) {
    return "; set web.admin_token and let this user read it, or let web.listen be a unix socket";
  }
  return "; does the running daemon have this configuration's web.admin_token? (systemctl reload "
         "tocsin)";
}

DaemonClient::Answer DaemonClient::ask(const std::string& method, const std::string& path,
                                       const std::string& json) const {
  HttpRequest request;
  request.method = method;
  request.url = base_ + path;
  request.unix_socket = unix_socket_;
  request.deadline = std::chrono::steady_clock::now() + kPatience;
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_.reveal());
  if (method == "POST") {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json;
  }
  const HttpResponse response = perform(request);
  Answer out{response.status, response.body, {}};
  if (response.error != NetError::none) {
    const bool denied = response.error_text.find("ermission denied") != std::string::npos;
    out.status = 0;
    out.trouble = "no daemon answers: " + response.error_text +
                  (denied ? "; be root, or a member of the daemon's group"
                          : "; does it run? (systemctl status tocsin)");
  } else if (response.status / 100 != 2) {
    out.trouble = "refused: " + detail_of(response) + advice(response.status);
  }
  return out;
}

}  // namespace tocsin
