// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/certificate_settings.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint16_t kPort = 443;
constexpr std::size_t kFingerprint = 64;  // SHA-256 in hexadecimal digits

std::string shown(const std::string& text) {
  return '"' + printable(text, 100) + '"';
}

// HOST:PORT, [V6]:PORT, or a host by itself: HTTPS's port.
std::optional<StreamTarget> parse_address(const std::string& text, std::uint16_t port) {
  if (auto whole = parse_stream_target(text)) return whole;
  if (!is_host(text) || std::count(text.begin(), text.end(), ':') == 1) return std::nullopt;
  return StreamTarget{text, port};
}

void parse_starttls(Settings& settings, CertificateSettings& out) {
  const std::string name = settings.choice("starttls", StartTls::names(), "");
  if (!name.empty()) out.starttls.emplace(name, out.host());
}

void parse_target(Settings& settings, CertificateSettings& out) {
  const std::string address = settings.text("address");
  out.target.host = settings.text("host");
  const auto port = static_cast<std::uint16_t>(settings.integer("port", 0, {1, 65535}));
  out.server_name = settings.text("server_name");
  parse_starttls(settings, out);
  const std::uint16_t usual = out.starttls ? out.starttls->port() : kPort;
  out.target.port = port == 0 ? usual : port;
  if (settings.has("address")) {
    const auto parsed = parse_address(address, usual);
    if (!parsed) {
      settings.error("address", "not HOST, HOST:PORT or [IPv6]:PORT: " + shown(address));
    }
    out.target = parsed.value_or(StreamTarget{});
    if (out.starttls) out.starttls.emplace(out.starttls->name(), out.host());
  } else if (settings.has("host") && !is_host(out.target.host)) {
    settings.error("host", "not a host's name or an address (an IPv6 one without brackets): " +
                               shown(out.target.host));
  }
  if (!out.server_name.empty() && !is_host(out.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
}

void parse_file(Settings& settings, CertificateSettings& out) {
  out.file = settings.text("file");
  out.key = settings.text("key");
  const bool local = settings.has("file");
  for (const char* key : {"address", "host", "port", "server_name", "starttls"}) {
    if (local && settings.has(key)) {
      settings.error(key, "a check looks at a 'file' or at a server, not at both");
    }
  }
  if (settings.has("address") && (settings.has("host") || settings.has("port"))) {
    settings.error("address", "'address' says it all; leave out 'host' and 'port'");
  }
  if (!local && !settings.has("address") && !settings.has("host")) {
    settings.error("'address' is missing: HOST:PORT, or 'file' for a PEM file");
  }
  if (!local && settings.has("key")) {
    settings.error("key", "it belongs to a 'file'; a server keeps its own");
  }
  for (const auto& [key, path] : {std::pair("file", &out.file), std::pair("key", &out.key)}) {
    if (!path->empty() && path->front() != '/') {
      settings.error(key, "not an absolute path: " + shown(*path));
    } else if (!path->empty() && access(path->c_str(), R_OK) != 0) {
      settings.warn(key, "the file cannot be read now");
    }
  }
}

void parse_trust(Settings& settings, CertificateSettings& out) {
  out.verify = settings.flag("verify", true);
  out.ca_file = settings.text("ca_file");
  if (!out.ca_file.empty() && access(out.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  if (!out.verify && settings.has("ca_file")) {
    settings.warn("ca_file", "nothing is verified with 'verify: false'");
  }
}

// As openssl and browsers show it: colons or none, capitals or not, perhaps "SHA256:" before it.
std::optional<std::string> parse_fingerprint(const std::string& text) {
  std::string out = to_lower(trim(text));
  for (const char* prefix : {"sha256:", "sha256 fingerprint="}) {
    if (out.starts_with(prefix)) out.erase(0, std::string_view(prefix).size());
  }
  std::erase_if(out, [](char c) { return c == ':' || c == ' '; });
  const bool hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || out.size() != kFingerprint) return std::nullopt;
  return out;
}

std::uint16_t parse_tls_version(Settings& section) {
  const std::string least = section.choice("least_tls", {"1.1", "1.2", "1.3"}, "");
  if (least.empty()) return 0;
  return static_cast<std::uint16_t>(10 + (least.back() - '0'));
}

void parse_expect(Settings& settings, CertificateSettings& out, Millis timeout) {
  const auto section = settings.section("expect");
  CertificateExpect& expect = out.expect;
  const std::string issuer = section->pattern("issuer");
  if (!issuer.empty()) expect.issuer.emplace(issuer);
  expect.names = section->list("names");
  for (const std::string& name : expect.names) {
    if (!is_host(name)) section->error("names", "not a host's name or an address: " + shown(name));
  }
  for (const std::string& text : section->list("fingerprint")) {
    const auto fingerprint = parse_fingerprint(text);
    if (!fingerprint) {
      section->error("fingerprint",
                     "not a SHA-256 fingerprint, 64 hexadecimal digits (openssl "
                     "x509 -noout -fingerprint -sha256): " +
                         shown(text));
    }
    expect.fingerprints.push_back(fingerprint.value_or(""));
  }
  expect.rsa_bits = static_cast<int>(section->integer("rsa_bits", 2048, {512, 16384}));
  expect.ec_bits = static_cast<int>(section->integer("ec_bits", 224, {112, 521}));
  expect.sha1 = section->flag("sha1", false);
  expect.staple = section->flag("staple", false);
  expect.least_tls = parse_tls_version(*section);
  expect.response_time = section->duration("response_time", Millis{0}, {Millis{1}, timeout});
  for (const char* key : {"staple", "least_tls", "response_time"}) {
    if (out.is_local() && section->has(key)) section->error(key, "a file has none");
  }
}

}  // namespace

CertificateSettings parse_certificate_check(Settings& settings, Millis timeout) {
  CertificateSettings out;
  parse_target(settings, out);
  parse_file(settings, out);
  parse_trust(settings, out);
  out.expect.days = static_cast<int>(settings.integer("days", 14, {0, 3650}));
  out.expect.days_down = static_cast<int>(settings.integer("days_down", 0, {0, 3650}));
  if (out.expect.days_down > out.expect.days) {
    settings.error("days_down", "above 'days' (" + std::to_string(out.expect.days) +
                                    "): it would be down before it is degraded");
  }
  parse_expect(settings, out, timeout);
  return out;
}

}  // namespace tocsin
