// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/curl_engine.h"
#include "net/curl_tls.h"

struct curl_slist;

namespace tocsin {

// One of libcurl's easy handles and the exchange it is about: sets the options, takes what comes,
// and reads the figures afterwards. Belongs to its engine; loop's thread only.
class CurlTransfer {
 public:
  CurlTransfer() = default;
  ~CurlTransfer() { close(); }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // False when there is no memory for a handle.
  bool open();
  void close() noexcept;
  // Sets the handle up for this exchange, which must stay until `clear`. False: out of memory.
  bool prepare(Exchange& exchange);
  // Fills the exchange in, once libcurl has done.
  void collect(int code);
  // Makes the handle fit for the next exchange.
  void clear();

  void* easy() const noexcept { return easy_; }

  asio::io_context* loop = nullptr;
  Exchange* exchange = nullptr;  // null while idle
  int own_error = 0;             // errno of what failed on our side

 private:
  struct Glue;  // libcurl's callbacks
  struct FreeList {
    void operator()(curl_slist* list) const noexcept;
  };
  using List = std::unique_ptr<curl_slist, FreeList>;

  using Fields = std::vector<std::pair<std::string, std::string>>;

  void configure();
  void on_field(std::string_view line, Fields& into);
  static bool is_special(const HttpRequest& request) noexcept;
  bool prepare_headers(const HttpRequest& request);
  void prepare_special(const HttpRequest& request);
  void prepare_route(const HttpRequest& request);
  void prepare_tls(const HttpRequest& request);
  void prepare_cookies(const std::vector<std::string>& cookies);
  void prepare_method(const HttpRequest& request);
  void collect_phases();
  void collect_cookies(std::vector<std::string>& into);

  void* easy_ = nullptr;
  bool special_ = false;  // has more set than the usual probe's
  std::size_t header_bytes_ = 0;
  bool in_headers_ = true;  // until the empty line
  bool stopped_ = false;    // we ended it: the body's limit
  bool packed_ = false;     // the body comes with a Content-Encoding
  SteadyTime begun_{};
  CurlTls tls_;
  List headers_;
  List connect_to_;
  std::array<char, 256> error_{};  // CURL_ERROR_SIZE
};

}  // namespace tocsin
