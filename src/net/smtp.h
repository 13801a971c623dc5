// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "tocsin/time.h"

namespace tocsin {

class Resolver;
class Workers;

// A mail server that takes mail for others, and how it is spoken to. A value type.
struct SmtpServer {
  enum class Tls : std::uint8_t {
    starttls,  // plain at first; nothing but EHLO is said before TLS (RFC 3207)
    tls,       // from the first byte (RFC 8314)
    none,
  };
  std::string host;  // a name or a literal address, without brackets
  std::uint16_t port = 0;
  Tls tls = Tls::starttls;
  std::string ca_file;  // PEM; empty: the system's
  std::string hello;    // who we are, for EHLO; empty: this host's name
  std::string user;     // empty: nobody logs in
  std::string password;
};

// Addresses without angle brackets; the caller has seen to it that they hold no white space and no
// control characters. `data` is header and body with lines that end in CR LF (RFC 5322).
struct SmtpMail {
  std::string from;
  std::vector<std::string> to;
  std::string data;
};

// What came of it.
struct SmtpAnswer {
  enum class How : std::uint8_t {
    taken,
    refused,      // by a reply: `code`, `words` and `command`
    no_starttls,  // the server does not offer it, and was told nothing
    no_login,     // it offers no way to log in that we know
    failed,       // no answer, or no connection: `error` and `error_text`
  };
  How how = How::failed;
  int code = 0;         // 450, 550 …
  std::string words;    // the reply as it came, its lines joined: may hold what we sent
  std::string command;  // what it answered: "MAIL FROM", "AUTH"; "the message": the end of the data
  NetError error = NetError::none;
  std::string error_text;  // for people, with the address
  bool in_doubt = false;   // all of it was sent, and no answer came
  // Taken, but not for these: address and reply.
  std::vector<std::pair<std::string, std::string>> not_for;
};

struct SmtpMeans {
  Resolver& resolver;
  Workers& workers;
};

// Hands one mail over, by libcurl on a worker's thread; names by the resolver, never by curl. Every
// address of the name is tried in order until one takes the connection. Ends by the deadline; does
// not throw. Loop's thread only.
asio::awaitable<SmtpAnswer> send_mail(SmtpServer server, SmtpMail mail, SmtpMeans means,
                                      SteadyTime deadline);

}  // namespace tocsin
