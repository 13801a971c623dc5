// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// PostgreSQL through Poco::Data, whose connector is loaded at run time. The server is told to give
// up by itself (statement_timeout), to change nothing, and, where the query allows it, to send no
// more rows than are wanted: libpq would take all of them into memory.
#include <Poco/Data/DataException.h>
#include <Poco/Data/PostgreSQL/SessionHandle.h>
#include <libpq-fe.h>

#include <algorithm>
#include <string_view>

#include "net/resolver.h"
#include "probe/sql_client.h"
#include "probe/sql_poco.h"
#include "util/text.h"

namespace tocsin {
namespace {

// A value of a connection string (libpq's manual, 34.1.1). White space cannot be in it: Poco splits
// there; parsing the settings refuses it.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '\'') out += '\\';
    out += c;
  }
  return out;
}

const char* ssl_mode(SqlTls tls) noexcept {
  switch (tls) {
    case SqlTls::plain: return "prefer";
    case SqlTls::off: return "disable";
    case SqlTls::unverified: return "require";
    case SqlTls::verified: return "verify-full";
  }
  return "prefer";
}

// Whatever is not given is said all the same: libpq would take it from the environment or from
// files of the user's.
std::string connection_string(const SqlQuestion& question, const std::string& address) {
  std::string out =
      "application_name=tocsin client_encoding=UTF8 gssencmode=disable "
      "passfile=/nonexistent service= sslmode=";
  out += ssl_mode(question.tls);
  const auto add = [&out](const char* key, std::string_view value) {
    if (!value.empty()) out.append(" ").append(key).append("=").append(escaped(value));
  };
  add("host", question.host);
  add("hostaddr", address);
  add("port", std::to_string(question.port));
  add("dbname", question.database);
  add("user", question.user);
  add("password", question.password.reveal());
  add("sslrootcert", question.ca_file);
  return out;
}

// libpq says: 'connection to server at "::1", port 5432 failed: FATAL:  why', and hints below;
// statements: 'postgresql_stmt_execute error: ERROR:  why', and more below.
std::string words_of(const Poco::Exception& error) {
  const std::string all = error.message();
  std::string_view text = all;
  for (const std::string_view mark : {" failed: ", "FATAL:  ", "ERROR:  "}) {
    const std::size_t at = text.find(mark);
    if (at != std::string_view::npos) text.remove_prefix(at + mark.size());
  }
  text = trim(text.substr(0, text.find('\n')));
  if (text.starts_with("Connection refused")) return "connection refused";
  if (text.starts_with("timeout expired")) return "no answer in time";
  return std::string(text);
}

bool is_ours(std::string_view text) {
  return text.find("could not create socket") != std::string_view::npos ||
         text.find("Too many open files") != std::string_view::npos ||
         text.find("out of memory") == 0;
}

// A query that only reads can be a cursor's, which sends a bounded number of rows.
bool can_be_cursor(std::string_view query) {
  const std::size_t begin = query.find_first_not_of(" \t\r\n(");
  if (begin == std::string_view::npos) return false;
  const std::string word = to_lower(query.substr(begin, 6));
  return word == "select" || word.starts_with("values") || word.starts_with("table ");
}

std::string without_semicolon(std::string_view query) {
  query = trim(query);
  while (query.ends_with(';')) query = trim(query.substr(0, query.size() - 1));
  return std::string(query);
}

int socket_of(Poco::Data::Session& session) {
  auto* handle =
      Poco::AnyCast<Poco::Data::PostgreSQL::SessionHandle*>(session.getProperty("handle"));
  const auto socket =
      reinterpret_cast<decltype(&PQsocket)>(sql_symbol(SqlDriver::postgresql, "PQsocket"));
  return socket(static_cast<PGconn*>(*handle));
}

void ask(Poco::Data::Session& session, const SqlQuestion& question, SqlAnswer& answer) {
  const std::string query = without_semicolon(question.query);
  run_statement(
      session, "SET statement_timeout = " + std::to_string(millis_left(question.deadline).count()));
  run_statement(session, "SET default_transaction_read_only = on");
  const SteadyTime begun = std::chrono::steady_clock::now();
  if (can_be_cursor(query)) {
    run_statement(session, "BEGIN");
    run_statement(session, "DECLARE tocsin NO SCROLL CURSOR FOR " + query);
    read_answer(session, "FETCH " + std::to_string(kMostRows + 1) + " FROM tocsin", answer);
  } else {
    read_answer(session, query, answer);
  }
  answer.answered = micros_between(begun, std::chrono::steady_clock::now());
}

// False if the next address may do better.
bool look(const SqlQuestion& question, const std::string& address, SqlBreaker& breaker,
          SqlAnswer& answer) {
  struct Holding {
    SqlBreaker& breaker;
    ~Holding() { breaker.hold(-1); }
  };
  const SteadyTime begun = std::chrono::steady_clock::now();
  try {
    Poco::Data::Session session("postgresql", connection_string(question, address),
                                seconds_left(question.deadline));
    const Holding holding{breaker};
    breaker.hold(socket_of(session));
    breaker.stage = SqlBreaker::Stage::asking;
    answer.connected = micros_between(begun, std::chrono::steady_clock::now());
    answer.fault = SqlAnswer::Fault::none;
    ask(session, question, answer);
    return true;
  } catch (const Poco::Data::DataException& error) {
    const std::string words = words_of(error);
    fail(answer, is_ours(words) ? SqlAnswer::Fault::ours : SqlAnswer::Fault::theirs, words);
    return answer.connected.has_value();
  }
}

}  // namespace

void ask_postgresql(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer) {
  if (question.addresses.empty()) {
    answer.address = question.host;
    look(question, "", breaker, answer);
    return;
  }
  for (const std::string& address : question.addresses) {
    const auto literal = asio::ip::make_address(address);
    answer.address = show_address(literal, question.port);
    if (look(question, address, breaker, answer)) return;
  }
}

}  // namespace tocsin
