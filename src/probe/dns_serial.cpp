// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The serials of a zone: its servers are found (named, or by its NS records), each is asked for the
// SOA record without recursion, and who is behind the one that is furthest is named. A zone whose
// servers differ is still served, so that is degraded; nobody serving it is down.
#include "probe/dns_serial.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/errno_text.h"
#include "probe/dns_ask.h"
#include "probe/dns_expect.h"
#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostServers = 32;  // the root has 13
constexpr std::size_t kLongestName = 100;

// Who they are; where they could not be found, the result says why.
struct Zone {
  std::vector<StreamTarget> servers;
  std::vector<std::string> notes;
};

std::optional<std::uint32_t> serial_of(const DnsMessage& message) {
  const auto records = records_of(message, dns::kSoa);
  if (records.empty()) return std::nullopt;
  std::string_view text = records.front()->data;  // two names, then the serial
  for (int i = 0; i < 2; ++i) text.remove_prefix(std::min(text.find(' ') + 1, text.size()));
  std::uint32_t serial = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), serial);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return serial;
}

std::string shown_server(const StreamTarget& server) {
  return server.port == 53 ? server.host : show(server);
}

std::string named(const ZoneServer& server) {
  return with_address(printable(server.name, kLongestName),
                      server.address.starts_with(server.name) ? "" : server.address);
}

ZoneServer read_reply(std::string name, const std::string& zone, const DnsReply& reply) {
  ZoneServer out;
  out.name = std::move(name);
  out.address = reply.address;
  if (reply.error != NetError::none) {
    out.ours = verdict_of(reply.error) == Verdict::unknown;
    out.trouble = out.name + ": " + reply.text;
    return out;
  }
  const auto serial = serial_of(reply.message);
  if (reply.message.rcode != dns::kNoError) {
    out.trouble = named(out) + " answers " + dns_rcode_name(reply.message.rcode);
  } else if (!reply.message.authoritative) {
    out.trouble = named(out) + " is not authoritative for " + zone;
  } else if (!serial) {
    out.trouble = named(out) + " has no SOA record of " + zone;
  } else {
    out.serial = serial;
  }
  return out;
}

asio::awaitable<ZoneServer> ask_server(ProbeContext& context, StreamTarget server,
                                       const DnsSettings& settings, Phases& phases,
                                       SteadyTime deadline) {
  const std::string name = shown_server(server);
  DnsServers found = co_await find_dns_servers(context, server, phases, deadline);
  if (found.error != NetError::none) {
    ZoneServer out;
    out.name = name;
    out.ours = verdict_of(found.error) == Verdict::unknown;
    out.trouble = found.text;
    co_return out;
  }
  DnsQuestion question = settings.question;
  question.recursion = false;
  const DnsExchange exchange(context.resolver, phases);
  const DnsReply reply =
      co_await ask_dns_servers(exchange, std::move(found), question, settings.tcp, deadline);
  co_return read_reply(name, settings.question.name, reply);
}

// By the zone's NS records.
asio::awaitable<Zone> find_zone(ProbeContext& context, const DnsSettings& settings, Result& result,
                                SteadyTime deadline) {
  Zone out;
  DnsServers found = co_await find_dns_servers(context, settings.server, result.phases, deadline);
  const bool own = found.own_resolver;
  if (found.error != NetError::none) {
    set_failure(result, found.error, found.text);
    co_return out;
  }
  DnsQuestion question = settings.question;
  question.type = dns::kNs;
  const DnsExchange exchange(context.resolver, result.phases);
  const DnsReply reply =
      co_await ask_dns_servers(exchange, std::move(found), question, settings.tcp, deadline);
  result.address = reply.address;
  if (reply.error != NetError::none) {
    set_failure(result, own ? NetError::resolver : reply.error, reply.text);
    co_return out;
  }
  DnsSettings wanted;
  wanted.question = question;
  judge_dns(result, wanted, reply, own);
  for (const DnsRecord* record : records_of(reply.message, dns::kNs)) {
    if (out.servers.size() < kMostServers) out.servers.push_back({record->data, 53});
  }
  if (context.explain) explain_dns(result, reply);
  co_return out;
}

void note_servers(Result& result, const std::vector<ZoneServer>& servers) {
  for (const ZoneServer& server : servers) {
    result.notes.push_back(server.serial
                               ? "serial: " + std::to_string(*server.serial) + " " + named(server)
                               : "serial: none: " + server.trouble);
  }
}

}  // namespace

std::int32_t serial_distance(std::uint32_t left, std::uint32_t right) noexcept {
  return static_cast<std::int32_t>(left - right);
}

void judge_serials(Result& result, const std::string& zone, const std::vector<ZoneServer>& servers,
                   std::uint32_t lag) {
  const ZoneServer* first = nullptr;
  bool all_ours = true;
  for (const ZoneServer& server : servers) {
    all_ours = all_ours && server.ours;
    if (!server.serial) continue;
    if (first == nullptr || serial_distance(*server.serial, *first->serial) > 0) first = &server;
  }
  if (first == nullptr) {
    const std::string why = servers.empty() ? "" : ": " + servers.front().trouble;
    const std::string text = servers.size() == 1 ? "the only server of " : "no server of ";
    return set_failure(result, all_ours ? NetError::resolver : NetError::protocol,
                       text + zone + " gives a serial" + why);
  }
  result.address = first->address;
  result.metrics.push_back({"serial", static_cast<double>(*first->serial), ""});
  for (const ZoneServer& server : servers) {
    if (!server.serial) {
      if (!server.ours) degrade(result, server.trouble);
      continue;
    }
    const std::int32_t behind = serial_distance(*first->serial, *server.serial);
    if (behind >= 0 && static_cast<std::uint32_t>(behind) <= lag) continue;
    degrade(result, named(server) + " lags: serial " + std::to_string(*server.serial) + ", " +
                        named(*first) + " has " + std::to_string(*first->serial));
  }
}

asio::awaitable<Result> probe_serials(ProbeContext& context, const DnsSettings& settings) {
  const SteadyTime begun = context.clock.steady();
  const SteadyTime deadline = context.deadline;
  Result result;
  result.verdict = Verdict::up;
  std::vector<StreamTarget> servers = settings.serial->servers;
  if (servers.empty()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime share = now + (deadline - now) / 2;
    const Zone zone = co_await find_zone(context, settings, result, share);
    servers = zone.servers;
  }
  std::vector<ZoneServer> answers;
  for (std::size_t i = 0; i < servers.size() && result.verdict == Verdict::up; ++i) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime share = now + (deadline - now) / static_cast<std::int64_t>(servers.size() - i);
    ZoneServer answer = co_await ask_server(context, servers[i], settings, result.phases, share);
    answers.push_back(std::move(answer));
  }
  result.took = micros_between(begun, context.clock.steady());
  if (result.verdict == Verdict::up) {
    judge_serials(result, settings.question.name, answers, settings.serial->lag);
  }
  if (context.explain) note_servers(result, answers);
  co_return result;
}

}  // namespace tocsin
