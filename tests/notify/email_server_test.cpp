// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// email on the real thing: Postfix takes the mails (STARTTLS or TLS, and a log-in), Dovecot keeps
// them, and Python's readers of IMAP and of mails say what a person would see.
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notify/notify_fixture.h"
#include "support/child.h"
#include "support/pki.h"
#include "support/real_server.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

constexpr const char* kPassword = "mailbox_password_1";

// Both servers; the numbers are Dovecot's ports: imap, lmtp, and where Postfix asks about log-ins.
class MailHouse {
 public:
  MailHouse() : postfix_("/usr/lib/postfix/sbin/master"), dovecot_("/usr/sbin/dovecot") {}

  bool there() const { return postfix_.there_for_root() && dovecot_.there_for_root(); }

  void start() {
    Pki::Spec root;
    root.name = "root";
    root.authority = true;
    pki_.make(root);
    Pki::Spec server;
    server.name = "mx.example";
    server.issuer = "root";
    server.hosts = {"127.0.0.1"};
    pki_.make(server);
    start_dovecot();
    start_postfix();
  }

  std::string keys(const std::string& tls, const std::string& more) {
    const auto port = postfix_.port(tls == "tls" ? 1 : 0);
    return "{host: 127.0.0.1, port: " + std::to_string(port) + ", tls: " + tls +
           ", from: \"Tocsin ⚙ <tocsin@example.net>\", to: ops@example.net, " + more + "}";
  }
  std::string trusted(const std::string& password = kPassword) const {
    return "ca_file: " + pki_.certificate("root").string() +
           ", user: tocsin@example.net, password: " + password;
  }
  Object::Ptr mailbox() {
    const std::string script = TOCSIN_SOURCE_DIR "/tests/notify/read_mailbox.py";
    const Ran ran = run_program({"/usr/bin/python3", "-B", script, std::to_string(dovecot_.port(0)),
                                 "ops@example.net", kPassword});
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    return Poco::JSON::Parser().parse(ran.out).extract<Object::Ptr>();
  }
  Object::Ptr mailbox_of(std::size_t count) {
    Object::Ptr box;
    eventually(
        [&] {
          box = mailbox();
          return box->getArray("mails")->size() >= count;
        },
        std::chrono::seconds{60});
    return box;
  }

 private:
  void start_dovecot() {
    const auto listener = [&](const std::string& name, std::size_t port) {
      return " inet_listener " + name +
             " {\n address = 127.0.0.1\n port = " + std::to_string(dovecot_.port(port)) +
             "\n }\n}\n";
    };
    const std::string mail = dovecot_.folder("mail", "nobody");
    const std::string conf = dovecot_.write(
        "dovecot.conf",
        "protocols = imap lmtp\nlisten = 127.0.0.1\nssl = no\ndisable_plaintext_auth = no\n"
        "auth_mechanisms = plain login\nfirst_valid_uid = 1\nbase_dir = " +
            dovecot_.path("run") + "\nstate_dir = " + dovecot_.path("state") +
            "\nlog_path = " + dovecot_.path("log") + "\nmail_location = maildir:" + mail +
            "/%u\npassdb {\n driver = static\n args = password=" + kPassword +
            "\n}\nuserdb {\n driver = static\n args = uid=nobody gid=nogroup home=" + mail +
            "\n}\nservice imap-login {\n" + listener("imap", 0) + "service lmtp {\n" +
            listener("lmtp", 1) + "service auth {\n" + listener("asked", 2));
    dovecot_.start({"-F", "-c", conf});
  }

  void start_postfix() {
    const std::string chain = pki_.bundle({"mx.example", "root"}).string();
    postfix_.write("conf/main.cf",
                   "compatibility_level = 3.6\nmyhostname = mx.example\nmydestination =\n"
                   "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmail_owner = postfix\n"
                   "setgid_group = postdrop\nalias_maps =\nlocal_recipient_maps =\n"
                   "maillog_file_prefixes = /\nqueue_directory = " +
                       postfix_.folder("queue") +
                       "\ndata_directory = " + postfix_.folder("data", "postfix") +
                       "\nmaillog_file = " + postfix_.path("log") +
                       "\nvirtual_mailbox_domains = example.net\nvirtual_mailbox_maps = static:all"
                       "\nvirtual_transport = lmtp:inet:127.0.0.1:" +
                       std::to_string(dovecot_.port(1)) +
                       "\nsmtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes"
                       "\nsmtpd_tls_cert_file = " +
                       chain + "\nsmtpd_tls_key_file = " + pki_.key("mx.example").string() +
                       "\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot"
                       "\nsmtpd_sasl_path = inet:127.0.0.1:" +
                       std::to_string(dovecot_.port(2)) +
                       "\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject\n");
    const std::string first = std::to_string(postfix_.port(0));
    const std::string second = std::to_string(postfix_.port(1));
    postfix_.write("conf/master.cf", first + " inet n - n - - smtpd\n" + second +
                                         " inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"
                                         "postlog unix-dgram n - n - 1 postlogd\n"
                                         "tlsmgr unix - - n 1000? 1 tlsmgr\n"
                                         "rewrite unix - - n - - trivial-rewrite\n"
                                         "cleanup unix n - n - 0 cleanup\n"
                                         "qmgr unix n - n 300 1 qmgr\n"
                                         "bounce unix - - n - 0 bounce\n"
                                         "defer unix - - n - 0 bounce\n"
                                         "trace unix - - n - 0 bounce\n"
                                         "lmtp unix - - n - - lmtp\n"
                                         "anvil unix - - n - 1 anvil\n"
                                         "proxymap unix - - n - - proxymap\n");
    REQUIRE(run_program({"/usr/sbin/postfix", "-c", postfix_.path("conf"), "check"}).status == 0);
    postfix_.start({"-s", "-c", postfix_.path("conf")});
  }

  RealServer postfix_;
  RealServer dovecot_;
  Pki pki_;
};

Outcome send(const std::string& keys, const Notification& notification) {
  const LoadedNotifier loaded = load_notifier("email", keys);
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return SendDesk().send(*loaded.notifier, notification);
}

std::set<std::set<int>> threads_in(const Object::Ptr& box) {
  std::set<std::set<int>> out;
  const auto all = box->getArray("threads");
  for (unsigned i = 0; i < all->size(); ++i) {
    std::set<int> thread;
    const auto numbers = all->getArray(i);
    for (unsigned k = 0; k < numbers->size(); ++k) thread.insert(numbers->getElement<int>(k));
    out.insert(thread);
  }
  return out;
}

}  // namespace

TEST_CASE("email: Postfix takes the mails, and a mailbox shows two checks as two threads",
          "[notify]") {
  MailHouse house;
  if (!house.there()) return;
  house.start();
  std::string tls = "starttls";
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    for (const std::string key : {"web-01", "web-02 ü"}) {
      Message message = a_message(kind);
      message.check = key;
      message.reason += " <b>&\"" + hostile_text();
      const Outcome outcome = send(house.keys(tls, house.trusted()), a_notification(message, key));
      INFO(outcome.reason);
      REQUIRE(outcome.what == What::sent);
    }
    tls = tls == "tls" ? "starttls" : "tls";
    // They arrive by their own ways: for the order, one round after the other.
    house.mailbox_of(kind == Kind::down ? 2 : kind == Kind::reminder ? 4 : 6);
  }
  const Object::Ptr box = house.mailbox();
  const auto mails = box->getArray("mails");
  REQUIRE(mails->size() == 6);
  std::map<std::string, std::set<int>> by_subject;
  for (unsigned i = 0; i < mails->size(); ++i) {
    const Object::Ptr mail = mails->getObject(i);
    CHECK(mail->getArray("defects")->size() == 0);
    by_subject[mail->getValue<std::string>("subject")].insert(static_cast<int>(i) + 1);
    CHECK(mail->getArray("from")->getArray(0)->getElement<std::string>(0) == "Tocsin ⚙");
    CHECK(mail->getValue<std::string>("html").find("&lt;b&gt;&amp;&quot;") != std::string::npos);
  }
  REQUIRE(by_subject.size() == 2);
  CHECK(by_subject.contains("[tocsin] web-01"));
  CHECK(by_subject.contains("[tocsin] web-02 ü"));
  // What the mailbox shows as a thread is what has one subject, three mails each.
  std::set<std::set<int>> expected;
  for (const auto& [subject, numbers] : by_subject) {
    CHECK(numbers.size() == 3);
    expected.insert(numbers);
  }
  CHECK(threads_in(box) == expected);
}

TEST_CASE("email: what Postfix does not like is told in its words", "[notify]") {
  MailHouse house;
  if (!house.there()) return;
  house.start();
  const Notification one = a_notification(Kind::down);
  const Outcome wrong = send(house.keys("starttls", house.trusted("not_the_password")), one);
  CHECK(wrong.what == What::rejected);
  CHECK(wrong.reason.starts_with("535 5.7.8 Error: authentication failed"));
  CHECK(wrong.reason.ends_with("(to AUTH): check user and password"));
  const Outcome nobody = send(house.keys("none", "timeout: 20s"), one);
  CHECK(nobody.what == What::rejected);
  CHECK(nobody.reason ==
        "554 5.7.1 <ops@example.net>: Recipient address rejected: Access denied (to RCPT TO)");
  for (const std::string tls : {"starttls", "tls"}) {
    const Outcome untrusted = send(house.keys(tls, "timeout: 20s"), one);
    CHECK(untrusted.what == What::later);
    CHECK(untrusted.reason.find("certificate") != std::string::npos);
    CHECK_FALSE(untrusted.in_doubt);
  }
}

}  // namespace tocsin
