// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "probe/http_transport.h"
#include "probe/prober.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"

namespace tocsin {

// Who a check says it is: the section `auth`. Immutable once parsed.
struct HttpAuth {
  // OAuth 2.0's client credentials grant (RFC 6749, section 4.4).
  struct Client {
    Text token_url;
    std::string id;
    Secret secret;
    std::string scopes;  // separated by spaces
    std::string audience;
    std::vector<std::pair<std::string, Text>> parameters;  // further ones that a server wants
    bool in_body = false;  // id and secret go into the body and not into a header
    std::string key;       // of the cache of tokens: all of the above
  };

  Secret header;  // Authorization's value, "Basic …" or "Bearer …"; empty with a client
  std::unique_ptr<const Client> client;
};

// Reads the section and reports mistakes; null where there is none.
std::unique_ptr<const HttpAuth> parse_http_auth(Settings& settings);

// What goes into the header Authorization, or why there is nothing to put in it. Never shown.
struct Authorization {
  std::string header;
  std::string trouble;  // for people, without a secret
  bool remembered = false;
};

// Asks for a token where one is needed and none is remembered on this loop, by the context's
// deadline; the token server is reached by the same transport, but for what is the target's own.
// `fresh`: the remembered one was refused. `notes`: where to write down what was asked and what
// came; null: nowhere. The arguments must stay alive.
struct AuthorizationWanted {
  const HttpAuth& auth;
  const HttpTransport* transport = nullptr;
  bool fresh = false;
  std::vector<std::string>* notes = nullptr;
};
asio::awaitable<Authorization> authorize(ProbeContext& context, const AuthorizationWanted& wanted);

}  // namespace tocsin
