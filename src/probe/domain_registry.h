// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <map>
#include <string>

#include "net/http_client.h"
#include "probe/domain_settings.h"
#include "probe/one_at_a_time.h"
#include "probe/prober.h"
#include "probe/rdap.h"

namespace tocsin {

// What the registries said, remembered by the loop (it is one of its Asio services: get it by
// asio::use_service), because they want to be asked seldom. An answer is used again until it is
// `ask_every` old, or for three days where nothing newer can be had; a registry that asks to wait
// (Retry-After), or fails, is left alone for that long. One loop's thread only.
class DomainRegistry final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  // What is known of a domain.
  struct Known {
    std::string trouble;  // why nothing is known, for people; empty: it is
    bool registered = true;
    RdapDomain domain;
    std::string server;       // who said so, "rdap.example.net"
    Millis age{0};            // of the answer
    std::string not_renewed;  // why there is nothing newer; empty: it is new enough
  };

  explicit DomainRegistry(asio::execution_context& loop) : service(loop) {}

  // Ends by the context's deadline; does not throw.
  asio::awaitable<Known> look_up(ProbeContext& context, const DomainSettings& settings,
                                 Result& result);

 private:
  struct Answer {
    bool there = false;
    bool registered = true;
    RdapDomain domain;
    std::string server;
    SteadyTime at{};
    SteadyTime not_before{};  // when it may be asked for anew
    std::string trouble;      // of the last attempt
    OneAtATime asking;
  };
  struct Bootstrap {
    RdapBootstrap servers;
    SteadyTime at{};
    SteadyTime not_before{};
    std::string trouble;
    OneAtATime loading;
  };
  struct Fetched;

  void shutdown() override {}

  asio::awaitable<void> renew(ProbeContext& context, const DomainSettings& settings, Answer& answer,
                              Result& result);
  asio::awaitable<std::string> find_server(ProbeContext& context, const DomainSettings& settings,
                                           std::string& trouble);
  asio::awaitable<void> load_bootstrap(ProbeContext& context, const DomainSettings& settings,
                                       Bootstrap& bootstrap);
  asio::awaitable<Fetched> fetch(ProbeContext& context, std::string url,
                                 const DomainSettings& settings, Result& result);
  void take(const Fetched& fetched, const DomainSettings& settings, SteadyTime now, Answer& answer);

  // Entries stay: there is one for each domain that was ever watched.
  std::map<std::string, Answer> answers_;
  std::map<std::string, Bootstrap> bootstraps_;
  std::map<std::string, SteadyTime> busy_until_;  // servers that asked to wait
};

}  // namespace tocsin
