// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/grpc_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/stream.h"
#include "probe/grpc_frame.h"
#include "probe/header_text.h"
#include "probe/http_settings.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestShown = 100;
constexpr std::size_t kLongestService = 1000;
constexpr std::size_t kBodyLimit = std::size_t{64} * 1024;  // a health check's answer has 7 bytes

// --- where to
// -------------------------------------------------------------------------------------------

void parse_address(Settings& settings, GrpcSettings& out) {
  out.address = settings.text("address");
  if (!settings.has("address")) settings.error("'address' is missing");
  const std::string family = settings.choice("family", {"any", "ipv4", "ipv6"}, "any");
  if (family != "any") out.request.family = family == "ipv4" ? IpFamily::v4 : IpFamily::v6;
  if (const auto path = parse_unix_target(out.address)) {
    out.request.unix_socket = path->unix_socket;
    if (family != "any") settings.error("family", "a socket file has no address");
    return;
  }
  const auto target = parse_stream_target(out.address);
  if (target) {
    out.address = show(*target);
  } else if (settings.has("address")) {
    settings.error("address", "not HOST:PORT, [IPv6]:PORT or unix:/PATH: \"" +
                                  printable(out.address, kLongestShown) + '"');
  }
}

void check_file(Settings& settings, const char* key, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  settings.warn(key, "the file cannot be read now");
}

void parse_tls(Settings& settings, GrpcSettings& out) {
  HttpRequest& request = out.request;
  out.tls = settings.flag("tls", false);
  request.server_name = settings.text("server_name");
  request.verify = settings.flag("verify", true);
  request.ca_file = settings.text("ca_file");
  request.client_certificate = settings.text("client_certificate");
  request.client_key = settings.text("client_key");
  for (const char* key : {"server_name", "verify", "ca_file", "client_certificate", "client_key"}) {
    if (!out.tls && settings.has(key)) settings.error(key, "it needs 'tls: true'");
  }
  if (!request.server_name.empty() && !is_host(request.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
  if (settings.has("client_key") && !settings.has("client_certificate")) {
    settings.error("client_key", "it needs 'client_certificate'");
  }
  check_file(settings, "ca_file", request.ca_file);
  check_file(settings, "client_certificate", request.client_certificate);
  check_file(settings, "client_key", request.client_key);
}

// --- what is asked
// --------------------------------------------------------------------------------------

// PROTOCOL-HTTP2.md, "Custom-Metadata": names in lower case; "-bin" is base64.
std::string metadata_mistake(const std::string& name, const std::string& value) {
  static constexpr std::array<std::string_view, 6> kOurs{
      "content-type", "te", "connection", "host", "content-length", "transfer-encoding"};
  if (!is_header_name(name)) {
    return "not a key of metadata: \"" + printable(name, kLongestShown) + '"';
  }
  if (to_lower(name) != name) return name + ": keys of metadata are in lower case";
  if (name.starts_with("grpc-")) return name + ": 'grpc-…' is kept for gRPC itself";
  if (name == "host") return "'authority' is a key of its own";
  if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) {
    return name + " is not to be set: it follows from the request";
  }
  const bool base64 = value.find_first_not_of(
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                          "0123456789+/=,") == std::string::npos;
  if (name.ends_with("-bin") && !base64) return name + ": a value of '…-bin' is in base64";
  if (!is_header_value(value)) return name + ": a value has no line break or control character";
  return {};
}

void parse_metadata(Settings& settings, GrpcSettings& out) {
  for (const auto& [name, value] : settings.map("metadata")) {
    std::string mistake = metadata_mistake(name, value.value());
    if (!mistake.empty()) settings.error("metadata", std::move(mistake));
    out.request.headers.emplace_back(name, value.value());
    const bool secret = carries_credentials(name);
    out.shown_metadata.emplace_back(name, secret ? "***" : value.shown());
    if (secret || value.hides_something()) out.quotable = false;
  }
}

void parse_call(Settings& settings, GrpcSettings& out) {
  out.service = settings.text("service");
  const std::string authority = settings.text("authority");
  parse_metadata(settings, out);
  if (out.service.size() > kLongestService || !is_valid_utf8(out.service)) {
    settings.error("service", "not a service's name");
  }
  if (!authority.empty() && !is_host(authority) && !parse_stream_target(authority)) {
    settings.error("authority", "not HOST or HOST:PORT");
  }
  if (!authority.empty()) out.request.headers.emplace_back("Host", authority);
}

// --- what is expected
// -----------------------------------------------------------------------------------

// The words that `expect: status` may have: a service's status, or the code of a call that failed.
// Of the two that are called UNKNOWN it is the status.
std::vector<std::string_view> status_words() {
  std::vector<std::string_view> out;
  for (std::uint64_t i = 0; const auto name = health_status_name(i); ++i) out.push_back(*name);
  for (int i = 1; const auto name = grpc_code_name(i); ++i) {
    if (*name != "UNKNOWN") out.push_back(*name);
  }
  return out;
}

void parse_expect(Settings& settings, GrpcSettings& out, Millis timeout) {
  const auto expect = settings.section("expect");
  std::vector<std::string> statuses = expect->list("status");
  out.response_time = expect->duration("response_time", Millis{0}, {Millis{1}, timeout});
  out.certificate_days = static_cast<int>(expect->integer("certificate_days", -1, {0, 3650}));
  const auto words = status_words();
  for (const std::string& status : statuses) {
    if (std::find(words.begin(), words.end(), status) != words.end()) continue;
    const std::string_view meant = nearest(status, words);
    const std::string hint = meant.empty() ? "SERVING, NOT_SERVING, … or the name of a gRPC code"
                                           : "did you mean \"" + std::string(meant) + "\"?";
    expect->error("status",
                  "no status is called \"" + printable(status, kLongestShown) + "\"; " + hint);
  }
  if (!statuses.empty()) out.statuses = std::move(statuses);
  if (!out.tls && expect->has("certificate_days")) {
    expect->error("certificate_days", "it needs 'tls: true'");
  }
}

}  // namespace

GrpcSettings parse_grpc(Settings& settings, Millis timeout) {
  GrpcSettings out;
  parse_address(settings, out);
  parse_tls(settings, out);
  parse_call(settings, out);
  parse_expect(settings, out, timeout);
  HttpRequest& request = out.request;
  const std::string authority = request.unix_socket.empty() ? out.address : "localhost";
  request.url = (out.tls ? "https://" : "http://") + authority + std::string(kHealthCheckPath);
  request.method = "POST";
  request.version = HttpVersion::http2;
  request.want_headers = true;
  request.body = health_request(out.service);
  request.body_limit = kBodyLimit;
  request.headers.emplace_back("Content-Type", "application/grpc");
  request.headers.emplace_back("TE", "trailers");
  request.headers.emplace_back("grpc-accept-encoding", "identity");
  return out;
}

}  // namespace tocsin
