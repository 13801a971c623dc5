// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// sql checks against the servers that Debian has.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/sql_fixture.h"
#include "probe/sql_servers.h"

namespace tocsin {
namespace {

const Postgres& postgres() {
  static const Postgres server;
  return server;
}

const Mariadb& mariadb() {
  static const Mariadb server;
  return server;
}

std::string on_postgres(const std::string& password = Postgres::kPassword) {
  return "driver: postgresql, host: 127.0.0.1, port: " + std::to_string(postgres().port()) +
         ", user: admin, database: postgres, password: " + in_quotes(password);
}

std::string on_mariadb(const std::string& password = Mariadb::kPassword) {
  return "driver: mariadb, host: 127.0.0.1, port: " + std::to_string(mariadb().port()) +
         ", user: me, database: shop, password: " + in_quotes(password);
}

std::string at(std::uint16_t port) {
  return " (127.0.0.1:" + std::to_string(port) + ")";
}

bool notes_have(const Result& result, const std::string& text) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

}  // namespace

// --- PostgreSQL
// -------------------------------------------------------------------------------------

TEST_CASE("sql: PostgreSQL answers", "[probe]") {
  if (!postgres().there()) return;
  const Result result = look(on_postgres(), "SELECT count(*) FROM queue;",
                             ", expect: {value: '= 20'}, response_time: 19s");
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
  CHECK(result.address == "127.0.0.1:" + std::to_string(postgres().port()));
  CHECK(result.phases.get(Phase::connect));
  CHECK(result.phases.get(Phase::first_byte));
  CHECK(notes_have(result, "asked: SELECT count(*) FROM queue;"));
  CHECK(notes_have(result, "columns: count"));
  CHECK(notes_have(result, "row: 20"));
  const Result socket =
      look("driver: postgresql, host: " + postgres().path("run") +
               ", port: " + std::to_string(postgres().port()) +
               ", user: admin, database: postgres, password: " + in_quotes(Postgres::kPassword),
           "SHOW server_version", ", expect: {matches: '^15'}");
  CHECK(socket.verdict == Verdict::up);
  const std::string url =
      "url: 'postgresql://admin:pg%20secret%27%5C@localhost:" + std::to_string(postgres().port()) +
      "/postgres'";
  CHECK(look(url, "VALUES (1), (2)", ", expect: {rows: '= 2'}").verdict == Verdict::up);
}

TEST_CASE("sql: PostgreSQL's values are what the server says, odd ones too", "[probe]") {
  if (!postgres().there()) return;
  const Result result =
      look(on_postgres(),
           "SELECT 'NaN'::float8 a, 'infinity'::timestamp b, '24:00:00'::time c, NULL d, "
           "12345678901234567890123::numeric e, ARRAY[1,2] f, '0044-03-15 BC'::date g, 'a?b' h, "
           "'00000000-0000-0000-0000-000000000001'::uuid i, true j",
           ", expect: {rows: '= 0'}");
  CHECK(result.details ==
        "a | b | c | d | e | f | g | h | i | j\n"
        "NaN | infinity | 24:00:00 | NULL | 12345678901234567890123 | {1,2} | 0044-03-15 BC | a?b "
        "| 00000000-0000-0000-0000-000000000001 | t");
  CHECK(look(on_postgres(), "SELECT 'NaN'::float8", ", expect: {value: '< 100'}").verdict ==
        Verdict::down);
}

TEST_CASE("sql: PostgreSQL's refusals are told in its words, and nothing is changed", "[probe]") {
  if (!postgres().there()) return;
  const std::string where = at(postgres().port());
  const auto reason = [&](const std::string& query) {
    const Result result = look(on_postgres(), query);
    CHECK(result.verdict == Verdict::down);
    return result.reason;
  };
  CHECK(reason("SELECT nonsense") == "column \"nonsense\" does not exist" + where);
  CHECK(reason("DELETE FROM queue") == "cannot execute DELETE in a read-only transaction" + where);
  CHECK(reason("SELECT 1; COMMIT; DELETE FROM queue") ==
        "cannot insert multiple commands into a prepared statement" + where);
  CHECK(postgres().admin("SELECT count(*) FROM queue") == "20\n");
  const Result wrong = look(on_postgres("hunter22"), "SELECT 1");
  CHECK(wrong.verdict == Verdict::down);
  CHECK(wrong.reason == "password authentication failed for user \"admin\"" + where);
  const std::uint16_t nobody = free_port();
  const Result refused = look(
      "driver: postgresql, host: 127.0.0.1, user: x, port: " + std::to_string(nobody), "SELECT 1");
  CHECK(refused.verdict == Verdict::down);
  CHECK(refused.reason == "connection refused" + at(nobody));
}

TEST_CASE("sql: PostgreSQL's certificate is verified where TLS is wanted", "[probe]") {
  if (!postgres().there()) return;
  const std::string query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
  const auto with = [&](const std::string& tls, const std::string& value) {
    return look(on_postgres(), query, ", " + tls + ", expect: {value: " + in_quotes(value) + "}");
  };
  CHECK(with("tls: true, ca_file: " + postgres().authority(), "t").verdict == Verdict::up);
  CHECK(with("tls: true, verify: false", "t").verdict == Verdict::up);
  CHECK(with("tls: false", "f").verdict == Verdict::up);
  const Result strange = with("tls: true", "t");
  CHECK(strange.verdict == Verdict::down);
  CHECK(strange.reason.find("certificate verify failed") != std::string::npos);
}

TEST_CASE("sql: a PostgreSQL that hangs costs the timeout, and no thread", "[probe]") {
  if (!postgres().there()) return;
  const Result slow = look(on_postgres(), "SELECT pg_sleep(600)", "", "1s");
  CHECK(slow.verdict == Verdict::down);
  const std::string where = "(postgresql 127.0.0.1:" + std::to_string(postgres().port());
  // Either the server's own limit or ours, which end at the same moment.
  const bool ours =
      slow.reason == "timed out after 1 s while the query ran " + where + "/postgres)";
  CHECK((ours || slow.reason.starts_with("canceling statement due to statement timeout")));
  const std::size_t before = threads();
  postgres().process().signal(SIGSTOP);
  const Result hung = look(on_postgres(), "SELECT 1", "", "500ms");
  CHECK(hung.verdict == Verdict::down);
  CHECK(hung.reason == "timed out after 500 ms " + where + "/postgres)");
  CHECK(eventually([&] { return threads() <= before; }));
  postgres().process().signal(SIGCONT);
  CHECK(eventually([] { return look(on_postgres(), "SELECT 1").verdict == Verdict::up; }));
}

// --- MariaDB
// ----------------------------------------------------------------------------------------

TEST_CASE("sql: MariaDB answers", "[probe]") {
  if (!mariadb().there()) return;
  const Result result = look(on_mariadb(), "SELECT id, name, big FROM queue",
                             ", expect: {rows: '= 2', columns: {big: 'NULL', name: a}}");
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
  const Result socket = look("driver: mysql, host: " + mariadb().path("run/sock") +
                                 ", user: me, password: " + in_quotes(Mariadb::kPassword),
                             "SHOW STATUS LIKE 'Uptime'", ", expect: {columns: {Value: '>= 0'}}");
  CHECK(socket.verdict == Verdict::up);
  CHECK(look("url: 'mysql://me:my%3Bsecret@localhost:" + std::to_string(mariadb().port()) + "/'",
             "SHOW STATUS LIKE 'Uptime'", ", expect: {columns: {Value: '>= 0'}}")
            .verdict == Verdict::up);
  // Many of its own tables have LONGTEXT columns.
  CHECK(look(on_mariadb(), "SELECT info, NULL FROM information_schema.processlist").verdict ==
        Verdict::up);
}

TEST_CASE("sql: MariaDB's refusals are told in its words, and nothing is changed", "[probe]") {
  if (!mariadb().there()) return;
  const std::string where = at(mariadb().port());
  const auto reason = [&](const std::string& query) {
    const Result result = look(on_mariadb(), query);
    CHECK(result.verdict == Verdict::down);
    return result.reason;
  };
  CHECK(reason("SELECT nonsense").starts_with("Unknown column 'nonsense'"));
  CHECK(reason("DELETE FROM queue") ==
        "Cannot execute statement in a READ ONLY transaction" + where);
  CHECK(reason("SELECT 1; DELETE FROM queue").starts_with("You have an error in your SQL syntax"));
  CHECK(mariadb().admin("SELECT count(*) FROM shop.queue") == "2\n");
  const Result wrong = look(on_mariadb("hunter22"), "SELECT 1");
  CHECK(wrong.verdict == Verdict::down);
  CHECK(wrong.reason == "Access denied for user 'me'@'localhost' (using password: YES)" + where);
  const std::uint16_t nobody = free_port();
  const Result refused =
      look("driver: mysql, host: 127.0.0.1, user: x, port: " + std::to_string(nobody), "SELECT 1");
  CHECK(refused.verdict == Verdict::down);
  CHECK(refused.reason == "connection refused" + at(nobody));
}

TEST_CASE("sql: MariaDB's certificate is verified where TLS is wanted", "[probe]") {
  if (!mariadb().there()) return;
  const auto with = [&](const std::string& tls, const std::string& cipher) {
    return look(on_mariadb(), "SHOW STATUS LIKE 'Ssl_version'",
                ", " + tls + ", expect: {columns: {Value: " + in_quotes(cipher) + "}}");
  };
  CHECK(with("tls: true, ca_file: " + mariadb().authority(), "TLSv1.3").verdict == Verdict::up);
  CHECK(with("tls: true, verify: false", "TLSv1.3").verdict == Verdict::up);
  CHECK(with("tls: false", "").verdict == Verdict::up);
  const Result strange = with("tls: true", "TLSv1.3");
  CHECK(strange.verdict == Verdict::down);
  CHECK(strange.reason.find("certificate") != std::string::npos);
}

TEST_CASE("sql: a MariaDB that hangs costs the timeout, and no thread", "[probe]") {
  if (!mariadb().there()) return;
  const Result slow = look(on_mariadb(), "SELECT SLEEP(600)", "", "1s");
  CHECK(slow.verdict == Verdict::down);
  const std::size_t before = threads();
  mariadb().process().signal(SIGSTOP);
  const Result hung = look(on_mariadb(), "SELECT 1", "", "500ms");
  CHECK(hung.verdict == Verdict::down);
  CHECK(hung.reason.starts_with("timed out after 500 ms"));
  CHECK(eventually([&] { return threads() <= before; }));
  mariadb().process().signal(SIGCONT);
  CHECK(eventually([] { return look(on_mariadb(), "SELECT 1").verdict == Verdict::up; }));
}

}  // namespace tocsin
