// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notify/rigs.h"
#include "support/raw_server.h"

namespace tocsin {

// A mail as it was taken: the envelope, and what stood between DATA and the dot.
struct StoredMail {
  std::string from;
  std::vector<std::string> to;
  std::string data;  // as it came, but for the doubled dots

  // The header's value, unfolded and with its encoded words read (RFC 2047); empty without it.
  std::string header(std::string_view name) const;
  // The same as it stands.
  std::string raw_header(std::string_view name) const;
  // The first part of this type, decoded: "text/plain".
  std::string part(std::string_view type) const;
};

// A mail server on 127.0.0.1 that keeps to RFC 5321 and expects the same: commands in their order
// and shape, addresses in brackets, lines of at most 998 bytes in 7 bits that end in CR LF, a Date
// and a From in each mail, a log-in where it has a user. What it does not like it refuses, and
// notes. Thread-safe.
class SmtpStandIn {
 public:
  struct Rules {
    std::string user;  // empty: it offers no AUTH
    std::string password;
    std::string mechanisms = "GSSAPI NTLM CRAM-MD5 PLAIN";  // of which it does PLAIN and LOGIN
    std::string name = "mx.example";
  };
  SmtpStandIn();
  explicit SmtpStandIn(Rules rules);

  std::uint16_t port() const noexcept { return server_->port(); }
  // From now on it answers so to what begins with this: "RCPT TO:<bob@", "DATA", "connection", "."
  // (the end of the data). Empty: as it should. "close" closes, "hang" says nothing.
  void answer(const std::string& command, const std::string& reply);
  std::vector<StoredMail> mails() const;
  // What it had to refuse by the protocol, and why.
  std::vector<std::string> complaints() const;
  // Every line that came outside of data.
  std::vector<std::string> commands() const;

 private:
  struct Dialogue;

  void serve(RawConnection& connection);
  std::optional<std::string> scripted(const std::string& command) const;
  void complain(const std::string& what);

  Rules rules_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> script_;
  std::vector<StoredMail> mails_;
  std::vector<std::string> complaints_;
  std::vector<std::string> commands_;
  std::unique_ptr<RawServer> server_;  // last: its threads use the rest
};

}  // namespace tocsin
