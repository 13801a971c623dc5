// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/session.h"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Data::Keywords::into;
using Poco::Data::Keywords::now;

// Poco tries to open a file again and again for this many seconds, a minute unless told.
constexpr std::size_t kTryOnce = 0;

std::string uri_of(const std::filesystem::path& file, SqliteSession::Access access) {
  const std::string base = "file:" + percent_encode(std::filesystem::absolute(file).native());
  switch (access) {
    case SqliteSession::Access::read_write: return base + "?mode=rw";
    case SqliteSession::Access::read_only: return base + "?mode=ro";
    case SqliteSession::Access::frozen: return base + "?mode=ro&immutable=1";
  }
  return base;
}

const Poco::Exception* as_poco(const std::exception& error) {
  return dynamic_cast<const Poco::Exception*>(&error);
}

// Poco's own message is the statement's text; what went wrong is the class name's business there.
std::string detail_of(const std::exception& error) {
  const Poco::Exception* poco = as_poco(error);
  return poco == nullptr ? error.what() : poco->displayText();
}

Poco::Data::Session open(const std::filesystem::path& file, SqliteSession::Access access) {
  Poco::Data::SQLite::Connector::registerConnector();  // idempotent
  try {
    return Poco::Data::Session("SQLite", uri_of(file, access), kTryOnce);
  } catch (const std::exception& error) {
    std::error_code ignored;
    const bool exists = std::filesystem::exists(file, ignored);
    throw make_failure(Fault::unavailable, file.native(),
                       exists ? detail_of(error) : "no such file", 0);
  }
}

}  // namespace

SqliteSession::SqliteSession(std::filesystem::path file, Access access, Millis busy_timeout)
    : file_(std::move(file)), session_(open(file_, access)) {
  guarded(*this, [&] { run("PRAGMA busy_timeout = " + std::to_string(busy_timeout.count())); });
}

SqliteSession::~SqliteSession() = default;

void SqliteSession::run(const std::string& sql) {
  session_ << sql, now;
}

std::int64_t SqliteSession::number(const std::string& sql) {
  Poco::Int64 value = 0;
  session_ << sql, into(value), now;
  return value;
}

std::string SqliteSession::text(const std::string& sql) {
  std::string value;
  session_ << sql, into(value), now;
  return value;
}

bool SqliteSession::is_read_only() {
  return sqlite3_db_readonly(Poco::Data::SQLite::Utility::dbHandle(session_), "main") == 1;
}

bool SqliteSession::is_in_transaction() {
  return sqlite3_get_autocommit(Poco::Data::SQLite::Utility::dbHandle(session_)) == 0;
}

void SqliteSession::keep_log_on_close(bool keep) {
  sqlite3_db_config(Poco::Data::SQLite::Utility::dbHandle(session_),
                    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

Failure SqliteSession::failure(const std::exception& error) {
  sqlite3* handle = Poco::Data::SQLite::Utility::dbHandle(session_);
  const int code = sqlite3_extended_errcode(handle);
  const bool from_sqlite = as_poco(error) != nullptr && code != SQLITE_OK;
  if (!from_sqlite) return make_failure(Fault::other, file_.native(), detail_of(error), 0);
  const std::string said = sqlite3_errmsg(handle);
  // A header that was overwritten in the right places reads as a format from the future.
  const bool format = code == SQLITE_ERROR && said.find("unsupported file format") == 0;
  const int system_error = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN
                               ? sqlite3_system_errno(handle)
                               : 0;
  const Fault fault = format ? Fault::damaged : fault_of(code, system_error);
  return make_failure(fault, file_.native(), said, system_error);
}

}  // namespace tocsin
