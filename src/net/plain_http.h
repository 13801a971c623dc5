// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <memory>
#include <vector>

#include "net/curl_engine.h"
#include "net/library_loop.h"
#include "net/plain_request.h"

namespace tocsin {

// The commonest probe, and the one whose cost is measured: a GET or HEAD over plain HTTP/1.1 with
// nothing to send, on a connection of its own. It takes the bare system calls and http_parser;
// libcurl takes twice the time for it (tests/bench), and does all the rest. Both fill an Exchange
// in the same way, libcurl's codes included, so that failures have the same words.
//
// One loop's thread only.
class PlainHttp final : private LibraryLoop::Listener {
 public:
  // Throws std::system_error when there is no descriptor for it.
  explicit PlainHttp(asio::io_context& loop);
  // Ends every transfer; who waits for one is destroyed, not resumed.
  ~PlainHttp();
  PlainHttp(const PlainHttp&) = delete;
  PlainHttp& operator=(const PlainHttp&) = delete;

  // One exchange with this address. REQUIRES is_plain(request), and `url` to be of its URL. Ends by
  // the request's deadline; a cancelled one ends at once, with `aborted`.
  asio::awaitable<void> run(Exchange& exchange, const PlainUrl& url,
                            const asio::ip::address& address);

 private:
  struct Transfer;

  Transfer& take();
  void begin(Transfer& transfer, const PlainUrl& url, const asio::ip::address& address);
  void go_on(Transfer& transfer, unsigned what);
  void send(Transfer& transfer);
  void receive(Transfer& transfer);
  void fail(Transfer& transfer, int code, int error = 0);
  void finish(Transfer& transfer);
  void finish_soon(Transfer& transfer);
  void close(Transfer& transfer);
  void on_ready(int descriptor, unsigned what) override;
  void on_timeout() override;

  asio::io_context& loop_;
  LibraryLoop io_;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // all of them; each knows its place
  std::vector<Transfer*> idle_;
  std::vector<Transfer*> by_descriptor_;
  SteadyTime next_look_ = SteadyTime::max();
};

}  // namespace tocsin
