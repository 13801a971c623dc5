// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// email against a strict SMTP server of our own; email_server_test.cpp has it against Postfix,
// Dovecot, and another's reader of mails.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notify/notify_fixture.h"
#include "notify/smtp_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

std::string keys(const SmtpStandIn& server, const std::string& more = "") {
  return "{host: 127.0.0.1, port: " + std::to_string(server.port()) +
         ", tls: none, from: \"Tocsin <tocsin@example.net>\", to: [ops@example.net, "
         "bob@example.org]" +
         more + "}";
}

std::shared_ptr<const Notifier> mailer(const SmtpStandIn& server, const std::string& more = "") {
  const LoadedNotifier loaded = load_notifier("email", keys(server, more));
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

Outcome send(const SmtpStandIn& server, const std::string& more = "") {
  return SendDesk().send(*mailer(server, more), a_notification(Kind::down));
}

}  // namespace

TEST_CASE("email: a mail is as RFC 5322 and MIME have it", "[notify]") {
  SmtpStandIn server;
  const auto notifier = mailer(server, ", cc: \"Zoë <zoe@example.net>\"");
  const Notification one = a_notification(Kind::down);
  const Outcome outcome = SendDesk().send(*notifier, one);
  CHECK(outcome.reason == "");
  CHECK(outcome.what == What::sent);
  CHECK(outcome.message_ref == one.uid + "@example.net");
  CHECK(server.complaints().empty());
  REQUIRE(server.mails().size() == 1);
  const StoredMail mail = server.mails().front();
  CHECK(mail.from == "tocsin@example.net");
  CHECK(mail.to ==
        std::vector<std::string>{"ops@example.net", "bob@example.org", "zoe@example.net"});
  CHECK(mail.header("From") == "\"Tocsin\" <tocsin@example.net>");
  CHECK(mail.header("To") == "ops@example.net, bob@example.org");
  CHECK(mail.header("Cc") == "Zoë <zoe@example.net>");
  CHECK(mail.header("Subject") == "[tocsin] web-01");
  CHECK(mail.header("Message-ID") == "<" + one.uid + "@example.net>");
  CHECK(mail.header("Auto-Submitted") == "auto-generated");
  CHECK(mail.header("Importance") == "high");
  CHECK(mail.header("X-Tocsin-Kind") == "down");
  CHECK(mail.header("X-Tocsin-Thread") == "web-01");
  CHECK(mail.header("X-Tocsin-Incident") == "42");
  CHECK(mail.part("text/plain")
            .starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\r\n\r\ntarget: "
                         "127.0.0.1:8080\r\n"));
  const std::string html = mail.part("text/html");
  CHECK(html.find("<b>🔴 DOWN web-01 — connection refused (127.0.0.1:8080)</b>") !=
        std::string::npos);
  CHECK(html.find("<a href=\"https://wiki.example.net/shop\">") != std::string::npos);
}

TEST_CASE("email: what belongs together answers one message, under one subject", "[notify]") {
  SmtpStandIn server;
  const auto notifier = mailer(server);
  SendDesk desk;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    for (const std::string key : {"web-01", "web-02"}) {
      Message message = a_message(kind);
      message.check = key;
      CHECK(desk.send(*notifier, a_notification(message, key)).what == What::sent);
    }
  }
  const auto mails = server.mails();
  REQUIRE(mails.size() == 6);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < mails.size(); ++i) {
    CHECK(mails[i].header("References") == mails[i % 2].header("References"));
    CHECK(mails[i].header("In-Reply-To") == mails[i].header("References"));
    CHECK(mails[i].header("Subject") == mails[i % 2].header("Subject"));
    ids.insert(mails[i].header("Message-ID"));
  }
  CHECK(ids.size() == 6);
  CHECK(mails[0].header("References") != mails[1].header("References"));
  CHECK(mails[0].header("References").ends_with(".thread@example.net>"));
  CHECK(mails[0].header("Subject") != mails[1].header("Subject"));
}

TEST_CASE("email: a thread's reference is the same for ever", "[notify]") {
  SmtpStandIn server;
  send(server);
  // printf 'tocsin@example.net\nweb-01' | sha256sum | cut -c1-40
  CHECK(server.mails().front().header("References") ==
        "<b677caaae6b625f937d746e4629e2f5542f7c2ba.thread@example.net>");
}

TEST_CASE("email: a repeat has the same Message-ID", "[notify]") {
  SmtpStandIn server;
  const auto notifier = mailer(server);
  SendDesk desk;
  const Notification one = a_notification(Kind::down);
  desk.send(*notifier, one);
  desk.send(*notifier, one, true);
  const auto mails = server.mails();
  REQUIRE(mails.size() == 2);
  CHECK(mails[0].header("Message-ID") == mails[1].header("Message-ID"));
  CHECK_FALSE(notifier->pace().idempotent);
}

TEST_CASE("email: the subject has the state in it if one wants that", "[notify]") {
  SmtpStandIn server;
  send(server, ", subject: state, subject_prefix: \"\"");
  CHECK(server.mails()[0].header("Subject") ==
        "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  const auto notifier = mailer(server, ", subject_prefix: \"pré:\"");
  SendDesk().send(*notifier, a_notification(a_message(Kind::daemon), ""));
  const StoredMail alone = server.mails()[1];
  CHECK(alone.header("Subject").starts_with("pré: ⚠️ TOCSIN"));
  CHECK(alone.header("References").empty());
}

TEST_CASE("email: only what is DOWN is urgent", "[notify]") {
  SmtpStandIn server;
  const auto notifier = mailer(server);
  SendDesk desk;
  for (const Kind kind : kKinds) {
    Message message = a_message(kind);
    if (kind == Kind::digest) message.to = State::up;
    desk.send(*notifier, a_notification(message));
  }
  const auto mails = server.mails();
  REQUIRE(mails.size() == std::size(kKinds));
  for (std::size_t i = 0; i < mails.size(); ++i) {
    CHECK(mails[i].header("Importance").empty() == (kKinds[i] != Kind::down));
  }
}

TEST_CASE("email: whatever texts hold, no header is added and HTML stays ours", "[notify]") {
  SmtpStandIn server;
  const auto notifier = mailer(server, ", subject: state");
  SendDesk desk;
  const std::string evil =
      "x\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<e@x>\n=?UTF-8?B?QQ==?= "
      "<script>\"'&</b>\0 </p>" +
      hostile_text();
  for (const Kind kind : kKinds) {
    const Message message = hostile_message(kind, evil);
    CHECK(desk.send(*notifier, a_notification(message, evil), true).what == What::sent);
  }
  CHECK(server.complaints().empty());
  for (const StoredMail& mail : server.mails()) {
    CHECK(mail.header("Bcc").empty());
    CHECK(mail.raw_header("Subject").find("QQ==") == std::string::npos);
    CHECK(mail.part("text/html").find("<script>") == std::string::npos);
    CHECK(is_valid_utf8(mail.part("text/html")));
    CHECK(is_valid_utf8(mail.header("Subject")));
    CHECK(mail.to.size() == 2);
    std::size_t at = 0;
    for (auto end = mail.data.find("\r\n"); end != std::string::npos;
         at = end + 2, end = mail.data.find("\r\n", at)) {
      CHECK(end - at <= 78);
    }
  }
}

TEST_CASE("email: logs in by what the server offers", "[notify]") {
  SmtpStandIn::Rules rules;
  rules.user = "tocsin";
  rules.password = "pa ss\"wört";
  rules.mechanisms = GENERATE("GSSAPI NTLM CRAM-MD5 PLAIN", "GSSAPI NTLM LOGIN");
  SmtpStandIn server(rules);
  CHECK(send(server, ", user: tocsin, password: 'pa ss\"wört'").what == What::sent);
  const Outcome wrong = send(server, ", user: tocsin, password: nope_nope_nope");
  CHECK(wrong.what == What::rejected);
  CHECK(wrong.reason ==
        "535 5.7.8 Authentication credentials invalid (to AUTH): check user and password");
  const Outcome nobody = send(server);
  CHECK(nobody.what == What::rejected);
  CHECK(nobody.reason ==
        "530 5.7.0 Authentication required (to MAIL FROM): the server wants a login: set user and "
        "password, or tls");
}

TEST_CASE("email: a server that knows only other ways to log in is told as such", "[notify]") {
  SmtpStandIn::Rules rules;
  rules.user = "u";
  rules.mechanisms = "GSSAPI NTLM";
  SmtpStandIn server(rules);
  const Outcome outcome = send(server, ", user: u@example.net, password: secret_password_1");
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason ==
        "the server offers neither of the ways to log in that Tocsin knows: PLAIN, LOGIN");
}

TEST_CASE("email: a reply 4xx is later, a 5xx is final, in the server's words", "[notify]") {
  SmtpStandIn server;
  struct Row {
    std::string command;
    std::string reply;
    What what;
    std::string reason;
  };
  const std::vector<Row> rows = {
      {"connection", "421 4.3.2 shutting down", What::later,
       "421 4.3.2 shutting down (to the connection)"},
      {"connection", "554 5.7.1 your host is listed", What::rejected,
       "554 5.7.1 your host is listed (to the connection)"},
      {"MAIL", "452 4.3.1 disk full", What::later,
       "452 4.3.1 disk full (to MAIL FROM): may this user or host send as 'from'?"},
      {"MAIL", "550 5.7.1 not yours", What::rejected,
       "550 5.7.1 not yours (to MAIL FROM): may this user or host send as 'from'?"},
      {"RCPT", "450 4.2.0 greylisted, see https://x", What::later,
       "450 4.2.0 greylisted, see https://x (to RCPT TO)"},
      {"RCPT", "550-5.1.1 first\r\n550 5.1.1 second", What::rejected,
       "550-5.1.1 first 5.1.1 second (to RCPT TO)"},
      {"DATA", "451 4.3.0 no", What::later, "451 4.3.0 no (to DATA)"},
      {".", "451 4.7.1 try again", What::later, "451 4.7.1 try again (to the message)"},
      {".", "554 5.7.1 spam \x1b[31m", What::rejected, "554 5.7.1 spam [31m (to the message)"},
      {".", "552 5.2.2 over quota", What::rejected,
       "552 5.2.2 over quota (to the message): the mailbox is full"},
  };
  for (const Row& row : rows) {
    INFO(row.command << " " << row.reply);
    server.answer(row.command, row.reply);
    const Outcome outcome = send(server);
    CHECK(outcome.what == row.what);
    CHECK(outcome.reason == row.reason);
    CHECK_FALSE(outcome.in_doubt);
    server.answer(row.command, "");
  }
  CHECK(server.mails().empty());
  CHECK(server.complaints().empty());
}

TEST_CASE("email: who is refused does not keep the mail from the others", "[notify]") {
  SmtpStandIn server;
  server.answer("RCPT TO:<bob@", "550 5.1.1 no such user");
  const Outcome outcome = send(server);
  CHECK(outcome.what == What::sent);
  CHECK(outcome.reason == "not told: bob@example.org: 550 5.1.1 no such user");
  REQUIRE(server.mails().size() == 1);
  CHECK(server.mails()[0].to == std::vector<std::string>{"ops@example.net"});
  server.answer("RCPT TO:<ops@", "450 4.2.0 later");
  const Outcome none = send(server);
  CHECK(none.what == What::later);
  CHECK(none.reason == "450 4.2.0 later (to RCPT TO)");
}

TEST_CASE("email: no answer is later, in doubt once all was sent", "[notify]") {
  SmtpStandIn server;
  const std::string short_time = ", timeout: 1s";
  for (const std::string way : {"hang", "close"}) {
    INFO(way);
    server.answer(".", way);
    const Outcome doubt = send(server, short_time);
    CHECK(doubt.what == What::later);
    CHECK(doubt.in_doubt);
    CHECK_FALSE(doubt.reason.empty());
    server.answer(".", "");
    server.answer("MAIL", way);
    const Outcome sure = send(server, short_time);
    CHECK(sure.what == What::later);
    CHECK_FALSE(sure.in_doubt);
    CHECK(sure.reason.find("127.0.0.1:" + std::to_string(server.port())) != std::string::npos);
    server.answer("MAIL", "");
  }
}

TEST_CASE("email: a server that hangs at QUIT has taken the mail", "[notify]") {
  SmtpStandIn server;
  server.answer("QUIT", "hang");
  CHECK(send(server, ", timeout: 1s").what == What::sent);
  CHECK(server.mails().size() == 1);
}

TEST_CASE("email: what is no SMTP server is told as such", "[notify]") {
  SmtpStandIn server;
  server.answer("connection", "SSH-2.0-OpenSSH_9.2");
  const Outcome outcome = send(server, ", timeout: 1s");
  CHECK(outcome.what == What::later);
  CHECK_FALSE(outcome.in_doubt);
  std::uint16_t port = 0;
  {
    const SmtpStandIn gone;
    port = gone.port();
  }
  const auto notifier =
      load_notifier("email", "{host: 127.0.0.1, port: " + std::to_string(port) +
                                 ", tls: none, from: a@b.example, to: c@d.example}")
          .notifier;
  const Outcome refused = SendDesk().send(*notifier, a_notification(Kind::down));
  CHECK(refused.what == What::later);
  CHECK(refused.reason == "connection refused (127.0.0.1:" + std::to_string(port) + ")");
}

TEST_CASE("email: every address of the server's name is tried", "[notify]") {
  // In /etc/hosts, with ::1 too in many places, where nobody listens.
  SmtpStandIn server;
  const auto notifier =
      load_notifier("email", "{host: localhost, port: " + std::to_string(server.port()) +
                                 ", tls: none, from: a@b.example, to: c@d.example}")
          .notifier;
  CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  const auto nowhere = load_notifier("email",
                                     "{host: nowhere.invalid, tls: none, from: a@b.example, to: "
                                     "c@d.example, timeout: 5s}")
                           .notifier;
  const Outcome outcome = SendDesk().send(*nowhere, a_notification(Kind::down));
  CHECK(outcome.what == What::later);
  CHECK_FALSE(outcome.in_doubt);
  CHECK_FALSE(outcome.reason.empty());
}

TEST_CASE("email: without STARTTLS on offer nothing is said", "[notify]") {
  SmtpStandIn::Rules rules;
  rules.user = "u";
  rules.password = "secret_password_1";
  SmtpStandIn server(rules);
  const auto notifier =
      load_notifier("email", "{host: 127.0.0.1, port: " + std::to_string(server.port()) +
                                 ", user: u, password: secret_password_1, from: a@b.example, to: "
                                 "c@d.example}")
          .notifier;
  const Outcome outcome = SendDesk().send(*notifier, a_notification(Kind::down));
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason == "the server offers no STARTTLS: set tls to tls, or to none");
  for (const std::string& line : server.commands())
    CHECK((line.starts_with("EHLO") || line == "QUIT"));
}

TEST_CASE("email: a server that quotes the password does not get it into a reason", "[notify]") {
  SmtpStandIn server;
  for (const std::string quoted : {"secret_password_1", "AHUAc2VjcmV0X3Bhc3N3b3JkXzE="}) {
    server.answer("MAIL", "550 5.7.1 what is " + quoted + "?");
    const Outcome outcome = send(server, ", user: u, password: secret_password_1");
    CHECK(outcome.reason.find(quoted) == std::string::npos);
    CHECK(outcome.reason.starts_with("550 (the server's words hold the password"));
  }
}

}  // namespace tocsin
