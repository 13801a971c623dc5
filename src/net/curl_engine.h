// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "net/library_loop.h"
#include "net/tls_text.h"

struct x509_st;  // OpenSSL's X509

namespace tocsin {

// One request to one address: what the engine is given, and what it found. It lives in the frame of
// the coroutine that awaits the engine.
struct Exchange {
  Exchange(const HttpRequest& what, HttpResponse& into) : request(what), response(into) {}

  const HttpRequest& request;
  HttpResponse& response;   // headers, body, status, phases and location are filled in
  std::string connect_to;   // CURLOPT_CONNECT_TO's entry; empty: the URL's host is an address
  std::string proxy;        // with an address for its host; empty: none
  std::string proxy_name;   // the host as the configuration has it
  Millis connect_limit{0};  // for connecting alone; 0: the request's deadline only
  int code = 0;             // CURLcode
  bool aborted = false;     // cancelled, or never begun for want of memory
  bool connected = false;   // TCP, to the proxy where there is one
  bool secured = false;     // a TLS handshake began
  bool headers_too_large = false;
  bool unpacked_too_large = false;  // with `decompress`: more came out than body_limit
  int os_error = 0;                 // errno of the connection attempt
  int proxy_status = 0;             // what an HTTP proxy answered to CONNECT
  int proxy_error = 0;              // CURLproxycode: what is wrong with a SOCKS proxy's answer
  std::string detail;               // libcurl's words: never shown as they are
  std::string trouble;              // our own: the trusted issuers cannot be read
  std::optional<CertificateProblem> problem;
  bool problem_with_proxy = false;       // it is the https:// proxy's certificate
  std::shared_ptr<x509_st> certificate;  // the server's own
};

// libcurl's multi interface on an Asio loop. One loop's thread only.
class CurlEngine final : private LibraryLoop::Listener {
 public:
  // Throws std::runtime_error if libcurl cannot be set up.
  explicit CurlEngine(asio::io_context& loop);
  // Ends every transfer; who waits for one is destroyed, not resumed.
  ~CurlEngine();

  // Ends by the request's deadline. A cancelled one ends at once, with `aborted`.
  asio::awaitable<void> run(Exchange& exchange);

 private:
  struct Transfer;
  struct Glue;  // libcurl's callbacks

  template <typename Handler>
  void begin(Exchange& exchange, Handler handler);
  Transfer* take();
  void give_back(Transfer& transfer);
  void finish(Transfer& transfer, int code);
  void abort(Transfer& transfer);
  void reap();
  void on_ready(int descriptor, unsigned what) override;
  void on_timeout() override;

  asio::io_context& loop_;
  LibraryLoop io_;
  void* multi_ = nullptr;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // all of them; each knows its place
  std::vector<Transfer*> idle_;
  bool unwatched_ = false;  // a socket could not be watched: its transfer must end
};

}  // namespace tocsin
