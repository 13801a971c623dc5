// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// MySQL and MariaDB by libmariadb, loaded at run time. Rows come as texts and one by one
// (mysql_use_result), so that no table fills our memory. A server is not trusted: it may not ask
// for our files (LOAD DATA LOCAL), nor for the password in the clear.
#include <mysql/mysql.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "net/errno_text.h"
#include "probe/sql_client.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr unsigned kUnknownVariable = 1193;                // ER_UNKNOWN_SYSTEM_VARIABLE
constexpr unsigned kConnectionError = 2002;                // CR_CONNECTION_ERROR
constexpr unsigned kConnectHostError = 2003;               // CR_CONN_HOST_ERROR
constexpr unsigned kServerLost = 2013;                     // CR_SERVER_LOST
constexpr unsigned kNoMeans[] = {2001, 2004, 2008, 2059};  // sockets, memory; an auth plugin

const char* const kAuthPlugins =
    "mysql_native_password,caching_sha2_password,client_ed25519,sha256_password";

// A function of libmariadb, of the type that mysql.h declares.
template <typename Function>
Function* load(const char* name) {
  return reinterpret_cast<Function*>(sql_symbol(SqlDriver::mysql, name));
}

struct Api {
  decltype(::mysql_close)* close = load<decltype(::mysql_close)>("mysql_close");
  decltype(::mysql_errno)* error_number = load<decltype(::mysql_errno)>("mysql_errno");
  decltype(::mysql_error)* error = load<decltype(::mysql_error)>("mysql_error");
  decltype(::mysql_fetch_fields)* fetch_fields =
      load<decltype(::mysql_fetch_fields)>("mysql_fetch_fields");
  decltype(::mysql_fetch_lengths)* fetch_lengths =
      load<decltype(::mysql_fetch_lengths)>("mysql_fetch_lengths");
  decltype(::mysql_fetch_row)* fetch_row = load<decltype(::mysql_fetch_row)>("mysql_fetch_row");
  decltype(::mysql_free_result)* free_result =
      load<decltype(::mysql_free_result)>("mysql_free_result");
  decltype(::mysql_get_socket)* get_socket = load<decltype(::mysql_get_socket)>("mysql_get_socket");
  decltype(::mysql_init)* init = load<decltype(::mysql_init)>("mysql_init");
  decltype(::mysql_num_fields)* num_fields = load<decltype(::mysql_num_fields)>("mysql_num_fields");
  decltype(::mysql_options)* options = load<decltype(::mysql_options)>("mysql_options");
  decltype(::mysql_real_connect)* real_connect =
      load<decltype(::mysql_real_connect)>("mysql_real_connect");
  decltype(::mysql_real_query)* real_query = load<decltype(::mysql_real_query)>("mysql_real_query");
  decltype(::mysql_server_init)* server_init =
      load<decltype(::mysql_server_init)>("mysql_server_init");
  decltype(::mysql_use_result)* use_result = load<decltype(::mysql_use_result)>("mysql_use_result");
};

// Found once; tried again where that failed.
const Api& the_api() {
  static const Api kApi;
  return kApi;
}

class Connection {
 public:
  Connection(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer)
      : question_(question), breaker_(breaker), answer_(answer), handle_(api_.init(nullptr)) {
    if (handle_ == nullptr) throw std::runtime_error("no memory for a connection");
  }
  ~Connection() {
    breaker_.hold(-1);
    api_.close(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False if the next address may do better.
  bool look(const std::string& address);

 private:
  void set_options();
  bool connect(const std::string& address);
  bool run(const std::string& statement);
  bool prepare();
  void ask();
  void read(MYSQL_RES* result);
  void fail_query();
  void refuse(const std::string& address);

  const Api& api_ = the_api();
  const SqlQuestion& question_;
  SqlBreaker& breaker_;
  SqlAnswer& answer_;
  MYSQL* handle_;
};

void Connection::set_options() {
  const unsigned seconds = seconds_left(question_.deadline);
  const unsigned no_files = 0;
  const my_bool yes = 1;
  const my_bool verify = question_.tls == SqlTls::verified ? 1 : 0;
  for (const auto option :
       {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT}) {
    api_.options(handle_, option, &seconds);
  }
  // Else "localhost" would be its default socket.
  const unsigned tcp = MYSQL_PROTOCOL_TCP;
  if (!question_.host.starts_with('/')) api_.options(handle_, MYSQL_OPT_PROTOCOL, &tcp);
  api_.options(handle_, MYSQL_OPT_LOCAL_INFILE, &no_files);
  api_.options(handle_, MARIADB_OPT_RESTRICTED_AUTH, kAuthPlugins);
  api_.options(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (question_.tls != SqlTls::unverified && question_.tls != SqlTls::verified) return;
  api_.options(handle_, MYSQL_OPT_SSL_ENFORCE, &yes);
  api_.options(handle_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (!question_.ca_file.empty()) {
    api_.options(handle_, MYSQL_OPT_SSL_CA, question_.ca_file.c_str());
  }
}

// A verified certificate must bear the name, so that the library gets the name then.
bool Connection::connect(const std::string& address) {
  const bool is_socket = address.empty();
  const std::string host = question_.tls == SqlTls::verified ? question_.host : address;
  const auto optional = [](const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
  };
  const SteadyTime begun = std::chrono::steady_clock::now();
  const MYSQL* connected =
      api_.real_connect(handle_, is_socket ? nullptr : host.c_str(), question_.user.c_str(),
                        question_.password.reveal().c_str(), optional(question_.database),
                        question_.port, is_socket ? question_.host.c_str() : nullptr, 0);
  if (connected == nullptr) return false;
  answer_.connected = micros_between(begun, std::chrono::steady_clock::now());
  breaker_.hold(static_cast<int>(api_.get_socket(handle_)));
  breaker_.stage = SqlBreaker::Stage::asking;
  return true;
}

bool Connection::look(const std::string& address) {
  set_options();
  if (!connect(address)) {
    refuse(address);
    return false;
  }
  answer_.fault = SqlAnswer::Fault::none;
  if (prepare()) ask();
  return true;
}

bool Connection::run(const std::string& statement) {
  if (api_.real_query(handle_, statement.data(), statement.size()) == 0) return true;
  fail_query();
  return false;
}

void Connection::fail_query() {
  const bool late = std::chrono::steady_clock::now() >= question_.deadline;
  fail(answer_, late ? SqlAnswer::Fault::late : SqlAnswer::Fault::theirs, api_.error(handle_));
}

// MariaDB and MySQL have different names for the time limit; one that has neither is old, and does
// without.
bool Connection::prepare() {
  const auto left = millis_left(question_.deadline).count();
  const std::string mariadb = "SET SESSION max_statement_time = " + std::to_string(left / 1000) +
                              "." + std::to_string(left % 1000 / 100);
  const std::string mysql = "SET SESSION max_execution_time = " + std::to_string(left);
  for (const std::string& limit : {mariadb, mysql}) {
    if (run(limit)) break;
    if (api_.error_number(handle_) != kUnknownVariable) return false;
  }
  answer_.fault = SqlAnswer::Fault::none;
  answer_.text.clear();
  return run("SET SESSION sql_select_limit = " + std::to_string(kMostRows + 1)) &&
         run("SET SESSION TRANSACTION READ ONLY");
}

void Connection::ask() {
  const SteadyTime begun = std::chrono::steady_clock::now();
  if (!run(question_.query)) return;
  const std::unique_ptr<MYSQL_RES, decltype(api_.free_result)> result(api_.use_result(handle_),
                                                                      api_.free_result);
  if (result) read(result.get());
  if (api_.error_number(handle_) != 0) {
    fail_query();
    return;
  }
  answer_.answered = micros_between(begun, std::chrono::steady_clock::now());
}

void Connection::read(MYSQL_RES* result) {
  const std::size_t columns = std::min<std::size_t>(api_.num_fields(result), kMostColumns);
  const MYSQL_FIELD* fields = api_.fetch_fields(result);
  for (std::size_t i = 0; i < columns; ++i) answer_.columns.emplace_back(fields[i].name);
  // To the last one, of which sql_select_limit sees: the library wants them all to be taken.
  while (const MYSQL_ROW values = api_.fetch_row(result)) {
    if (!count_row(answer_)) continue;
    const auto* lengths = api_.fetch_lengths(result);
    SqlAnswer::Row row;
    for (std::size_t i = 0; i < columns; ++i) {
      row.push_back(values[i] == nullptr ? std::nullopt : kept_value(values[i], lengths[i]));
    }
    answer_.rows.push_back(std::move(row));
  }
}

// libmariadb names no reason where the network refused: the kernel is asked once more.
void Connection::refuse(const std::string& address) {
  const unsigned code = api_.error_number(handle_);
  const bool no_means =
      std::find(std::begin(kNoMeans), std::end(kNoMeans), code) != std::end(kNoMeans);
  std::string text = api_.error(handle_);
  if ((code == kConnectionError || code == kConnectHostError) && !address.empty()) {
    const int error = probe_connection(address, question_.port,
                                       std::min(millis_left(question_.deadline), Millis{500}));
    if (error != 0) text = errno_text(error, "");
  } else if (code == kServerLost) {
    text = "no MySQL server answers: " + text;
  }
  fail(answer_, no_means ? SqlAnswer::Fault::ours : SqlAnswer::Fault::theirs, std::move(text));
}

}  // namespace

void ask_mysql(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer) {
  // mysql_init would do it by itself, but not safely on two threads at once.
  static const bool ready = the_api().server_init(0, nullptr, nullptr) == 0;
  if (!ready) throw std::runtime_error("libmariadb does not start");
  ask_in_turn(question, answer, [&](const std::string& address) {
    return Connection(question, breaker, answer).look(address);
  });
}

}  // namespace tocsin
