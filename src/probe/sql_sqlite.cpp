// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// SQLite, whose library is in the daemon anyway. The file is opened for reading only, and a query
// that takes too long is stopped from within, by SQLite's progress handler.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "probe/sql_client.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's machine: well below a millisecond

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

int is_late(void* deadline) {
  return std::chrono::steady_clock::now() >= *static_cast<const SteadyTime*>(deadline) ? 1 : 0;
}

void refuse(SqlAnswer& answer, sqlite3* database, int code) {
  if (code == SQLITE_INTERRUPT) return fail(answer, SqlAnswer::Fault::late, "");
  const bool ours = code == SQLITE_NOMEM || code == SQLITE_PERM;
  fail(answer, ours ? SqlAnswer::Fault::ours : SqlAnswer::Fault::theirs, sqlite3_errmsg(database));
}

void take_row(SqlAnswer& answer, sqlite3_stmt* statement) {
  if (!count_row(answer)) return;
  SqlAnswer::Row row;
  for (int i = 0; i < static_cast<int>(answer.columns.size()); ++i) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
    row.push_back(text == nullptr ? std::nullopt
                                  : kept_value(text, static_cast<std::size_t>(
                                                         sqlite3_column_bytes(statement, i))));
  }
  answer.rows.push_back(std::move(row));
}

void ask(const SqlQuestion& question, sqlite3* database, SqlAnswer& answer) {
  const SteadyTime begun = std::chrono::steady_clock::now();
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v2(database, question.query.c_str(), -1, &prepared, &rest);
  const Statement statement(prepared, sqlite3_finalize);
  if (code != SQLITE_OK) return refuse(answer, database, code);
  if (!trim(rest).empty()) {
    return fail(answer, SqlAnswer::Fault::theirs, "only one statement can be asked at once");
  }
  const int columns = std::min(sqlite3_column_count(prepared), static_cast<int>(kMostColumns));
  for (int i = 0; i < columns; ++i) answer.columns.emplace_back(sqlite3_column_name(prepared, i));
  while (!answer.more && (code = sqlite3_step(prepared)) == SQLITE_ROW) take_row(answer, prepared);
  if (!answer.more && code != SQLITE_DONE) return refuse(answer, database, code);
  answer.answered = micros_between(begun, std::chrono::steady_clock::now());
}

}  // namespace

void ask_sqlite(const SqlQuestion& question, SqlBreaker& breaker, SqlAnswer& answer) {
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
  SteadyTime deadline = question.deadline;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(question.database.c_str(), &opened,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const Database database(opened, sqlite3_close);
  if (code != SQLITE_OK) return refuse(answer, opened, code);
  sqlite3_busy_timeout(opened, static_cast<int>(millis_left(deadline).count()));
  sqlite3_progress_handler(opened, kStepsBetweenLooks, is_late, &deadline);
  answer.connected = micros_between(begun, std::chrono::steady_clock::now());
  breaker.stage = SqlBreaker::Stage::asking;
  ask(question, opened, answer);
}

}  // namespace tocsin
