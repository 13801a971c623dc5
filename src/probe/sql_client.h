// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/secret.h"
#include "tocsin/time.h"

namespace tocsin {

enum class SqlDriver : std::uint8_t { postgresql, mysql, sqlite };

// How a server is spoken to. `plain` with PostgreSQL means libpq's "prefer": TLS if it is offered,
// and nothing said about by whom.
enum class SqlTls : std::uint8_t { plain, off, unverified, verified };

// Whom to ask and what. A value type: a worker's thread owns its own.
struct SqlQuestion {
  SqlDriver driver = SqlDriver::postgresql;
  std::string host;                    // as configured; a path: that unix socket, or its folder
  std::vector<std::string> addresses;  // of the host, in the order in which to try them
  std::uint16_t port = 0;
  std::string database;  // for SQLite: the file
  std::string user;
  Secret password;
  SqlTls tls = SqlTls::plain;
  std::string ca_file;
  std::string query;
  SteadyTime deadline;
};

// What came back. Texts are as the server sent them.
struct SqlAnswer {
  enum class Fault : std::uint8_t { none, ours, theirs, late };
  using Row = std::vector<std::optional<std::string>>;  // nothing: NULL

  Fault fault = Fault::none;
  std::string text;     // why there is no answer; holds no secret
  std::string address;  // the one that was used: "127.0.0.1:5432", or the socket or file
  std::optional<Micros> connected;  // how long that took, logging in included
  std::optional<Micros> answered;   // how long the query took
  std::vector<std::string> columns;
  std::vector<Row> rows;      // the first kKeptRows
  std::size_t row_count = 0;  // of all, up to kMostRows
  bool more = false;          // than kMostRows
};

inline constexpr std::size_t kKeptRows = 50;
inline constexpr std::size_t kMostRows = 10'000;
inline constexpr std::size_t kMostColumns = 256;
// What is kept of one value.
inline constexpr std::size_t kMostValue = 4096;

// Ends a look from outside: none of the client libraries does that. It cuts the connection, so that
// the thread that waits for an answer comes back. Thread-safe.
class SqlBreaker {
 public:
  // The look's connection, as long as it is open; -1: none.
  void hold(int socket);
  void cut();

  enum class Stage : std::uint8_t { waiting, connecting, asking };
  std::atomic<Stage> stage{Stage::waiting};

 private:
  // A descriptor that is closed may be somebody else's the next moment: closing and cutting meet.
  std::mutex mutex_;
  int socket_ = -1;
  bool cut_ = false;
};

// Connects, asks, reads. Blocks, by the deadline at the longest where the library can be told so:
// for a worker's thread. Never throws.
SqlAnswer ask_sql(const SqlQuestion& question, SqlBreaker& breaker);

// Loads what the driver needs. Empty, or what is missing and the package that brings it. It stays
// loaded. Thread-safe.
std::string load_sql_library(SqlDriver driver);

std::string_view to_string(SqlDriver driver) noexcept;

// --- what the drivers share
// --------------------------------------------------------------------------

// Where a function of a library is loaded; throws std::runtime_error if it is not there.
void* sql_symbol(SqlDriver driver, const char* name);
// Seconds until the deadline, at least one: what libraries take.
unsigned seconds_left(SteadyTime deadline) noexcept;
Millis millis_left(SteadyTime deadline) noexcept;
// Why a TCP connection to that address cannot be made, as an errno; 0 if it can.
int probe_connection(const std::string& address, std::uint16_t port, Millis most);
// Counts one more row; false if it is not among those that are kept.
bool count_row(SqlAnswer& answer) noexcept;
// A value of that many bytes, as far as it is kept.
std::optional<std::string> kept_value(const char* value, std::size_t size);
void fail(SqlAnswer& answer, SqlAnswer::Fault fault, std::string text);
// Looks at each address until `look` says that no other may do better; at the host as it is
// configured, a socket, if it has none. Notes which one it was.
void ask_in_turn(const SqlQuestion& question, SqlAnswer& answer,
                 const std::function<bool(const std::string& address)>& look);

void ask_postgresql(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer);
void ask_mysql(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer);
void ask_sqlite(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer);

}  // namespace tocsin
