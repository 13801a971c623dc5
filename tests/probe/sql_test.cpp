// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What is the same for every database is looked at with SQLite; for the servers see
// sql_server_test.cpp.
#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/sql_fixture.h"
#include "support/child.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

// A file with a table of jobs.
class Sqlite {
 public:
  Sqlite() {
    sqlite3_open(file().c_str(), &database_);
    run("CREATE TABLE jobs (id INTEGER, name TEXT, at DATETIME, n REAL)");
    run("INSERT INTO jobs VALUES (1, 'one', 'no date', 1.5), ('text', NULL, 17, NULL)");
  }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  std::string file() const { return dir_.path() / "jobs #1.db"; }
  void run(const char* statement) const {
    REQUIRE(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  Result look(const std::string& query, const std::string& more = "",
              const std::string& timeout = "20s") const {
    return tocsin::look("driver: sqlite, database: " + in_quotes(file()), query, more, timeout);
  }

 private:
  TempDir dir_;
  sqlite3* database_ = nullptr;
};

bool is_mapped(const std::string& library) {
  return read_file("/proc/self/maps").find(library) != std::string::npos;
}

}  // namespace

// It stands first: nothing unloads them.
TEST_CASE("sql: no client library is loaded before a check asks for it", "[probe]") {
  CHECK_FALSE(is_mapped("libpq"));
  CHECK_FALSE(is_mapped("libmariadb"));
  CHECK_FALSE(is_mapped("libPocoDataPostgreSQL"));
  const Sqlite file;
  CHECK(file.look("SELECT 1").verdict == Verdict::up);
  make_check("tcp: 127.0.0.1:1");
  CHECK_FALSE(is_mapped("libpq"));
  CHECK_FALSE(is_mapped("libmariadb"));
  make_check("sql: {url: 'postgresql://me@127.0.0.1/x', query: SELECT 1}");
  CHECK(is_mapped("libpq"));
  CHECK_FALSE(is_mapped("libmariadb"));
}

// --- SQLite
// -----------------------------------------------------------------------------------------

TEST_CASE("sql: a value is as it is expected, worse than wished, or wrong", "[probe]") {
  const Sqlite file;
  const std::string limits = ", expect: {value: '< 10'}, degraded_unless: {value: '< 5'}";
  CHECK(file.look("SELECT 4 AS n", limits).verdict == Verdict::up);
  const Result worse = file.look("SELECT 5 AS n", limits);
  CHECK(worse.verdict == Verdict::degraded);
  CHECK(worse.reason == "n is 5, wanted < 5");
  const Result wrong = file.look("SELECT 10 AS n", limits);
  CHECK(wrong.verdict == Verdict::down);
  CHECK(wrong.reason == "n is 10, wanted < 10");
  CHECK(wrong.details == "n\n10");
  REQUIRE(wrong.metrics.size() == 2);
  CHECK(wrong.metrics[0].name == "rows");
  CHECK(wrong.metrics[1].name == "n");
  CHECK(wrong.metrics[1].value == 10);
}

TEST_CASE("sql: rows, columns and patterns are looked at", "[probe]") {
  const Sqlite file;
  const auto reason = [&](const std::string& query, const std::string& expect) {
    const Result result = file.look(query, ", expect: {" + expect + "}");
    CHECK((result.verdict == Verdict::up) == result.reason.empty());
    return result.reason;
  };
  CHECK(reason("SELECT * FROM jobs", "rows: '= 2'").empty());
  CHECK(reason("SELECT * FROM jobs", "rows: '= 0'") == "2 rows, wanted = 0");
  CHECK(reason("SELECT * FROM jobs WHERE id = 7", "rows: '> 0'") == "no row, wanted > 0");
  CHECK(reason("SELECT * FROM jobs WHERE id = 7", "value: '< 1'") == "no row came back");
  CHECK(reason("SELECT * FROM jobs", "columns: {name: one, n: '>= 1.5', at: 'no date'}").empty());
  CHECK(reason("SELECT * FROM jobs", "columns: {name: two}") == "name is \"one\", wanted two");
  CHECK(reason("SELECT * FROM jobs", "columns: {nme: two}") == "no column \"nme\" came back");
  CHECK(reason("SELECT name FROM jobs", "matches: '^o'").empty());
  CHECK(reason("SELECT name FROM jobs", "matches: '^x'") == "name is \"one\", wanted /^x/");
}

TEST_CASE("sql: NULL is not less than anything, and can be asked for", "[probe]") {
  const Sqlite file;
  CHECK(file.look("SELECT NULL AS lag", ", expect: {value: '< 100'}").reason ==
        "lag is NULL, wanted < 100");
  CHECK(file.look("SELECT NULL AS lag", ", expect: {matches: '.*'}").verdict == Verdict::down);
  CHECK(file.look("SELECT NULL", ", expect: {value: 'NULL'}").verdict == Verdict::up);
  CHECK(file.look("SELECT NULL AS lag", ", expect: {value: '!= NULL'}").verdict == Verdict::down);
}

TEST_CASE("sql: values of any type in columns of any type are what they are", "[probe]") {
  const Sqlite file;
  const Result result = file.look("SELECT id, name, at, n FROM jobs", ", expect: {rows: '= 0'}");
  CHECK(result.details == "id | name | at | n\n1 | one | no date | 1.5\ntext | NULL | 17 | NULL");
}

TEST_CASE("sql: a SQLite file is never written, and must be there and be one", "[probe]") {
  const Sqlite file;
  const Result write = file.look("DELETE FROM jobs");
  CHECK(write.verdict == Verdict::down);
  CHECK(write.reason == "attempt to write a readonly database (" + file.file() + ")");
  CHECK(file.look("SELECT count(*) FROM jobs", ", expect: {value: 2}").verdict == Verdict::up);
  CHECK(file.look("SELECT nonsense").reason == "no such column: nonsense (" + file.file() + ")");
  CHECK(file.look("SELECT 1; DROP TABLE jobs").reason ==
        "only one statement can be asked at once (" + file.file() + ")");
  const TempDir dir;
  const std::string none = dir.path() / "none.db";
  const Result missing = look("driver: sqlite, database: " + none, "SELECT 1");
  CHECK(missing.verdict == Verdict::down);
  CHECK(missing.reason == "no such file (" + none + ")");
  CHECK_FALSE(std::filesystem::exists(none));
  const auto text = dir.write("text", std::string(5000, 'x'));
  CHECK(look("driver: sqlite, database: " + text.string(), "SELECT 1 FROM x").reason ==
        "file is not a database (" + text.string() + ")");
}

TEST_CASE("sql: a file that another one writes is waited for, until the timeout", "[probe]") {
  const Sqlite file;
  file.run("BEGIN EXCLUSIVE");
  const Result locked = file.look("SELECT count(*) FROM jobs", "", "500ms");
  CHECK(locked.verdict == Verdict::down);
  file.run("COMMIT");
  CHECK(file.look("SELECT count(*) FROM jobs").verdict == Verdict::up);
}

TEST_CASE("sql: a query without end is ended, and its thread with it", "[probe]") {
  const Sqlite file;
  const char* endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) ";
  const std::size_t before = threads();
  const Result result = file.look(std::string(endless) + "SELECT count(*) FROM c", "", "500ms");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "timed out after 500 ms while the query ran (sqlite " + file.file() + ")");
  CHECK(eventually([&] { return threads() <= before; }));
  const Result many =
      file.look(std::string(endless) + "SELECT x FROM c", ", expect: {rows: '= 1'}");
  CHECK(many.reason == "more than 10000 rows, wanted = 1");
  CHECK(many.details.ends_with("… more than 10000 rows in all"));
}

// --- whoever is no database
// -------------------------------------------------------------------------

TEST_CASE("sql: a server that is none is down, whatever it sends", "[probe]") {
  const std::string noise[] = {"", "HTTP/1.1 400 Bad Request\r\n\r\n",
                               std::string(5'000'000, '\xff'),
                               std::string("\x05\x00\x00\x00\xff", 5)};
  for (const std::string& bytes : noise) {
    const RawServer server([&](RawConnection& connection) { connection.send(bytes); });
    for (const char* driver : {"postgresql", "mysql"}) {
      INFO(driver << ", " << bytes.size() << " bytes");
      const Result result = look(std::string("driver: ") + driver +
                                     ", host: 127.0.0.1, user: x, password: hunter22, port: " +
                                     std::to_string(server.port()),
                                 "SELECT 1", "", "5s");
      CHECK(result.verdict == Verdict::down);
      CHECK_FALSE(result.reason.empty());
      CHECK(result.reason.find("hunter22") == std::string::npos);
    }
  }
}

TEST_CASE("sql: mistakes are told where they are made", "[probe]") {
  const auto told = [](const std::string& settings) {
    const std::string text = problems_of("sql: {" + settings + "}");
    CHECK(text.find("hunter22") == std::string::npos);
    return text;
  };
  const auto has = [&](const std::string& settings, const std::string& part) {
    const std::string text = told(settings);
    INFO(settings << ": " << text);
    CHECK(text.find(part) != std::string::npos);
  };
  has("query: SELECT 1", "error: 'driver' is missing, or 'url'");
  has("driver: mysql, user: x, query: SELECT 1", "error: 'host' is missing");
  has("driver: mysql, host: x, query: SELECT 1", "error: 'user' is missing");
  has("driver: mysql, host: 'a b', user: x, query: SELECT 1", "error: not a host's name");
  has("driver: mysql, host: x, user: x", "error: 'query' is missing");
  has("driver: oracle, host: x, user: x, query: SELECT 1", "error: ");
  has("url: 'mysql://x:hunter22@h/d', host: x, query: q", "error: the URL says it already");
  has("url: 'mysql://x:hunter22@h/d?ssl=1', query: q", "error: no options behind a \"?\"");
  has("driver: sqlite, database: x.db, query: q", "error: 'database' is needed: the absolute path");
  has("driver: sqlite, database: /x.db, user: me, query: q", "error: SQLite has none");
  has("driver: mysql, host: x, user: x, query: q, ca_file: /x", "error: it needs 'tls: true'");
  has("driver: mysql, host: x, user: x, query: q, expect: {value: '< many'}",
      "error: a number is needed behind <, <=, > or >=");
  has("driver: mysql, host: x, user: x, query: q, expect: {rows: 'some'}",
      "error: a number is needed");
  has("driver: mysql, host: x, user: x, query: q, expect: {columns: {a: '> b'}}",
      "error: a number is needed behind <, <=, > or >=: \"a\"");
  CHECK(told("url: 'postgres://x:hunter22@[::1]:5/d', query: q").empty());
}

TEST_CASE("sql: a target names server and database, and no secret", "[probe]") {
  const auto target = [](const std::string& settings) {
    return make_check("sql: {query: q, " + settings + "}")->target;
  };
  CHECK(target("url: 'postgres://x:hunter22@[::1]:5/d'") == "postgresql [::1]:5/d");
  CHECK(target("url: 'mariadb://x@h'") == "mysql h:3306");
  CHECK(target("driver: postgresql, host: /run/postgresql, user: me, database: d") ==
        "postgresql /run/postgresql/d");
  CHECK(target("driver: sqlite, database: /x/y.db") == "sqlite /x/y.db");
}

}  // namespace tocsin
