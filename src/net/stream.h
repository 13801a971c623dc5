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

#include "net/http_client.h"
#include "net/resolver.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// How to reach the other side of a stream.
struct StreamTarget {
  std::string host;  // a name or a literal address, without brackets
  std::uint16_t port = 0;
};

struct TlsSettings {
  std::string
      server_name;  // for SNI and for the certificate's name; a literal address is checked as such
  bool verify = true;
  std::string ca_file;  // PEM; empty: the system's
};

// What one step on a stream gave. `text` is for people and has the address in it.
struct StreamStatus {
  NetError error = NetError::none;
  std::string text;
  explicit operator bool() const noexcept { return error == NetError::none; }
};

// A TCP connection, plain or TLS, as probers use it: connect (every address in order), perhaps
// start_tls, write, read. Each call ends by the deadline, times its phase, and does not throw. One
// loop's thread only; one call at a time.
class Stream {
 public:
  Stream(Resolver& resolver, Phases& phases);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  asio::awaitable<StreamStatus> connect(const StreamTarget& target, SteadyTime deadline);
  asio::awaitable<StreamStatus> start_tls(const TlsSettings& tls, SteadyTime deadline);
  asio::awaitable<StreamStatus> write(std::string_view data, SteadyTime deadline);
  // Appends what is there, at least one byte, at most `most`. `closed` when the other side ended.
  asio::awaitable<StreamStatus> read(std::string& into, std::size_t most, SteadyTime deadline);

  // "127.0.0.1:22"; the last one tried. Empty before connect.
  const std::string& address() const noexcept;
  // Of the TLS certificate; nothing on a plain stream.
  std::optional<int> certificate_days() const noexcept;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin
