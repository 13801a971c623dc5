// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/Data/Session.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "store/failure.h"
#include "tocsin/time.h"

namespace tocsin {

// One connection to the database through Poco::Data. Used by one thread at a time; statements made
// on it must be destroyed before it (else SQLite cannot close, and the file stays open).
class SqliteSession {
 public:
  enum class Access {
    read_write,  // an existing file
    read_only,
    frozen,  // read only, on the promise that nobody writes: for a file system that refuses the
             // shared memory which a reader of a write-ahead log needs
  };

  // Throws Failure.
  SqliteSession(std::filesystem::path file, Access access, Millis busy_timeout);
  ~SqliteSession();
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  Poco::Data::Session& poco() noexcept { return session_; }

  // Runs one statement. Throws what Poco throws.
  void run(const std::string& sql);
  // The first column of the first row; 0 or "" if there is none.
  std::int64_t number(const std::string& sql);
  std::string text(const std::string& sql);
  // The open file turned out to be one that only can be read.
  bool is_read_only();
  bool is_in_transaction();
  // Closing the last connection writes the log back into the file and removes it, unless kept.
  void keep_log_on_close(bool keep);

  // What the failed call `error` came from, asked of the connection. For use in a catch block.
  Failure failure(const std::exception& error);

 private:
  std::filesystem::path file_;
  Poco::Data::Session session_;
};

// Runs `work` and turns what it throws into a Failure.
template <typename Work>
auto guarded(SqliteSession& session, const Work& work) {
  try {
    return work();
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    throw session.failure(error);
  }
}

}  // namespace tocsin
