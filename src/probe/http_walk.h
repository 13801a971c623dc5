// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "tocsin/secret.h"

namespace tocsin {

// What is asked, as a check has it: for the wire, and for people.
struct HttpCall {
  std::string_view method;
  const Text& url;
  const std::vector<std::pair<std::string, Text>>& headers;
  const Text& body;

  // The other side may send back what it was sent.
  bool sends_secrets() const;
  // The headers and the rest go into a request.
  void fill(HttpRequest& request) const;
};

// One request and the redirects that it leads to, followed by rules of our own: each hop's name is
// resolved anew, only http and https are gone to, and once a hop leads to another origin nothing
// that carries credentials goes along (nor later, should it lead back). The request's deadline is
// for all hops together. One loop's thread only; runs once.
class HttpWalk {
 public:
  struct Rules {
    int redirects = 0;                          // followed at most; 0: a redirect is the answer
    bool secretive = false;                     // secrets are sent besides those of the call
    std::vector<std::string>* notes = nullptr;  // what was asked and what came; null: nowhere
  };

  // The call must stay alive.
  HttpWalk(const HttpCall& call, HttpRequest request, const Rules& rules)
      : call_(call), request_(std::move(request)), rules_(rules) {}

  // The last answer, with the phases of all hops.
  asio::awaitable<HttpResponse> run(HttpClient& http);
  // Why a redirect was not followed; empty if all were.
  const std::string& refused() const noexcept { return refused_; }

 private:
  std::string follow(const HttpResponse& response);
  std::string leave_origin();
  bool is_shown() const { return !rules_.secretive && !call_.sends_secrets(); }
  std::string shown_url(const std::string& url) const;
  void note_request() const;
  void note_answer(const HttpResponse& response) const;

  const HttpCall& call_;
  HttpRequest request_;
  Rules rules_;
  std::vector<std::string> seen_;  // "METHOD URL" of the hops
  bool left_origin_ = false;
  std::string refused_;
};

// Adds the phases of a part to those of the whole.
void add_phases(Phases& sum, const Phases& part) noexcept;
// "name 0.4 ms, connect 0.1 ms, tls 2 ms, …"
std::string show(const Phases& phases);

}  // namespace tocsin
