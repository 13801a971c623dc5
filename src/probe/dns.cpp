// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// dns: asks for a name's records and compares what is answered. Where a server is given, it is what
// is looked at, and its silence is its fault. Where none is, the name is: the machine's own
// resolvers are only the way to it, and their silence or refusal is our side's.
#include <utility>

#include "net/errno_text.h"
#include "probe/dns_ask.h"
#include "probe/dns_expect.h"
#include "probe/dns_serial.h"
#include "probe/dns_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"

namespace tocsin {
namespace {

class DnsProber final : public Prober {
 public:
  explicit DnsProber(DnsSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Result> probe(ProbeContext& context) const override {
    if (settings_.serial) return probe_serials(context, settings_);
    return probe_records(context);
  }

 private:
  asio::awaitable<Result> probe_records(ProbeContext& context) const;

  const DnsSettings settings_;
};

// What the machine's own resolvers do not say is not the name's fault.
NetError fault_of(const DnsReply& reply, bool own_resolver) {
  if (!own_resolver || reply.error == NetError::out_of_resources) return reply.error;
  return NetError::resolver;
}

asio::awaitable<Result> DnsProber::probe_records(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  DnsServers servers =
      co_await find_dns_servers(context, settings_.server, result.phases, context.deadline);
  if (servers.error != NetError::none) {
    set_failure(result, servers.error, servers.text);
    co_return result;
  }
  const bool own = servers.own_resolver;
  if (context.explain) result.notes.push_back("asked: " + dns_target(settings_));
  const DnsExchange exchange(context.resolver, result.phases);
  const DnsReply reply = co_await ask_dns_servers(exchange, std::move(servers), settings_.question,
                                                  settings_.tcp, context.deadline);
  result.took = micros_between(begun, context.clock.steady());
  result.address = reply.address;
  if (reply.error != NetError::none) {
    const std::string who = own ? "this machine's resolver: " : "";
    set_failure(result, fault_of(reply, own), who + reply.text);
    co_return result;
  }
  judge_dns(result, settings_, reply, own);
  if (context.explain) explain_dns(result, reply);
  co_return result;
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  DnsSettings parsed = parse_dns(settings, timeout);
  std::string target = dns_target(parsed);
  return {std::make_shared<DnsProber>(std::move(parsed)), std::move(target)};
}

}  // namespace

const CheckType kDnsCheck{
    .name = "dns",
    .short_key = "name",
    .summary = "a name's records at a given server or the machine's resolvers; a zone's serials",
    .parse = parse,
};

}  // namespace tocsin
