// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tocsin/snapshot.h"
#include "tocsin/store.h"
#include "web/guard.h"
#include "web/heartbeat_door.h"
#include "web/http.h"

namespace tocsin {

// What handlers may ask. All are thread-safe.
struct Services {
  Control& control;
  Store& store;
  HeartbeatDoor& heartbeats;
};

// One line of the table in routes.cpp. `pattern` is a path; {name} in it stands for one segment,
// {name*} at its end for all the rest, slashes included; what they matched arrives decoded as
// Request::parameter. Of several lines that match, the first one counts. A handler returns its
// answer and may throw: that becomes a 500, logged once. It runs on any of the server's threads.
struct Route {
  std::string_view method;  // GET or POST
  std::string_view pattern;
  Access access;
  Response (*handle)(const Request& request, const Services& services);
};

// From a request to its answer: all rules, then the handler. Immutable; safe from every thread.
class Router {
 public:
  // `routes` must outlive it.
  Router(std::span<const Route> routes, Guard guard, Services services);

  // What can be said before the body is read, so that nobody sends one in vain: the route, or the
  // refusal. Fills path, parameter and query of the request.
  struct Admission {
    const Route* route = nullptr;  // set if and only if there is no refusal
    std::optional<Response> refusal;
  };
  Admission admit(Request& request) const;

  // Runs the handler; does not throw. A HEAD answer has its body still: only its size is sent.
  Response run(const Route& route, const Request& request) const;

  // Both in one, and finished: for a request whose body is there already.
  Response answer(Request request) const;

 private:
  std::optional<Response> refuse_route(Request& request, const Route*& found) const;
  std::optional<Response> refuse_secret(Request& request) const;
  std::optional<Response> refuse_details(const Route& route, Request& request,
                                         std::size_t mark) const;

  std::span<const Route> routes_;
  Guard guard_;
  Services services_;
};

// Adds what every answer has: the headers that keep browsers careful, no caching, an ETag, and 304
// in place of what the client has already.
void finish(Response& response, const Request& request);

// How many bytes of body the request announces; nothing where it is not a number or there are two.
std::optional<std::size_t> announced_length(const Request& request) noexcept;

// Whether the path fits the pattern; `parameter` is what {…} matched, still encoded.
bool match_path(std::string_view pattern, std::string_view path, std::string_view& parameter);

}  // namespace tocsin
