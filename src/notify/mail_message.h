// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "notify/wording.h"
#include "tocsin/time.h"

namespace tocsin {

// A mail as it goes over the wire (RFC 5322, MIME). Pure functions. Whatever the texts hold, no
// header can be added by them: line breaks and control characters do not pass.

// "Tocsin <tocsin@example.net>" or "tocsin@example.net". A value type.
struct Mailbox {
  std::string name;     // may be empty
  std::string address;  // RFC 5321's dot-string and a domain, in ASCII
};
std::optional<Mailbox> parse_mailbox(std::string_view text);

struct Mail {
  Mailbox from;
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  std::string subject;
  std::string message_id;  // without angle brackets
  std::string thread_id;   // the message that all of a thread answer; it need not exist. Or empty
  WallTime date{};
  bool urgent = false;
  std::vector<std::pair<std::string, std::string>> facts;  // further headers: name and value
  Words words;
};

// Header and body with CR LF, text and HTML; lines have at most 78 bytes, but for one with a longer
// address in it, and never 998 (RFC 5322, 2.1.1).
std::string write_mail(const Mail& mail);

// Without line breaks.
std::string mail_base64(std::string_view text);

// "Fri, 02 Jan 2026 03:04:05 +0000"
std::string mail_date(WallTime time);

}  // namespace tocsin
