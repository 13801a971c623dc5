// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/dns_settings.h"

#include <algorithm>
#include <utility>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint16_t kPort = 53;
constexpr Millis kLongestTtl = std::chrono::days{400};
constexpr std::int64_t kMostLag = 0x7FFFFFFF;  // half of the circle of serials (RFC 1982)

std::string shown(const std::string& text) {
  return '"' + printable(text, 100) + '"';
}

std::string words(const std::vector<std::string_view>& list) {
  std::string out;
  for (const std::string_view word : list) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

// HOST:PORT, [V6]:PORT, or a host or address by itself.
std::optional<StreamTarget> parse_server(const std::string& text) {
  if (auto whole = parse_stream_target(text)) return whole;
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const std::string host = bracketed ? text.substr(1, text.size() - 2) : text;
  // With one colon it is HOST:PORT gone wrong, with more an IPv6 address.
  if (!is_host(host) || std::count(host.begin(), host.end(), ':') == 1) return std::nullopt;
  return StreamTarget{host, kPort};
}

constexpr const char* kServerForms = "not a server: ADDRESS, HOST, HOST:PORT or [IPv6]:PORT: ";

void parse_question(Settings& settings, DnsSettings& out) {
  const bool serial = settings.has("serial");
  const std::string name = settings.text("name");
  const std::string type = settings.text("type", serial ? "SOA" : "A");
  out.question.recursion = settings.flag("recursion", true);
  out.question.dnssec = settings.flag("dnssec", false);
  const auto number = dns_type(type);
  if (!number) {
    settings.error("type", "no record type that is known here: " + shown(type) + "; use one of " +
                               words(dns_type_names()) + ", or TYPE and its number");
  }
  out.question.type = number.value_or(dns::kA);
  const auto reverse = reverse_dns_name(name);
  const bool to_reverse = reverse && out.question.type == dns::kPtr;
  out.question.name = to_reverse ? *reverse : canonical_dns_name(name);
  if (!settings.has("name")) {
    settings.error("'name' is missing: the name to ask for");
  } else if (!to_reverse && !is_dns_name(name)) {
    settings.error("name", "not a domain name: " + shown(name) +
                               " (labels of up to 63 characters; one with other than ASCII "
                               "characters in its xn-- form)");
  }
  if (reverse && !to_reverse && number) {
    settings.error("name", "an address: it takes 'type: PTR'");
  }
  if (serial && settings.has("type") && out.question.type != dns::kSoa) {
    settings.error("type", "'serial' compares SOA records");
  }
}

void parse_server_key(Settings& settings, DnsSettings& out) {
  const std::string server = settings.text("server");
  out.tcp = settings.choice("transport", {"udp", "tcp"}, "udp") == "tcp";
  if (!settings.has("server")) return;
  out.server = parse_server(server);
  if (!out.server) settings.error("server", kServerForms + shown(server));
}

std::vector<std::string> parse_data(Settings& settings, const char* key, std::uint16_t type) {
  std::vector<std::string> out;
  for (const std::string& text : settings.list(key)) {
    const auto canonical = canonical_dns_data(type, text);
    if (!canonical) {
      settings.error(
          key, "not what a record of type " + dns_type_name(type) + " can hold: " + shown(text));
    }
    out.push_back(comparable_dns_data(type, canonical.value_or("")));
  }
  return out;
}

std::vector<int> parse_rcodes(Settings& settings) {
  const std::vector<std::string> names = settings.list("rcode");
  if (names.empty()) return {dns::kNoError};
  std::vector<int> out;
  for (const std::string& name : names) {
    const auto code = dns_rcode(name);
    if (!code) {
      settings.error("rcode", "no response code: " + shown(name) +
                                  "; NOERROR, NXDOMAIN, SERVFAIL, REFUSED, …");
    }
    out.push_back(code.value_or(0));
  }
  return out;
}

std::optional<bool> parse_optional_flag(Settings& settings, const char* key) {
  const bool value = settings.flag(key, true);
  return settings.has(key) ? std::optional(value) : std::nullopt;
}

bool wants_records(const DnsExpect& expect) {
  return !expect.any.empty() || !expect.all.empty() || expect.matches ||
         (expect.exact && !expect.exact->empty());
}

void check_expect(Settings& settings, const DnsExpect& expect) {
  const auto& codes = expect.rcodes;
  const bool may_have_records = std::find(codes.begin(), codes.end(), 0) != codes.end();
  if (!may_have_records && wants_records(expect)) {
    settings.error("rcode", "with another code than NOERROR there are no records to expect");
  }
  if (expect.exact && (!expect.any.empty() || !expect.all.empty() || !expect.none.empty())) {
    settings.error("exact", "it says it all; leave out 'any', 'all' and 'none'");
  }
  if (expect.ttl_least >= Millis{0} && expect.ttl_most >= Millis{0} &&
      expect.ttl_least > expect.ttl_most) {
    settings.error("ttl_least", "above 'ttl_most'");
  }
}

void parse_expect(Settings& settings, DnsSettings& out, Millis timeout) {
  const auto section = settings.section("expect");
  DnsExpect& expect = out.expect;
  const std::uint16_t type = out.question.type;
  expect.rcodes = parse_rcodes(*section);
  expect.any = parse_data(*section, "any", type);
  expect.all = parse_data(*section, "all", type);
  expect.none = parse_data(*section, "none", type);
  auto exact = parse_data(*section, "exact", type);
  if (section->has("exact")) expect.exact = std::move(exact);
  const std::string pattern = section->pattern("matches");
  if (!pattern.empty()) expect.matches.emplace(pattern);
  expect.authoritative = parse_optional_flag(*section, "authoritative");
  expect.authenticated = parse_optional_flag(*section, "authenticated");
  expect.ttl_least = section->duration("ttl_least", Millis{-1}, {Millis{0}, kLongestTtl});
  expect.ttl_most = section->duration("ttl_most", Millis{-1}, {Millis{0}, kLongestTtl});
  expect.response_time = section->duration("response_time", Millis{0}, {Millis{1}, timeout});
  check_expect(*section, expect);
  // A resolver tells whether it validated only to those who ask (RFC 6840 section 5.7).
  if (expect.authenticated) out.question.dnssec = true;
  if (settings.has("serial") && settings.has("expect")) {
    settings.error("expect", "with 'serial' nothing but the serials is compared");
  }
}

void parse_serial(Settings& settings, DnsSettings& out) {
  const auto section = settings.section("serial");
  DnsSerial serial;
  for (const std::string& text : section->list("servers")) {
    const auto server = parse_server(text);
    if (!server) section->error("servers", kServerForms + shown(text));
    serial.servers.push_back(server.value_or(StreamTarget{}));
  }
  serial.lag = static_cast<std::uint32_t>(section->integer("lag", 0, {0, kMostLag}));
  if (!settings.has("serial")) return;
  if (serial.servers.size() == 1) {
    section->error("servers", "it takes two to compare; none: those of the zone's NS records");
  }
  if (!serial.servers.empty() && out.server) {
    settings.error("server", "not needed: 'serial' names the servers that are asked");
  }
  out.serial = std::move(serial);
}

}  // namespace

DnsSettings parse_dns(Settings& settings, Millis timeout) {
  DnsSettings out;
  parse_question(settings, out);
  parse_server_key(settings, out);
  parse_expect(settings, out, timeout);
  parse_serial(settings, out);
  return out;
}

std::string dns_subject(const DnsQuestion& question) {
  return dns_type_name(question.type) + " of " + question.name;
}

std::string dns_target(const DnsSettings& settings) {
  const std::string subject =
      settings.serial ? "serials of " + settings.question.name : dns_subject(settings.question);
  return settings.server ? subject + " at " + show(*settings.server) : subject;
}

}  // namespace tocsin
