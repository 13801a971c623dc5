// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/backlog.h"
#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// How a status is written in a row. Unknown words, from whatever future, read as `waiting`.
std::string_view status_word(DeliveryStatus status) noexcept;
DeliveryStatus parse_status(std::string_view word) noexcept;

// What the lists ask for: ids below `before` (0: all), at most `limit` of them, newest first. Rows
// with an id in `also` are given whatever the filter says.
struct ListQuery {
  std::int64_t before = 0;
  std::size_t limit = 0;
  bool open_only = false;                // incidents
  std::optional<DeliveryStatus> status;  // notifications
  std::vector<std::int64_t> also;
};

// Rows as records. All calls throw what Poco throws; none of them throws for what a row says.
std::vector<IncidentRecord> read_open_incidents(SqliteSession& session);
std::vector<IncidentRecord> read_incidents(SqliteSession& session, const ListQuery& query);
std::vector<Saved::Waiting> read_waiting(SqliteSession& session);
std::vector<NotificationRow> read_notifications(SqliteSession& session, const ListQuery& query);
std::vector<ThreadRef> read_threads(SqliteSession& session);
// Of incidents that are open, have something waiting, or ended within the last ten minutes of which
// the database tells.
std::vector<IncidentMessages> read_incident_messages(SqliteSession& session);
std::vector<HeartbeatRecord> read_heartbeats(SqliteSession& session);

// The highest numbers ever given.
Counters read_counters(SqliteSession& session);

// All that a start needs, from one state of the database.
struct Stored {
  Saved saved;
  Counters numbers;
};
Stored read_stored(SqliteSession& session);

}  // namespace tocsin
