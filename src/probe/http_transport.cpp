// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_transport.h"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/http_target.h"
#include "net/stream.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestSocket = sizeof(sockaddr_un::sun_path) - 1;

void check_files(Settings& settings, const HttpTransport& transport) {
  const std::array<std::pair<const char*, const std::string*>, 4> files{
      {{"ca_file", &transport.ca_file},
       {"crl_file", &transport.crl_file},
       {"client_certificate", &transport.client_certificate},
       {"client_key", &transport.client_key}}};
  for (const auto& [key, file] : files) {
    if (!file->empty() && access(file->c_str(), R_OK) != 0) {
      settings.warn(key, "the file cannot be read now");
    }
  }
  for (const char* key : {"ca_file", "crl_file"}) {
    if (settings.has(key) && !transport.verify) {
      settings.warn(key, "it is of no use with 'verify: false'");
    }
  }
  if (!transport.client_key.empty() && transport.client_certificate.empty()) {
    settings.error("client_key", "it needs a 'client_certificate'");
  }
}

void check_way(Settings& settings, const HttpTransport& transport) {
  int ways = 0;
  for (const char* key : {"proxy", "unix_socket", "connect_to"}) {
    if (settings.has(key) && ++ways > 1) {
      settings.error(key, "only one of 'proxy', 'unix_socket' and 'connect_to' can lead the way");
    }
  }
  if (!transport.connect_to.empty() && !parse_stream_target(transport.connect_to)) {
    settings.error("connect_to", "not HOST:PORT, such as 10.0.0.7:443 or [2001:db8::7]:443");
  }
  const std::string& path = transport.unix_socket;
  if (settings.has("unix_socket") && (!path.starts_with('/') || path.size() > kLongestSocket)) {
    settings.error("unix_socket",
                   "not an absolute path of at most " + std::to_string(kLongestSocket) + " bytes");
  }
  if (!transport.proxy.empty() && !proxy_target(transport.proxy.value())) {
    settings.error("proxy", "not a proxy's URL, such as http://proxy.example.net:3128");
  }
}

void check_family(Settings& settings, const HttpTransport& transport, const std::string& url) {
  if (transport.family == IpFamily::any) return;
  if (!transport.unix_socket.empty()) settings.error("family", "a socket file has no address");
  auto target = http_target(url);
  if (!transport.connect_to.empty()) target = http_target("http://" + transport.connect_to);
  if (!transport.proxy.empty()) target = proxy_target(transport.proxy.value());
  if (!target || !target->literal) return;
  if (target->literal->is_v6() != (transport.family == IpFamily::v6)) {
    settings.error("family", "the host is an address of the other family");
  }
}

void check_tls(Settings& settings, const HttpTransport& transport, const std::string& url) {
  if (!transport.server_name.empty() && !is_host(transport.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
  if (url.starts_with("http:")) {
    for (const char* key : {"server_name", "client_certificate"}) {
      if (settings.has(key)) settings.error(key, "it needs an https URL");
    }
  }
}

bool is_default(const HttpTransport& transport) {
  return transport.verify && transport.ca_file.empty() && transport.crl_file.empty() &&
         transport.client_certificate.empty() && transport.client_key.empty() &&
         transport.server_name.empty() && transport.version == HttpVersion::http1 &&
         transport.family == IpFamily::any && transport.connect_to.empty() &&
         transport.unix_socket.empty() && transport.proxy.empty() && !transport.decompress;
}

}  // namespace

void HttpTransport::apply_to(HttpRequest& request) const {
  request.verify = verify;
  request.ca_file = ca_file;
  request.crl_file = crl_file;
  request.client_certificate = client_certificate;
  request.client_key = client_key;
  request.server_name = server_name;
  request.version = version;
  request.family = family;
  request.connect_to = connect_to;
  request.unix_socket = unix_socket;
  request.proxy = proxy.value();
  request.decompress = decompress;
}

std::unique_ptr<const HttpTransport> parse_http_transport(Settings& settings,
                                                          const std::string& url) {
  HttpTransport out;
  out.verify = settings.flag("verify", true);
  out.ca_file = settings.text("ca_file");
  out.crl_file = settings.text("crl_file");
  out.client_certificate = settings.text("client_certificate");
  out.client_key = settings.text("client_key");
  out.server_name = settings.text("server_name");
  const std::string version = settings.choice("http_version", {"1.1", "2", "any"}, "1.1");
  if (version == "2") out.version = HttpVersion::http2;
  if (version == "any") out.version = HttpVersion::any;
  const std::string family = settings.choice("family", {"any", "ipv4", "ipv6"}, "any");
  if (family != "any") out.family = family == "ipv4" ? IpFamily::v4 : IpFamily::v6;
  out.connect_to = settings.text("connect_to");
  out.unix_socket = settings.text("unix_socket");
  out.proxy = settings.url("proxy", {"http", "https", "socks5", "socks5h"});
  out.decompress = settings.flag("decompress", false);
  check_files(settings, out);
  check_way(settings, out);
  check_family(settings, out, url);
  check_tls(settings, out, url);
  if (is_default(out)) return nullptr;
  return std::make_unique<const HttpTransport>(std::move(out));
}

void forget_own_origin(HttpRequest& request) {
  request.connect_to.clear();
  request.unix_socket.clear();
  request.server_name.clear();
  request.client_certificate.clear();
  request.client_key.clear();
}

}  // namespace tocsin
