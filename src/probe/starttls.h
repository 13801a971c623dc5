// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/stream.h"
#include "tocsin/time.h"

namespace tocsin {

struct Dialogue;     // src/probe/dialogue.h
struct StartTlsRow;  // of the table in starttls.cpp

// How one protocol goes from plain text to TLS: "smtp", "postgres", … Immutable; may be copied and
// used by several at once.
class StartTls {
 public:
  // What a `starttls:` key may say, sorted.
  static std::vector<std::string_view> names();

  // `host` is named to the servers that want to hear it (XMPP's domain). Throws
  // std::invalid_argument for a name that is not one of `names`.
  StartTls(std::string_view name, std::string_view host);

  std::string_view name() const noexcept;
  std::uint16_t port() const noexcept;  // the usual one
  // Whether the server greets once more behind TLS, as it did before it.
  bool greets_again() const noexcept;
  // Whether the protocol can be spoken from its beginning behind TLS, but for the greeting.
  bool goes_on() const noexcept;

  const Dialogue& dialogue() const noexcept { return *dialogue_; }

 private:
  const StartTlsRow* row_;
  std::shared_ptr<const Dialogue> dialogue_;
};

// Speaks the plain part on a connected stream, then the TLS handshake. Ends by the deadline, does
// not throw. A server that says no, or that sent anything behind its yes (CVE-2011-0411: it would
// be taken for part of the protected answers), is NetError::protocol. With `notes` what was sent
// and what came is appended to it.
asio::awaitable<StreamStatus> start_tls_as(StartTls protocol, Stream& stream, TlsSettings tls,
                                           SteadyTime deadline,
                                           std::vector<std::string>* notes = nullptr);

}  // namespace tocsin
