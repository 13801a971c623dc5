// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// PostgreSQL by libpq, loaded at run time. It is driven without blocking, so that the thread comes
// back at the deadline whatever the server does; rows come as texts and one by one (single-row
// mode), so that no table fills our memory. What is set is set for the transaction only: a pooler
// may give the session to somebody else next.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "net/errno_text.h"
#include "probe/sql_client.h"
#include "util/text.h"

namespace tocsin {
namespace {

// A function of libpq, of the type that libpq-fe.h declares.
template <typename Function>
Function* load(const char* name) {
  return reinterpret_cast<Function*>(sql_symbol(SqlDriver::postgresql, name));
}

struct Api {
  decltype(::PQclear)* clear = load<decltype(::PQclear)>("PQclear");
  decltype(::PQconnectPoll)* connect_poll = load<decltype(::PQconnectPoll)>("PQconnectPoll");
  decltype(::PQconnectStartParams)* connect_start =
      load<decltype(::PQconnectStartParams)>("PQconnectStartParams");
  decltype(::PQconsumeInput)* consume_input = load<decltype(::PQconsumeInput)>("PQconsumeInput");
  decltype(::PQerrorMessage)* error_message = load<decltype(::PQerrorMessage)>("PQerrorMessage");
  decltype(::PQfinish)* finish = load<decltype(::PQfinish)>("PQfinish");
  decltype(::PQfname)* field_name = load<decltype(::PQfname)>("PQfname");
  decltype(::PQgetisnull)* is_null = load<decltype(::PQgetisnull)>("PQgetisnull");
  decltype(::PQgetlength)* length = load<decltype(::PQgetlength)>("PQgetlength");
  decltype(::PQgetResult)* get_result = load<decltype(::PQgetResult)>("PQgetResult");
  decltype(::PQgetvalue)* value = load<decltype(::PQgetvalue)>("PQgetvalue");
  decltype(::PQisBusy)* is_busy = load<decltype(::PQisBusy)>("PQisBusy");
  decltype(::PQnfields)* fields = load<decltype(::PQnfields)>("PQnfields");
  decltype(::PQresultErrorField)* error_field =
      load<decltype(::PQresultErrorField)>("PQresultErrorField");
  decltype(::PQresultStatus)* result_status = load<decltype(::PQresultStatus)>("PQresultStatus");
  decltype(::PQsendQuery)* send = load<decltype(::PQsendQuery)>("PQsendQuery");
  decltype(::PQsendQueryParams)* send_one =
      load<decltype(::PQsendQueryParams)>("PQsendQueryParams");
  decltype(::PQsetSingleRowMode)* single_rows =
      load<decltype(::PQsetSingleRowMode)>("PQsetSingleRowMode");
  decltype(::PQsocket)* socket = load<decltype(::PQsocket)>("PQsocket");
  decltype(::PQstatus)* status = load<decltype(::PQstatus)>("PQstatus");
};

const char* ssl_mode(SqlTls tls) noexcept {
  switch (tls) {
    case SqlTls::plain: return "prefer";
    case SqlTls::off: return "disable";
    case SqlTls::unverified: return "require";
    case SqlTls::verified: return "verify-full";
  }
  return "prefer";
}

// Found once; tried again where that failed.
const Api& the_api() {
  static const Api kApi;
  return kApi;
}

class Connection {
 public:
  Connection(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer)
      : question_(question), breaker_(breaker), answer_(answer) {}
  ~Connection() { api_.finish(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False if the next address may do better.
  bool look(const std::string& address);

 private:
  using Result = std::unique_ptr<PGresult, decltype(::PQclear)*>;

  void begin(const std::string& address);
  bool connect();
  bool wait(short events);
  bool prepare();
  void ask();
  bool next(Result& into);
  bool take(const PGresult* result);
  void refuse();
  void fail_late();

  const Api& api_ = the_api();
  const SqlQuestion& question_;
  SqlBreaker& breaker_;
  SqlAnswer& answer_;
  PGconn* handle_ = nullptr;
};

// Whatever is not given is said all the same: libpq would take it from the environment or from
// files of the user's.
void Connection::begin(const std::string& address) {
  const std::string port = std::to_string(question_.port);
  const std::pair<const char*, const char*> options[] = {
      {"host", question_.host.c_str()},
      {"hostaddr", address.c_str()},
      {"port", port.c_str()},
      {"dbname", question_.database.empty() ? question_.user.c_str() : question_.database.c_str()},
      {"user", question_.user.c_str()},
      {"password", question_.password.reveal().c_str()},
      {"passfile", "/nonexistent"},
      {"sslmode", ssl_mode(question_.tls)},
      {"sslrootcert", question_.ca_file.c_str()},
      {"gssencmode", "disable"},
      {"application_name", "tocsin"},
      {"client_encoding", "UTF8"}};
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : options) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  handle_ = api_.connect_start(names.data(), values.data(), 0);
}

// False once the deadline is over.
bool Connection::wait(short events) {
  const auto left = question_.deadline - std::chrono::steady_clock::now();
  if (left <= SteadyTime::duration::zero()) return false;
  pollfd ready{.fd = api_.socket(handle_), .events = events, .revents = 0};
  return poll(&ready, 1, static_cast<int>(millis_left(question_.deadline).count())) != 0;
}

bool Connection::connect() {
  if (handle_ == nullptr || api_.status(handle_) == CONNECTION_BAD) return false;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (!wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return false;
    state = api_.connect_poll(handle_);
    if (state == PGRES_POLLING_FAILED) return false;
  }
  return true;
}

bool Connection::look(const std::string& address) {
  const SteadyTime begun = std::chrono::steady_clock::now();
  begin(address);
  if (!connect()) {
    refuse();
    return false;
  }
  answer_.connected = micros_between(begun, std::chrono::steady_clock::now());
  answer_.fault = SqlAnswer::Fault::none;
  breaker_.stage = SqlBreaker::Stage::asking;
  if (prepare()) ask();
  return true;
}

bool Connection::prepare() {
  const std::string setup = "BEGIN READ ONLY; SET LOCAL statement_timeout = " +
                            std::to_string(millis_left(question_.deadline).count());
  if (api_.send(handle_, setup.c_str()) == 0) return refuse(), false;
  Result result(nullptr, api_.clear);
  while (next(result) && result) {
    if (!take(result.get())) return false;
  }
  return answer_.fault == SqlAnswer::Fault::none;
}

// One statement only, by the extended protocol: nobody ends the transaction with a semicolon.
void Connection::ask() {
  const SteadyTime begun = std::chrono::steady_clock::now();
  if (api_.send_one(handle_, question_.query.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
      0) {
    return refuse();
  }
  api_.single_rows(handle_);
  Result result(nullptr, api_.clear);
  while (!answer_.more && next(result) && result) {
    if (!take(result.get())) return;
  }
  if (answer_.fault == SqlAnswer::Fault::none) {
    answer_.answered = micros_between(begun, std::chrono::steady_clock::now());
  }
}

// The next result, or none after the last one. False if the connection failed, which is told.
bool Connection::next(Result& into) {
  while (api_.is_busy(handle_) != 0) {
    if (!wait(POLLIN)) return fail_late(), false;
    if (api_.consume_input(handle_) == 0) return refuse(), false;
  }
  into.reset(api_.get_result(handle_));
  return true;
}

// False if it is an error, which is told.
bool Connection::take(const PGresult* result) {
  const ExecStatusType status = api_.result_status(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return true;
  if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
    const char* why = api_.error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (why == nullptr) return refuse(), false;
    return fail(answer_, SqlAnswer::Fault::theirs, why), false;
  }
  const int columns = std::min(api_.fields(result), static_cast<int>(kMostColumns));
  if (answer_.columns.empty()) {
    for (int i = 0; i < columns; ++i) answer_.columns.emplace_back(api_.field_name(result, i));
  }
  if (status == PGRES_TUPLES_OK || !count_row(answer_)) return true;
  SqlAnswer::Row row;
  for (int i = 0; i < columns; ++i) {
    row.push_back(api_.is_null(result, 0, i) != 0
                      ? std::nullopt
                      : kept_value(api_.value(result, 0, i),
                                   static_cast<std::size_t>(api_.length(result, 0, i))));
  }
  answer_.rows.push_back(std::move(row));
  return true;
}

void Connection::fail_late() {
  fail(answer_, SqlAnswer::Fault::late, "");
}

// libpq says: 'connection to server at "::1", port 5432 failed: FATAL:  why', and hints below.
void Connection::refuse() {
  const std::string all = handle_ == nullptr ? "out of memory" : api_.error_message(handle_);
  std::string_view text = all;
  for (const std::string_view mark : {" failed: ", "FATAL:  "}) {
    const std::size_t at = text.find(mark);
    if (at != std::string_view::npos) text.remove_prefix(at + mark.size());
  }
  text = trim(text.substr(0, text.find('\n')));
  const bool ours =
      text.starts_with("could not create socket") || text.starts_with("out of memory");
  if (text.empty()) return fail_late();
  if (text == "Connection refused") text = "connection refused";
  fail(answer_, ours ? SqlAnswer::Fault::ours : SqlAnswer::Fault::theirs, std::string(text));
}

}  // namespace

void ask_postgresql(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer) {
  ask_in_turn(question, answer, [&](const std::string& address) {
    return Connection(question, breaker, answer).look(address);
  });
}

}  // namespace tocsin
