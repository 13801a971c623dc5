// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The client libraries are big and few need them, so they are loaded when the first check asks for
// them (dlopen(3)) and stay.
//
// Poco::Data would be the one interface to all three, and is not used, since a monitor must neither
// die of an answer nor misread it. Of Poco 1.11's connectors, MySQL's writes to a null pointer when
// a column is a LONGTEXT (information_schema has many); PostgreSQL's reads NaN and infinity as 0,
// "infinity" and "24:00:00" as the present time, a uuid as nothing, and takes no space in a
// password; SQLite's refuses a DATETIME that is not written as it expects. The C interfaces, stable
// for decades, give every value as the text that the server has for it.
#include "probe/sql_client.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/ip/tcp.hpp>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

#include "net/resolver.h"
#include "net/spawn.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostReason = 300;

struct Library {
  const char* file;
  const char* package;
};

constexpr Library library_of(SqlDriver driver) noexcept {
  return driver == SqlDriver::mysql ? Library{"libmariadb.so.3", "libmariadb3"}
                                    : Library{"libpq.so.5", "libpq5"};
}

// The library, loaded if it is not yet; null if it is not there, to be looked for again next time.
// Once it is found it is remembered: dlopen counts its calls, and would for as long as we run.
void* handle_of(SqlDriver driver) {
  static std::array<std::atomic<void*>, 2> found{};
  std::atomic<void*>& handle = found[driver == SqlDriver::mysql ? 1 : 0];
  if (handle == nullptr) handle = dlopen(library_of(driver).file, RTLD_NOW | RTLD_LOCAL);
  return handle;
}

}  // namespace

void SqlBreaker::hold(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  if (cut_ && socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

void SqlBreaker::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

std::string_view to_string(SqlDriver driver) noexcept {
  switch (driver) {
    case SqlDriver::postgresql: return "postgresql";
    case SqlDriver::mysql: return "mysql";
    case SqlDriver::sqlite: return "sqlite";
  }
  return "";
}

std::string load_sql_library(SqlDriver driver) {
  if (driver == SqlDriver::sqlite || handle_of(driver) != nullptr) return {};
  const Library library = library_of(driver);
  return "the client library for " + std::string(to_string(driver)) + " is not installed (" +
         library.file + "): apt install " + library.package;
}

void* sql_symbol(SqlDriver driver, const char* name) {
  void* handle = handle_of(driver);
  void* symbol = handle == nullptr ? nullptr : dlsym(handle, name);
  if (symbol == nullptr) throw std::runtime_error(std::string("no function ") + name);
  return symbol;
}

Millis millis_left(SteadyTime deadline) noexcept {
  const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
  return std::max(left, Millis{1});
}

unsigned seconds_left(SteadyTime deadline) noexcept {
  return static_cast<unsigned>(
      std::chrono::ceil<std::chrono::seconds>(millis_left(deadline)).count());
}

int probe_connection(const std::string& address, std::uint16_t port, Millis most) {
  std::error_code error;
  const asio::ip::tcp::endpoint where(asio::ip::make_address(address, error), port);
  if (error) return EINVAL;
  const OwnedDescriptor fd(
      socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (connect(fd.get(), where.data(), static_cast<socklen_t>(where.size())) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, static_cast<int>(most.count())) <= 0) return ETIMEDOUT;
  int result = 0;
  socklen_t size = sizeof result;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &result, &size);
  return result;
}

bool count_row(SqlAnswer& answer) noexcept {
  if (answer.row_count == kMostRows) {
    answer.more = true;
    return false;
  }
  return ++answer.row_count <= kKeptRows;
}

std::optional<std::string> kept_value(const char* value, std::size_t size) {
  return std::string(value, std::min(size, kMostValue));
}

void ask_in_turn(const SqlQuestion& question, SqlAnswer& answer,
                 const std::function<bool(const std::string& address)>& look) {
  if (question.addresses.empty()) {
    answer.address = question.host;
    look("");
    return;
  }
  for (const std::string& address : question.addresses) {
    answer.address = show_address(asio::ip::make_address(address), question.port);
    if (look(address)) return;
  }
}

void fail(SqlAnswer& answer, SqlAnswer::Fault fault, std::string text) {
  answer.fault = fault;
  answer.text = printable(trim(text), kMostReason);
}

SqlAnswer ask_sql(const SqlQuestion& question, SqlBreaker& breaker) {
  SqlAnswer answer;
  try {
    const std::string missing = load_sql_library(question.driver);
    if (!missing.empty()) {
      fail(answer, SqlAnswer::Fault::ours, missing);
      return answer;
    }
    breaker.stage = SqlBreaker::Stage::connecting;
    switch (question.driver) {
      case SqlDriver::postgresql: ask_postgresql(question, breaker, answer); break;
      case SqlDriver::mysql: ask_mysql(question, breaker, answer); break;
      case SqlDriver::sqlite: ask_sqlite(question, breaker, answer); break;
    }
  } catch (const std::exception& error) {
    // Neither a server's fault nor ours to foresee: memory, or a library that is none.
    fail(answer, SqlAnswer::Fault::ours, std::string("the look failed: ") + error.what());
  }
  return answer;
}

}  // namespace tocsin
