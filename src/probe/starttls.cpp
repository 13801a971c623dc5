// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The plain part of each protocol is a dialogue of the table below. Its last answer has to end
// exactly where the plain text does: every row knows the end of its answers, by line or by length.
// Whatever stands behind that end was sent before TLS was there to protect it, by the server or by
// somebody in between, and is a reason to go no further.
#include "probe/starttls.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "net/errno_text.h"
#include "probe/dialogue_rows.h"

namespace tocsin {

struct StartTlsRow {
  std::string_view name;
  std::uint16_t port;
  std::array<RowStep, 3> steps;
  bool greets_again = false;
  bool goes_on = true;
};

namespace {

// An extended operation, 1.3.6.1.4.1.1466.20037 (RFC 4511, section 4.14), as message 1; the
// answer's result code is `success`.
constexpr std::string_view kLdapRequest = "30 1d 02 01 01 77 18 80 16 '1.3.6.1.4.1.1466.20037'";
constexpr std::string_view kLdapAnswer = "30 ber 02 01 01 78 ber 0a 01 00";

// SSLRequest: the number in the place of a protocol version (PostgreSQL's documentation, "Message
// Formats"). The answer is one byte.
constexpr std::string_view kPostgresRequest = "00 00 00 08 04 d2 16 2f";

// A greeting of protocol 10, or of what speaks it (MariaDB's documentation, "Connection"); then an
// SSLRequest packet: CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, packets of 16 MiB,
// utf8. No answer comes before TLS.
constexpr std::string_view kMysqlGreeting = "le3+1 00 0a";
constexpr std::string_view kMysqlRequest =
    "20 00 00 01 00 8a 00 00 00 00 00 01 21 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 "
    "00 00 00 00";

constexpr std::string_view kXmppOpen =
    "<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";
constexpr std::string_view kXmppStartTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

// Sorted by name.
constexpr std::array<StartTlsRow, 11> kRows{{
    {"ftp",  // RFC 4217
     21,
     {{{kSayNothing, reply("220"), "a greeting of FTP (220)"},
       {say("AUTH TLS\r\n"), reply("234"), "234 to AUTH TLS"}}}},
    {"imap",  // RFC 3501, section 6.2.1
     143,
     {{{kSayNothing, line("* OK"), "a greeting of IMAP (* OK)"},
       {say("t1 STARTTLS\r\n"), until("t1 |* BYE", "t1 OK"), "OK to STARTTLS"}}}},
    {"ldap",  // RFC 4511, section 4.14
     389,
     {{{say_bytes(kLdapRequest), bytes(kLdapAnswer), "success to LDAP's StartTLS"}}}},
    {"lmtp",  // RFC 2033, RFC 3207
     24,
     {{{kSayNothing, reply("220"), "a greeting of LMTP (220)"},
       {say("LHLO tocsin\r\n"), reply("250"), "250 to LHLO"},
       {say("STARTTLS\r\n"), reply("220"), "220 to STARTTLS"}}}},
    {"mysql",
     3306,
     {{{kSayNothing, bytes(kMysqlGreeting), "a greeting of MySQL or MariaDB"},
       {say_bytes(kMysqlRequest), {}, "TLS"}}},
     false,
     false},
    {"nntp",  // RFC 4642
     119,
     {{{kSayNothing, line("200|201"), "a greeting of NNTP (200 or 201)"},
       {say("STARTTLS\r\n"), line("382"), "382 to STARTTLS"}}}},
    {"pop3",  // RFC 2595
     110,
     {{{kSayNothing, line("+OK"), "a greeting of POP3 (+OK)"},
       {say("STLS\r\n"), line("+OK"), "+OK to STLS"}}}},
    {"postgres",
     5432,
     {{{say_bytes(kPostgresRequest), bytes("'S'"), "yes (S) to PostgreSQL's SSLRequest"}}}},
    {"sieve",  // RFC 5804, sections 1.7 and 2.2
     4190,
     {{{kSayNothing, until("OK|NO|BYE", "OK"), "the capabilities of ManageSieve and OK"},
       {say("STARTTLS\r\n"), line("OK"), "OK to STARTTLS"}}},
     true},
    {"smtp",  // RFC 3207
     25,
     {{{kSayNothing, reply("220"), "a greeting of SMTP (220)"},
       {say("EHLO tocsin\r\n"), reply("250"), "250 to EHLO"},
       {say("STARTTLS\r\n"), reply("220"), "220 to STARTTLS"}}}},
    {"xmpp",  // RFC 6120, section 5.4
     5222,
     {{{say(kXmppOpen), bytes("* '</stream:features>'"), "the features of XMPP"},
       {say(kXmppStartTls), bytes("'<proceed' * '>'"), "proceed to starttls"}}}},
}};

}  // namespace

std::vector<std::string_view> StartTls::names() {
  std::vector<std::string_view> out;
  for (const StartTlsRow& row : kRows) out.push_back(row.name);
  return out;
}

StartTls::StartTls(std::string_view name, std::string_view host) {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const StartTlsRow& each) { return each.name == name; });
  if (row == kRows.end()) throw std::invalid_argument("no such STARTTLS: " + std::string(name));
  row_ = &*row;
  const RowFilling filling{std::string(host), {}};
  dialogue_ = std::make_shared<Dialogue>(make_dialogue(row->steps, filling));
}

std::string_view StartTls::name() const noexcept {
  return row_->name;
}

std::uint16_t StartTls::port() const noexcept {
  return row_->port;
}

bool StartTls::greets_again() const noexcept {
  return row_->greets_again;
}

bool StartTls::goes_on() const noexcept {
  return row_->goes_on;
}

asio::awaitable<StreamStatus> start_tls_as(StartTls protocol, Stream& stream, TlsSettings tls,
                                           SteadyTime deadline, std::vector<std::string>* notes) {
  const bool explain = notes != nullptr;
  Talk plain = co_await talk(stream, protocol.dialogue(), explain, deadline);
  if (explain) notes->insert(notes->end(), plain.notes.begin(), plain.notes.end());
  if (!plain.status) co_return std::move(plain.status);
  if (!plain.rest.empty()) {
    const std::string text =
        "more than the answer came before TLS, refused: " + show_bytes(plain.rest);
    co_return StreamStatus{NetError::protocol, with_address(text, stream.address())};
  }
  co_return co_await stream.start_tls(std::move(tls), deadline);
}

}  // namespace tocsin
