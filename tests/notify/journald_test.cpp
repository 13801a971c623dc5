// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// journald against a strict reader of its native protocol, since the real one comes with systemd.
#include <catch2/catch.hpp>
#include <string>

#include "notify/local_sink.h"
#include "notify/notify_fixture.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using What = Outcome::What;

Outcome send(const std::string& settings, const Message& message,
             const std::string& key = "web-01") {
  const LoadedNotifier loaded = load_notifier("journald", settings);
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return SendDesk().send(*loaded.notifier, a_notification(message, key));
}

std::string problem(const std::string& settings) {
  const std::string all = load_notifier("journald", settings).all_problems();
  const auto at = all.find(": ");
  return at == std::string::npos ? all : all.substr(at + 2);
}

}  // namespace

TEST_CASE("journald: each kind is an entry of the native protocol", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "journal";
  LocalSink sink(path);
  const std::string settings = "{socket: '" + path + "', identifier: page}";
  for (const Kind kind : kKinds) {
    CHECK(send(settings, a_message(kind)).what == What::sent);
    const auto entry = read_journal_entry(sink.datagrams().back());
    const auto value = [&](const char* name) {
      CHECK(entry.count(name) == 1);
      return entry.find(name)->second;
    };
    CHECK(value("TOCSIN_KIND") == to_string(kind));
    CHECK(value("TOCSIN_THREAD") == "web-01");
    CHECK(value("SYSLOG_IDENTIFIER") == "page");
    CHECK(value("MESSAGE").find("connection refused") != std::string::npos);
  }
  const auto down = read_journal_entry(sink.datagrams().front());
  CHECK(down.find("PRIORITY")->second == "2");
  CHECK(down.find("MESSAGE")->second.starts_with(
      "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\ntarget: 127.0.0.1:8080\n"));
  CHECK(sink.files() == 0);
}

TEST_CASE("journald: no value can forge a field", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "journal";
  LocalSink sink(path);
  const std::string settings = "{socket: '" + path + "'}";
  const std::string forged = "x\nPRIORITY=0\nMESSAGE=forged\n";
  for (const Kind kind : kKinds) {
    Message message = hostile_message(kind, forged + hostile_text());
    message.details = forged;
    send(settings, message, forged);
    const auto entry = read_journal_entry(sink.datagrams().back());
    CHECK(entry.count("PRIORITY") == 1);
    CHECK(entry.count("MESSAGE") == 1);
    CHECK(entry.find("PRIORITY")->second != "0");
  }
  CHECK(sink.files() == 0);
}

TEST_CASE("journald: no journal is later", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "journal";
  const Outcome outcome = send("{socket: '" + path + "'}", a_message(Kind::down));
  CHECK(outcome.what == What::later);
  CHECK(outcome.reason ==
        "there is no such socket (unix:" + path + "): does systemd's journal run here?");
}

TEST_CASE("journald: each mistake is reported", "[notify]") {
  CHECK(problem("{socket: journal}") ==
        "error: socket is the absolute path of journald's socket\n");
  CHECK(problem("{identifier: \"a\\nb\"}") ==
        "error: identifier is a word of at most 100 characters\n");
}

}  // namespace tocsin
