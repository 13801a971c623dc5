// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "net/http_client.h"
#include "probe/http_auth.h"
#include "probe/http_walk.h"
#include "probe/prober.h"

namespace tocsin {

// One HTTP look: who we are is settled first, then the request is made and its redirects followed.
struct HttpLook {
  const HttpCall& call;
  HttpRequest request;  // all that neither the call nor `auth` says: limits, transport, wants
  const HttpAuth* auth = nullptr;            // null: nobody
  const HttpTransport* transport = nullptr;  // the way to a token server
  HttpWalk::Rules rules;
};

struct HttpAnswer {
  HttpResponse response;  // nothing in it if there was no token
  std::string refused;    // why a redirect was not followed; empty if all were
  std::string no_token;   // why there is none; empty if there is, or none is wanted
  Micros took{};          // without the time it took to be given a token, which is not the target's
};

// Ends by the context's deadline; does not throw. What the look refers to must stay alive.
asio::awaitable<HttpAnswer> look_at(ProbeContext& context, HttpLook look);

}  // namespace tocsin
