// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Merging: memory is asked first, then the file. What moves from memory to the file in between is
// then seen twice, never not at all, and memory's word, which is at least as new, counts.
#include "store/reader.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "store/hold_rows.h"
#include "store/session.h"
#include "util/log.h"

namespace tocsin {
namespace {

constexpr Millis kReadBusyTimeout{1000};

std::size_t wanted(int limit) {
  return limit > 0 ? static_cast<std::size_t>(limit) : 0;
}

bool is_before(std::int64_t id, std::int64_t before) {
  return before <= 0 || id < before;
}

bool matches(const DeliveryRecord& delivery, const std::optional<DeliveryStatus>& status) {
  return !status || delivery.status == *status;
}

template <typename Row, typename Id>
void sort_and_cut(std::vector<Row>& rows, std::size_t limit, const Id& id) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return id(a) > id(b); });
  if (rows.size() > limit) rows.resize(limit);
}

DeliveryRecord delivery_of(const Backlog::Held& held) {
  if (held.delivery) return *held.delivery;
  DeliveryRecord delivery;
  delivery.notification = held.notification->id;
  return delivery;
}

}  // namespace

Reader::Reader(std::filesystem::path file, const Backlog& backlog)
    : file_(std::move(file)), backlog_(backlog) {}

Reader::~Reader() = default;

void Reader::allow(bool frozen) {
  const std::lock_guard lock(mutex_);
  session_.reset();
  suspicious_ = false;
  mode_ = frozen ? Mode::frozen : Mode::shared;
  read_locked(
      [](SqliteSession& open) { return open.number("SELECT count(*) FROM sqlite_schema"); });
}

void Reader::forbid() {
  const std::lock_guard lock(mutex_);
  session_.reset();
  mode_ = Mode::forbidden;
}

SqliteSession& Reader::session() {
  if (!session_) {
    const auto access =
        mode_ == Mode::frozen ? SqliteSession::Access::frozen : SqliteSession::Access::read_only;
    session_ = std::make_unique<SqliteSession>(file_, access, kReadBusyTimeout);
    guarded(*session_, [&] { session_->run("PRAGMA cache_size = -256"); });  // KiB
  }
  return *session_;
}

// The rows, or none if the file cannot be read; the connection is made anew next time then.
template <typename Read>
auto Reader::read(const Read& read_rows) -> decltype(read_rows(std::declval<SqliteSession&>())) {
  const std::lock_guard lock(mutex_);
  return read_locked(read_rows);
}

template <typename Read>
auto Reader::read_locked(const Read& read_rows)
    -> decltype(read_rows(std::declval<SqliteSession&>())) {
  if (mode_ == Mode::forbidden) return {};
  try {
    SqliteSession& open = session();
    return guarded(open, [&] { return read_rows(open); });
  } catch (const Failure& failure) {
    session_.reset();
    if (failure.fault() == Fault::damaged || failure.fault() == Fault::io) suspicious_ = true;
    log(LogLevel::debug, "store_read_failed", "reason", std::string(failure.what()));
    return {};
  }
}

std::vector<IncidentRecord> Reader::incidents(std::int64_t before, int limit, bool open_only) {
  std::vector<IncidentRecord> rows = backlog_.incidents();
  ListQuery query{.before = before, .limit = wanted(limit) + rows.size(), .open_only = open_only};
  const auto stored = read([&](SqliteSession& open) { return read_incidents(open, query); });
  const auto by_id = [](const IncidentRecord& row) { return row.id; };
  const auto known = [&](const IncidentRecord& row) {
    const auto at = std::lower_bound(rows.begin(), rows.end(), row.id,
                                     [&](const auto& a, std::int64_t id) { return a.id < id; });
    return at != rows.end() && at->id == row.id;
  };
  std::vector<IncidentRecord> all;
  std::copy_if(stored.begin(), stored.end(), std::back_inserter(all), std::not_fn(known));
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(all), [&](const IncidentRecord& row) {
    return is_before(row.id, before) && !(open_only && row.closed_at);
  });
  sort_and_cut(all, wanted(limit), by_id);
  return all;
}

std::vector<NotificationRow> Reader::notifications(std::int64_t before, int limit,
                                                   std::optional<DeliveryStatus> status) {
  std::map<std::int64_t, Backlog::Held> held = backlog_.notifications();
  ListQuery query{.before = before, .limit = wanted(limit) + held.size(), .status = status};
  for (const auto& [id, row] : held) query.also.push_back(id);
  auto rows = read([&](SqliteSession& open) { return read_notifications(open, query); });
  for (NotificationRow& row : rows) {
    const auto newer = held.find(row.notification->id);
    if (newer == held.end()) continue;
    if (newer->second.delivery) row.delivery = *newer->second.delivery;
    held.erase(newer);
  }
  for (const auto& [id, row] : held) {
    if (row.notification && is_before(id, before)) {
      rows.push_back({row.notification, delivery_of(row)});
    }
  }
  std::erase_if(rows, [&](const NotificationRow& row) { return !matches(row.delivery, status); });
  sort_and_cut(rows, wanted(limit),
               [](const NotificationRow& row) { return row.notification->id; });
  return rows;
}

// The newest of both hold the newest of all.
std::vector<Withheld> Reader::withheld(const std::string& check, std::int64_t before, int limit) {
  std::vector<Withheld> rows = backlog_.withheld(check, before, wanted(limit));
  const WithheldQuery query{check, before, wanted(limit)};
  auto stored = read([&](SqliteSession& open) { return read_withheld(open, query); });
  std::erase_if(stored, [&](const Withheld& row) {
    return std::any_of(rows.begin(), rows.end(), [&](const auto& a) { return a.id == row.id; });
  });
  rows.insert(rows.end(), stored.begin(), stored.end());
  sort_and_cut(rows, wanted(limit), [](const Withheld& row) { return row.id; });
  return rows;
}

std::optional<Stored> Reader::load(std::size_t version) {
  const auto read_all = [&](SqliteSession& open) -> std::optional<Stored> {
    if (open.number("PRAGMA user_version") != static_cast<std::int64_t>(version)) return {};
    return read_stored(open);
  };
  for (const bool frozen : {false, true}) {
    // On a file that has a log beside it, the promise that nobody writes would skip the log.
    std::error_code ignored;
    const auto log_size = std::filesystem::file_size(file_.native() + "-wal", ignored);
    if (frozen && !ignored && log_size > 0) break;
    allow(frozen);
    if (auto stored = read(read_all)) return stored;
  }
  forbid();
  return std::nullopt;
}

}  // namespace tocsin
