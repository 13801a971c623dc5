// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// SQLite through Poco::Data: the library is in the daemon anyway. The file is opened for reading
// only, and a query that takes too long is stopped from within, by SQLite's progress handler.
#include <Poco/Data/DataException.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/SQLite/Utility.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "probe/sql_client.h"
#include "probe/sql_poco.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's machine: well below a millisecond

int is_late(void* deadline) {
  return std::chrono::steady_clock::now() >= *static_cast<const SteadyTime*>(deadline) ? 1 : 0;
}

// What SQLite says of the last failure; Poco says only of which kind it was.
std::string words_of(Poco::Data::Session& session, const Poco::Exception& error) {
  sqlite3* handle = Poco::Data::SQLite::Utility::dbHandle(session);
  const int code = sqlite3_errcode(handle);
  if (code == SQLITE_INTERRUPT) return "the query was stopped at the deadline";
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return error.displayText();
  return sqlite3_errmsg(handle);
}

void ask(Poco::Data::Session& session, const SqlQuestion& question, SqlAnswer& answer) {
  SteadyTime deadline = question.deadline;
  sqlite3* handle = Poco::Data::SQLite::Utility::dbHandle(session);
  sqlite3_busy_timeout(handle, static_cast<int>(millis_left(deadline).count()));
  sqlite3_progress_handler(handle, kStepsBetweenLooks, is_late, &deadline);
  const SteadyTime begun = std::chrono::steady_clock::now();
  try {
    read_answer(session, question.query, answer);
    answer.answered = micros_between(begun, std::chrono::steady_clock::now());
  } catch (const Poco::Exception& error) {
    fail(answer, SqlAnswer::Fault::theirs, words_of(session, error));
  }
  sqlite3_progress_handler(handle, 0, nullptr, nullptr);
}

}  // namespace

void ask_sqlite(const SqlQuestion& question, SqlAnswer& answer) {
  answer.address = question.database;
  if (access(question.database.c_str(), R_OK) != 0) {
    const int error = errno;
    const bool missing = error == ENOENT || error == ENOTDIR;
    fail(answer, missing ? SqlAnswer::Fault::theirs : SqlAnswer::Fault::ours,
         missing ? "no such file"
                 : "the file cannot be read: " + std::generic_category().message(error));
    return;
  }
  const SteadyTime begun = std::chrono::steady_clock::now();
  Poco::Data::SQLite::Connector::registerConnector();  // idempotent
  try {
    Poco::Data::Session session("SQLite", "file:" + percent_encode(question.database) + "?mode=ro",
                                0);
    answer.connected = micros_between(begun, std::chrono::steady_clock::now());
    ask(session, question, answer);
  } catch (const Poco::Data::DataException& error) {
    fail(answer, SqlAnswer::Fault::theirs, error.displayText());
  }
}

}  // namespace tocsin
