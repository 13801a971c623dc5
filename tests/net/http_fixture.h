// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "net/http_client.h"
#include "net/resolver.h"
#include "support/dns_server.h"
#include "support/on_loop.h"
#include "support/temp_dir.h"

namespace tocsin {

// An HttpClient on a loop of its own, with a DNS server for its names.
struct HttpFixture {
  HttpFixture() : resolver(loop, dns.sources(dir)) { client.emplace(loop, resolver); }

  HttpResponse get(const std::string& url, Millis within = std::chrono::seconds{20}) {
    HttpRequest request;
    request.url = url;
    return perform(request, within);
  }
  HttpResponse perform(HttpRequest& request, Millis within = std::chrono::seconds{20}) {
    request.deadline = std::chrono::steady_clock::now() + within;
    return on_loop(loop, client->perform(request));
  }

  TempDir dir;
  DnsServer dns;
  asio::io_context loop;
  Resolver resolver;
  std::optional<HttpClient> client;
};

}  // namespace tocsin
