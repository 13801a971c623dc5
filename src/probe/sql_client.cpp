// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The client libraries are big and few need them, so they are loaded when the first check asks for
// them (dlopen(3)) and stay. PostgreSQL is spoken to by Poco's connector, which needs no more than
// to be registered once loaded. MySQL's connector of Poco 1.11 is not used: it writes to a null
// pointer when a column is a LONGTEXT (information_schema has many), and no server may end the
// daemon; libmariadb itself is, as its C interface is stable.
#include "probe/sql_client.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

#include "net/spawn.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostReason = 300;

struct Library {
  const char* file;
  const char* package;
  const char* register_it;  // a function without arguments to call once it is loaded, or null
};

constexpr Library library_of(SqlDriver driver) noexcept {
  if (driver == SqlDriver::mysql) return {"libmariadb.so.3", "libmariadb3", nullptr};
  return {"libPocoDataPostgreSQL.so." TOCSIN_POCO_SOVERSION,
          "libpocodatapostgresql" TOCSIN_POCO_SOVERSION,
          "_ZN4Poco4Data10PostgreSQL9Connector17registerConnectorEv"};
}

// The handle, loaded if need be; null if it cannot be. dlopen counts, and gives the same again.
void* handle_of(SqlDriver driver) {
  return dlopen(library_of(driver).file, RTLD_NOW | RTLD_LOCAL);
}

bool register_connector(void* handle, const char* name) {
  using Function = void (*)();
  const auto function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr) return false;
  function();
  return true;
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
  if (driver == SqlDriver::sqlite) return {};
  // Initialised by the first who needs it, and again by the next one if that failed: a package
  // that is installed meanwhile is found without a restart.
  static std::mutex mutex;
  static bool loaded[2] = {};
  const std::lock_guard lock(mutex);
  bool& done = loaded[driver == SqlDriver::mysql ? 1 : 0];
  if (done) return {};
  const Library library = library_of(driver);
  void* handle = handle_of(driver);
  const bool registered = handle != nullptr && (library.register_it == nullptr ||
                                                register_connector(handle, library.register_it));
  done = registered;
  if (registered) return {};
  return std::string("the client library for ") + std::string(to_string(driver)) +
         " is not installed (" + library.file + "): apt install " + library.package;
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
      case SqlDriver::sqlite: ask_sqlite(question, answer); break;
    }
  } catch (const std::exception& error) {
    // Neither a server's fault nor ours to foresee: memory, or a library that is none.
    fail(answer, SqlAnswer::Fault::ours, std::string("the look failed: ") + error.what());
  }
  return answer;
}

}  // namespace tocsin
