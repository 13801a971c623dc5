// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <string>

#include "notify/mail_message.h"
#include "notify/notify_fixture.h"

namespace tocsin {
namespace {

std::string problems(const std::string& settings) {
  return load_notifier("email", settings).all_problems();
}

// Without its place.
std::string problem(const std::string& more) {
  const std::string all =
      problems("{host: mail.example.net, from: a@example.net, to: b@example.net, " + more + "}");
  const auto at = all.find("error: ");
  return at == std::string::npos ? all : all.substr(at);
}

}  // namespace

TEST_CASE("email: dates and addresses are RFC 5322's", "[notify]") {
  CHECK(mail_date(WallTime{std::chrono::seconds{1'767'323'045}}) ==
        "Fri, 02 Jan 2026 03:04:05 +0000");
  CHECK(mail_date(WallTime{Millis{1'709'251'199'999}}) == "Thu, 29 Feb 2024 23:59:59 +0000");
  const auto box = parse_mailbox(" \"Ops, night\" <ops+night@a-b.example> ");
  REQUIRE(box);
  CHECK(box->name == "Ops, night");
  CHECK(box->address == "ops+night@a-b.example");
  CHECK(parse_mailbox("root@localhost"));
  CHECK_FALSE(parse_mailbox(std::string(65, 'a') + "@b.example"));
}

TEST_CASE("email: each mistake is reported", "[notify]") {
  CHECK(problems("{}").find("host is missing") != std::string::npos);
  CHECK(problems("{}").find("from is missing") != std::string::npos);
  CHECK(problems("{}").find("to is missing") != std::string::npos);
  CHECK(problem("") == "");
  CHECK(problem("cc: [\"a@b\\r\\nBcc: x@y\"]").starts_with("error: cc takes addresses such as"));
  for (const std::string bad : {"ops", "a b@c", "a..b@c", ".a@c", "a@", "@b", "a@b c", "ä@b",
                                "a@bücher.example", "<a@b>x", "a@b,c@d"}) {
    INFO(bad);
    CHECK(problem("cc: [\"" + bad + "\"]").starts_with("error: cc takes addresses such as"));
  }
  CHECK(problem("user: u") == "error: user needs a password\n");
  CHECK(problem("password: p") == "error: password needs a user\n");
  CHECK(problem("user: u, password: \"p\\n\"") ==
        "error: password holds control characters (a line break at its end?)\n");
  CHECK(problem("tls: none, user: u, password: p") ==
        "error: a password is not sent without TLS to another host\n");
  CHECK(problem("tls: maybe").starts_with("error: "));
  CHECK(problem("tls: none")
            .find("warning: without TLS, whoever sees the traffic can read the "
                  "mails\n") != std::string::npos);
  CHECK(problem("hello: \"a b\"") == "error: hello is no host's name or address, in ASCII\n");
  CHECK(problem("timeout: 2m") == "error: must be between 1s and 90s; got \"2m\"\n");
  CHECK(problem("subjekt: x") == "error: unknown key \"subjekt\"; did you mean \"subject\"?\n");
}

TEST_CASE("email: its sink says who and by which server", "[notify]") {
  const auto notifier = load_notifier("email",
                                      "{host: mail.example.net, tls: tls, from: a@example.net, to: "
                                      "[a@x.example, b@x.example, c@x.example, d@x.example]}")
                            .notifier;
  REQUIRE(notifier);
  CHECK(notifier->sink() ==
        "a@x.example, b@x.example, c@x.example and 1 more by mail.example.net:465");
  CHECK(notifier->pace().foldable);
}

}  // namespace tocsin
