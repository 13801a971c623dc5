// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/router.h"

#include <charconv>
#include <cstdio>
#include <exception>

#include "util/log.h"
#include "util/text.h"

// The order in which a request is judged: is it one (414, 400), is it meant for us (421, 403), is
// there such a thing (404, 405), may this one (401, 403), is its body fit (411, 413, 415). What
// exists is no secret, the table is public; so 404 may come before 401, and a wrong path is told to
// people as what it is.
//
// A route that takes a secret in its path (heartbeats) is judged by that alone. Host and Origin
// protect what a browser carries along or a loopback address gives; a secret in the path comes from
// who knows it, by whatever name he calls us. And since a heartbeat that is refused may wake
// somebody up, its query and its body may be anything. The secret is taken out of the request here:
// no handler and no log sees it, and a path that is not a route of ours is not logged at all, since
// it may hold a secret that was mistyped around.

namespace tocsin {
namespace {

constexpr std::string_view kNothingHere = "there is nothing at this path";

std::string_view routed_method(const Request& request) noexcept {
  return request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
}

std::optional<Response> refuse_body(const Request& request) {
  if (request.count_of("transfer-encoding") > 0) {
    return problem(411, "a body must come with its Content-Length");
  }
  const auto length = announced_length(request);
  if (!length) return problem(411, "a body must come with one Content-Length");
  if (*length > kMostBody) return problem(413, "a body may have 64 KiB at the most");
  const auto type = request.header("content-type");
  const std::string media =
      to_lower(trim(type.value_or("").substr(0, type.value_or("").find(';'))));
  if (media != kJson) return problem(415, "a body must be application/json");
  return std::nullopt;
}

void add_allow(Response& response, const std::string& methods) {
  response.headers.emplace_back("Allow", methods);
}

std::string entity_tag(std::string_view body) {
  char tag[24];
  std::snprintf(tag, sizeof tag, "\"%016llx\"", static_cast<unsigned long long>(spread_hash(body)));
  return tag;
}

// Whether If-None-Match names this tag; a weak one is as good for a GET (RFC 9110, section 13.1.2).
bool names_tag(std::string_view header, std::string_view tag) noexcept {
  return trim(header) == "*" || header.find(tag) != std::string_view::npos;
}

}  // namespace

std::optional<std::size_t> announced_length(const Request& request) noexcept {
  const auto header = request.header("content-length");
  if (!header) return std::nullopt;
  std::size_t length = 0;
  const char* const end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, length);
  if (error == std::errc::result_out_of_range) return kMostBody + 1;
  if (error != std::errc{} || stop != end) return std::nullopt;
  return length;
}

bool match_path(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  const std::size_t end = pattern.find('}', brace);
  const bool takes_all = pattern[end - 1] == '*';
  const std::string_view before = pattern.substr(0, brace);
  const std::string_view after = pattern.substr(end + 1);
  if (path.size() <= before.size() + after.size()) return false;
  if (!path.starts_with(before) || !path.ends_with(after)) return false;
  parameter = path.substr(before.size(), path.size() - before.size() - after.size());
  return takes_all || parameter.find('/') == std::string_view::npos;
}

Router::Router(std::span<const Route> routes, Guard guard, Services services)
    : routes_(routes), guard_(std::move(guard)), services_(services) {}

// Finds the line of the table; `found` is null if and only if there is a refusal.
std::optional<Response> Router::refuse_route(Request& request, const Route*& found) const {
  std::string allowed;
  for (const Route& route : routes_) {
    std::string_view parameter;
    if (!match_path(route.pattern, request.path, parameter)) continue;
    if (route.method == routed_method(request)) {
      if (!percent_decode(parameter, request.parameter)) {
        return problem(400, "the path has a malformed % escape");
      }
      found = &route;
      return std::nullopt;
    }
    const std::string offer(route.method == "GET" ? "GET, HEAD" : route.method);
    if (allowed.find(offer) == std::string::npos) allowed += (allowed.empty() ? "" : ", ") + offer;
  }
  if (allowed.empty()) return problem(404, kNothingHere);
  Response response = problem(405, "this path takes " + allowed);
  add_allow(response, allowed);
  return response;
}

// From the secret to the check.
std::optional<Response> Router::refuse_secret(Request& request) const {
  const std::size_t slash = std::min(request.parameter.find('/'), request.parameter.size());
  const std::string_view secret = std::string_view(request.parameter).substr(0, slash);
  const HeartbeatDoor::Answer answer =
      services_.heartbeats.open(secret, request.peer.address, std::chrono::steady_clock::now());
  // "SECRET/" is not "SECRET": what was to follow is missing.
  std::string rest = request.parameter.substr(slash);
  request.parameter = rest == "/" ? rest : rest.substr(std::min<std::size_t>(rest.size(), 1));
  request.path = "/heartbeat/***";
  if (answer.wait) {
    Response response = problem(429, "too many wrong secrets came from this address");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*answer.wait).count();
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
  }
  if (!answer.check) return problem(404, kNothingHere);
  request.check = *answer.check;
  return std::nullopt;
}

std::optional<Response> Router::refuse_details(const Route& route, Request& request,
                                               std::size_t mark) const {
  if (auto refusal = guard_.refuse_access(route.access, request)) return refusal;
  const bool has_query = mark < request.target.size();
  const std::string_view query =
      has_query ? std::string_view(request.target).substr(mark + 1) : std::string_view();
  const bool is_query = parse_query(query, request.query);
  if (route.access == Access::secret) return std::nullopt;
  if (!is_query) return problem(400, "the query has a malformed % escape");
  return route.method == "POST" ? refuse_body(request) : std::nullopt;
}

Router::Admission Router::admit(Request& request) const {
  const auto refuse = [](Response response) { return Admission{nullptr, std::move(response)}; };
  if (request.target.size() > kMostTarget) {
    return refuse(problem(414, "a path and its query may have 8 KiB at the most"));
  }
  if (!request.target.starts_with('/')) return refuse(problem(400, "the path must begin with /"));

  const std::size_t mark = std::min(request.target.find('?'), request.target.size());
  request.path = request.target.substr(0, mark);
  const Route* route = nullptr;
  auto no_route = refuse_route(request, route);
  const bool by_secret = route != nullptr && route->access == Access::secret;
  if (no_route) request.path.clear();
  auto refusal = by_secret ? refuse_secret(request) : guard_.refuse_origin(request);
  if (!refusal) refusal = std::move(no_route);
  if (!refusal) refusal = refuse_details(*route, request, mark);
  if (refusal) return refuse(std::move(*refusal));
  return Admission{route, std::nullopt};
}

Response Router::run(const Route& route, const Request& request) const {
  try {
    return route.handle(request, services_);
  } catch (const std::exception& error) {
    log(LogLevel::error, "web_handler_failed", "route", route.pattern, "reason", error.what());
    return problem(500, "an internal error, see the daemon's log");
  }
}

Response Router::answer(Request request) const {
  Admission admission = admit(request);
  Response response =
      admission.refusal ? std::move(*admission.refusal) : run(*admission.route, request);
  finish(response, request);
  return response;
}

void finish(Response& response, const Request& request) {
  auto& headers = response.headers;
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  headers.emplace_back("Cache-Control", "no-store");
  if (response.status != 200 || routed_method(request) != "GET") return;
  const std::string tag = entity_tag(response.body);
  headers.emplace_back("ETag", tag);
  const auto known = request.header("if-none-match");
  if (!known || !names_tag(*known, tag)) return;
  response.status = 304;
  response.body.clear();
  response.content_type.clear();
}

}  // namespace tocsin
