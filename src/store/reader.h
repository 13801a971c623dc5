// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/backlog.h"
#include "store/row_reader.h"
#include "tocsin/store.h"

namespace tocsin {

class SqliteSession;

// The lists that the web side asks for, from the file through a connection of its own that only
// reads, and from what only memory knows. Thread-safe: the web's threads take turns at the
// connection, hence a mutex of its own; the writer's thread waits for it only to set a damaged file
// aside.
class Reader {
 public:
  Reader(std::filesystem::path file, const Backlog& backlog);
  ~Reader();

  // From now on the file may be looked into. It is opened at once: later there may be no space for
  // the shared memory that this takes. `frozen`: see SqliteSession.
  void allow(bool frozen);
  // Closes the connection and keeps it closed until it is allowed again.
  void forbid();

  // Newest first, merged: what memory knows is newer than what the file says. A file that cannot be
  // read gives what memory has.
  std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only);
  std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                             std::optional<DeliveryStatus> status);
  std::vector<Withheld> withheld(const std::string& check, std::int64_t before, int limit);

  // Tries to read the file, without a promise to write (for a read-only place). Nothing if it
  // cannot be read or is of another version of the schema. Leaves the reader allowed if it could.
  std::optional<Stored> load(std::size_t version);

  // A look at the file found it damaged or failing: the writer should see for itself, and clear
  // this.
  bool is_suspicious() const noexcept { return suspicious_; }
  void clear_suspicion() noexcept { suspicious_ = false; }

 private:
  enum class Mode : std::uint8_t { forbidden, shared, frozen };
  template <typename Read>
  auto read(const Read& read_rows) -> decltype(read_rows(std::declval<SqliteSession&>()));
  template <typename Read>
  auto read_locked(const Read& read_rows) -> decltype(read_rows(std::declval<SqliteSession&>()));
  SqliteSession& session();

  const std::filesystem::path file_;
  const Backlog& backlog_;
  std::mutex mutex_;  // guards the next two
  Mode mode_ = Mode::forbidden;
  std::unique_ptr<SqliteSession> session_;
  std::atomic<bool> suspicious_ = false;
};

}  // namespace tocsin
