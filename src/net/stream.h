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
#include "net/tls_peer.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// How to reach the other side of a stream.
struct StreamTarget {
  std::string host;  // a name or a literal address, without brackets
  std::uint16_t port = 0;
  IpFamily family = IpFamily::any;  // which of the name's addresses are tried
  std::string unix_socket;          // a socket's path, in place of host and port; empty: none
};

// Of "HOST:PORT" or "[V6]:PORT"; nothing if it is neither, or the port is not 1 to 65535.
std::optional<StreamTarget> parse_stream_target(std::string_view text);
// Of "unix:/PATH"; nothing if it is not one, or the path is too long for a socket.
std::optional<StreamTarget> parse_unix_target(std::string_view text);
// Whether it can be a host's name or a literal address at all: no spaces, slashes, brackets.
bool is_host(std::string_view text) noexcept;
// "web-01:22", "[::1]:22", "unix:/run/x.sock".
std::string show(const StreamTarget& target);

struct TlsSettings {
  // For SNI and for the certificate's name; a literal address is checked as such. Empty: the host
  // that was connected to.
  std::string server_name;
  bool verify = true;   // the chain and the name
  std::string ca_file;  // PEM; empty: the system's
  // The handshake is made to look at the other side: whatever certificate comes is taken, and
  // peer() has it. `verify` says nothing then.
  bool examine = false;
  std::uint16_t most_tls = 0;  // with `examine`: 10, 11 or 12: offer no newer version; 0: offer all
};

// What one step on a stream gave. `text` is for people and has the address in it.
struct StreamStatus {
  NetError error = NetError::none;
  std::string text;
  explicit operator bool() const noexcept { return error == NetError::none; }
};

// A TCP or unix connection, plain or TLS, as probers use it: connect (every address in order, each
// with its share of the time that is left), perhaps start_tls, write, read. Each call ends by the
// deadline, times its phase, and does not throw; after one that failed the stream is of no further
// use. A deadline that is the same from call to call costs one timer. One loop's thread only; one
// call at a time. It may be destroyed at any time, a waiting call of it too.
class Stream {
 public:
  // Both must outlive the stream.
  Stream(Resolver& resolver, Phases& phases);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  asio::awaitable<StreamStatus> connect(StreamTarget target, SteadyTime deadline);
  asio::awaitable<StreamStatus> start_tls(TlsSettings tls, SteadyTime deadline);
  // All of `data`, which must stay alive.
  asio::awaitable<StreamStatus> write(std::string_view data, SteadyTime deadline);
  // Appends what is there, at least one byte, at most `most`. `closed` when the other side ended.
  asio::awaitable<StreamStatus> read(std::string& into, std::size_t most, SteadyTime deadline);

  // "127.0.0.1:22", "unix:/run/x.sock": the one connected to, or the one that the failure is about.
  // Empty before.
  const std::string& address() const noexcept;
  // Until the TLS certificate ends, also when it was refused; nothing on a plain stream.
  std::optional<int> certificate_days() const noexcept;
  // "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty on a plain stream.
  std::string tls_version() const;
  // After start_tls with `examine`, also one that failed: what the other side presented. Else
  // empty.
  const TlsPeer& peer() const noexcept;

 private:
  class Engine;
  std::shared_ptr<Engine> engine_;
};

}  // namespace tocsin
