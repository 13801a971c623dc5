// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

class Resolver;

// How an exchange failed. Kinds, so that a prober can tell a target's fault from ours.
enum class NetError : std::uint8_t {
  none,
  bad_url,
  no_such_host,  // the resolver answered: there is no such name (NXDOMAIN, no address)
  resolver,      // the resolver did not answer: our side
  refused,       // connection refused
  unreachable,   // no route, host or network unreachable
  connect_timeout,
  timeout,           // connected, but no full answer by the deadline
  closed,            // reset or ended before the answer was complete
  tls,               // handshake or verification failed
  protocol,          // what came back is not HTTP
  too_large,         // headers beyond every reason, or an unpacked body beyond its limit
  proxy,             // the proxy in between failed: the target was not looked at
  out_of_resources,  // descriptors, memory, ports: our side
  other,
};

enum class IpFamily : std::uint8_t { any, v4, v6 };

enum class HttpVersion : std::uint8_t {
  any,    // 2 where TLS's ALPN agrees on it, else 1.1
  http1,  // 1.1
  http2,  // 2: by ALPN over TLS, with prior knowledge (RFC 9113 section 3.3) without
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, http or https; may hold secrets: never shown
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  SteadyTime deadline;
  std::size_t body_limit = 1 << 20;  // what comes beyond is not read
  bool fresh_connection = true;  // false: keep connections alive and use them again (deliveries)
  bool verify = true;            // the certificate's chain and name
  std::string ca_file;           // PEM; empty: the system's
  // PEM file of revocation lists; empty: nothing is looked up. Every certificate of the chain is,
  // so there must be a list of each of their issuers that has not expired.
  std::string crl_file;
  std::string client_certificate;  // PEM file; empty: none
  std::string client_key;          // PEM file; empty: it is in the certificate's
  std::string server_name;         // for SNI and the certificate's name; empty: the URL's host
  std::uint16_t least_tls = 0;     // 12: TLS 1.2, 13: TLS 1.3; 0: the library's own
  HttpVersion version = HttpVersion::http1;
  IpFamily family = IpFamily::any;
  // Of these three at most one.
  std::string connect_to;   // "HOST:PORT" to connect to instead of the URL's; empty: the URL's
  std::string unix_socket;  // path of a socket to connect to instead; empty: none
  // http://, https:// or socks5h:// (the proxy resolves), socks5:// (we do); empty: none, whatever
  // the environment says. May hold user and password. An https:// one is verified like the target.
  std::string proxy;
  // Cookies of a visit, in libcurl's lines: what fits the URL is sent, what the answer sets is put
  // in. Must stay alive; null: none are sent or kept.
  std::vector<std::string>* cookies = nullptr;
  bool decompress = false;  // ask for gzip, deflate or brotli, and undo it; the limit is on what
                            // comes out
  bool want_certificate = false;  // read the served certificate's end
  bool want_headers = false;
  bool want_body = true;  // false: it is read up to the limit and counted, not kept
};

struct HttpResponse {
  NetError error = NetError::none;
  // For people, with the address and without the URL: "connection refused (127.0.0.1:8080)",
  // "certificate expired 3 days ago (10.0.0.7:443)". Empty when `error` is none.
  std::string error_text;
  bool sent = false;  // some of the request may have reached the other side
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // as received, in order
  std::string status_line;                                   // "HTTP/1.1 200 OK", with want_headers
  std::string body;
  std::size_t body_size = 0;                                  // bytes that came, at most the limit
  bool body_cut = false;                                      // the limit was reached
  std::vector<std::pair<std::string, std::string>> trailers;  // with want_headers (RFC 9110, 6.5)
  std::string version;                                        // "1.1", "2"
  std::string tls_version;  // "TLSv1.3"; empty without a TLS handshake
  std::string address;      // the one that was used, or the last one tried
  std::string location;     // of a redirect, absolute; never followed here
  Phases phases;
  std::optional<int> certificate_days;
};

// HTTP exchanges over libcurl's multi interface on an Asio loop; names by the resolver, never by
// curl. One per loop; use it from that loop's thread only. Every address of a name is tried in
// order within the deadline. Redirects are not followed: the caller decides each hop.
class HttpClient {
 public:
  // Throws std::runtime_error if libcurl cannot be set up.
  HttpClient(asio::io_context& loop, Resolver& resolver);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Ends by the deadline, with an answer or an error; does not throw. The request must stay alive.
  asio::awaitable<HttpResponse> perform(const HttpRequest& request);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

// The header's value by case-insensitive name, the first one; empty view if there is none.
std::string_view header(const HttpResponse& response, std::string_view name) noexcept;

}  // namespace tocsin
