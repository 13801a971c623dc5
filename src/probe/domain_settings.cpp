// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/domain_settings.h"

#include <unistd.h>

#include <algorithm>

#include "net/dns_message.h"
#include "probe/rdap.h"
#include "util/text.h"

namespace tocsin {
namespace {

// RFC 9224 section 3.
constexpr const char* kBootstrap = "https://data.iana.org/rdap/dns.json";

std::string shown(const std::string& text) {
  return '"' + printable(text, 100) + '"';
}

// Letters, digits and hyphens (RFC 5890 section 2.3.1), in two labels or more.
bool can_be_registered(const std::string& name) {
  const bool ldh =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
  return ldh && is_dns_name(name) && name.find('.') != std::string::npos && !reverse_dns_name(name);
}

void parse_name(Settings& settings, DomainSettings& out) {
  const std::string name = settings.text("name");
  out.name = canonical_dns_name(name);
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return c >= 0; });
  if (!settings.has("name")) {
    settings.error("'name' is missing: the domain, as it is registered");
  } else if (!ascii) {
    settings.error("name", "other than ASCII: write it in its xn-- form, which `idn2 NAME` prints");
  } else if (!can_be_registered(out.name)) {
    settings.error("name", "not a registered domain: " + shown(name) + " (like example.org)");
  }
}

void parse_source(Settings& settings, DomainSettings& out) {
  out.rdap = settings.url("rdap");
  out.bootstrap = settings.url("bootstrap");
  out.bootstrap_file = settings.text("bootstrap_file");
  out.proxy = settings.url("proxy", {"http", "https", "socks5", "socks5h"});
  if (out.bootstrap.empty()) out.bootstrap = Text(kBootstrap);
  for (const char* key : {"bootstrap", "bootstrap_file"}) {
    if (settings.has("rdap") && settings.has(key)) {
      settings.error(key, "not needed: 'rdap' names the server to ask");
    }
  }
  if (settings.has("bootstrap") && settings.has("bootstrap_file")) {
    settings.error("bootstrap_file", "a copy of what 'bootstrap' names: give one of the two");
  }
  if (!out.bootstrap_file.empty() && access(out.bootstrap_file.c_str(), R_OK) != 0) {
    settings.warn("bootstrap_file", "the file cannot be read now");
  }
}

Verdict parse_unanswered(Settings& settings) {
  const std::string word =
      settings.choice("unanswered", {"unknown", "degraded", "down"}, "unknown");
  if (word == "down") return Verdict::down;
  return word == "degraded" ? Verdict::degraded : Verdict::unknown;
}

void parse_expect(Settings& settings, DomainSettings& out) {
  const auto section = settings.section("expect");
  const std::string registrar = section->pattern("registrar");
  if (!registrar.empty()) out.expect.registrar.emplace(registrar);
  for (const std::string& name : section->list("nameservers")) {
    if (!is_dns_name(name)) section->error("nameservers", "not a host's name: " + shown(name));
    out.expect.nameservers.push_back(canonical_dns_name(name));
  }
  for (const std::string& text : section->list("status")) {
    out.expect.status.push_back(rdap_status(text));
  }
}

}  // namespace

DomainSettings parse_domain(Settings& settings) {
  DomainSettings out;
  parse_name(settings, out);
  parse_source(settings, out);
  out.expiry = settings.flag("expiry", true);
  out.days = static_cast<int>(settings.integer("days", 30, {0, 3650}));
  out.days_down = static_cast<int>(settings.integer("days_down", 0, {0, 3650}));
  out.ask_every = settings.duration("ask_every", std::chrono::hours{6},
                                    {std::chrono::minutes{10}, std::chrono::days{7}});
  out.unanswered = parse_unanswered(settings);
  parse_expect(settings, out);
  if (out.days_down > out.days) {
    settings.error("days_down", "above 'days' (" + std::to_string(out.days) +
                                    "): it would be down before it is degraded");
  }
  for (const char* key : {"days", "days_down"}) {
    if (!out.expiry && settings.has(key)) settings.error(key, "it needs 'expiry: true'");
  }
  return out;
}

}  // namespace tocsin
