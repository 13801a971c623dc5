// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Poco's `into` binds a column to a variable; with range(0, 1) each execute() brings the next row.
// Every statement is run to its end, or destroyed: one left standing would keep the log from being
// folded back into the file.
#include "store/row_reader.h"

#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "store/check_rows.h"
#include "store/hold_rows.h"
#include "store/message_json.h"
#include "store/once_rows.h"

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::bind;
using Poco::Data::Keywords::into;
using Poco::Data::Keywords::range;
using Number = Poco::Int64;
using OptionalNumber = Poco::Nullable<Poco::Int64>;

struct StatusWord {
  DeliveryStatus status;
  std::string_view word;
};
constexpr StatusWord kStatusWords[] = {
    {DeliveryStatus::waiting, "waiting"},
    {DeliveryStatus::sent, "sent"},
    {DeliveryStatus::dead, "dead"},
    {DeliveryStatus::folded, "folded"},
};

WallTime time_of(Number millis) {
  return WallTime{Millis{millis}};
}

std::optional<WallTime> time_of(const OptionalNumber& millis) {
  if (millis.isNull()) return std::nullopt;
  return time_of(millis.value());
}

State state_of_word(const std::string& word) {
  return parse_state(word).value_or(State::pending);
}

std::uint32_t count_of(Number value) {
  return static_cast<std::uint32_t>(
      std::clamp<Number>(value, 0, std::numeric_limits<std::uint32_t>::max()));
}

template <typename Row>
void for_each_row(Statement& select, const Row& row) {
  while (!select.done()) {
    if (select.execute() > 0) row();
  }
}

// What comes after FROM: the condition, then newest first. `filter` is a column test or empty.
std::string tail_of(const ListQuery& query, const std::string& filter) {
  std::string sql = " WHERE id < ?";
  if (!filter.empty()) sql += " AND (" + filter + " OR id IN (SELECT value FROM json_each(?)))";
  return sql + " ORDER BY id DESC LIMIT " + std::to_string(query.limit);
}

void bind_query(Statement& select, const ListQuery& query, bool filtered) {
  const Number before = query.before > 0 ? query.before : std::numeric_limits<Number>::max();
  select, bind(before);
  if (!filtered) return;
  std::string ids = "[";
  for (const std::int64_t id : query.also) ids += (ids.size() > 1 ? "," : "") + std::to_string(id);
  ids += "]";
  select, bind(ids);
}

// The variables of one row of incidents, and what they mean.
struct IncidentColumns {
  Number id = 0, since = 0, opened_at = 0, reminders = 0, escalated = 0;
  OptionalNumber closed_at, told_at, reminded_at, acknowledged_at, acknowledged_until;
  std::string check, worst, told, thread_key, reason, details, acknowledged_by, acknowledged_why;

  static constexpr const char* kSelect =
      "SELECT id, check_name, since, opened_at, closed_at, worst, reminders, reminded_at, told,"
      " thread_key, reason, details, acknowledged_at, acknowledged_until, acknowledged_by,"
      " acknowledged_why, told_at, escalated FROM incidents";

  void attach(Statement& select) {
    select, into(id), into(check), into(since), into(opened_at), into(closed_at), into(worst),
        into(reminders), into(reminded_at), into(told), into(thread_key), into(reason),
        into(details), into(acknowledged_at), into(acknowledged_until), into(acknowledged_by),
        into(acknowledged_why), into(told_at), into(escalated), range(0, 1);
  }

  IncidentRecord record() const {
    IncidentRecord out;
    out.id = id;
    out.check = check;
    out.since = time_of(since);
    out.opened_at = time_of(opened_at);
    out.closed_at = time_of(closed_at);
    out.worst = state_of_word(worst);
    out.reason = reason;
    out.details = details;
    out.thread_key = thread_key;
    out.told = texts_from_json(told);
    out.told_at = time_of(told_at);
    out.escalated = count_of(escalated);
    out.reminders = count_of(reminders);
    out.reminded_at = time_of(reminded_at);
    if (const auto at = time_of(acknowledged_at)) {
      out.acknowledged =
          Acknowledgement{acknowledged_by, acknowledged_why, *at, time_of(acknowledged_until)};
    }
    return out;
  }
};

// The same for notifications. Rows that follow each other often say the same thing to several
// notifiers: they share one message in memory, as they did when they were made.
struct NotificationColumns {
  Number id = 0, created_at = 0, at = 0, attempts = 0, in_doubt = 0, folded_into = 0;
  OptionalNumber next_at;
  std::string status, uid, notifier, thread_key, thread_ref, message_ref, last_error, message;
  std::string last_text;
  std::shared_ptr<const Message> last_message;

  static constexpr const char* kSelect =
      "SELECT id, status, created_at, at, next_at, attempts, in_doubt, folded_into, uid, notifier,"
      " thread_key, thread_ref, message_ref, last_error, message FROM notifications";

  void attach(Statement& select) {
    select, into(id), into(status), into(created_at), into(at), into(next_at), into(attempts),
        into(in_doubt), into(folded_into), into(uid), into(notifier), into(thread_key),
        into(thread_ref), into(message_ref), into(last_error), into(message), range(0, 1);
  }

  NotificationPtr notification() {
    if (!last_message || message != last_text) {
      last_message = std::make_shared<const Message>(message_from_json(message));
      last_text = message;
    }
    auto out = std::make_shared<Notification>();
    out->id = id;
    out->uid = uid;
    out->notifier = notifier;
    out->thread_key = thread_key;
    out->created_at = time_of(created_at);
    out->message = last_message;
    return out;
  }

  DeliveryRecord delivery() const {
    DeliveryRecord out;
    out.notification = id;
    out.status = parse_status(status);
    out.attempts = count_of(attempts);
    out.in_doubt = in_doubt != 0;
    out.last_error = last_error;
    out.at = time_of(at);
    out.next_at = time_of(next_at);
    out.thread_ref = thread_ref;
    out.message_ref = message_ref;
    out.folded_into = folded_into;
    return out;
  }
};

std::vector<IncidentRecord> collect_incidents(Statement& select) {
  std::vector<IncidentRecord> out;
  IncidentColumns columns;
  columns.attach(select);
  for_each_row(select, [&] { out.push_back(columns.record()); });
  return out;
}

template <typename Row>
std::vector<Row> collect_notifications(Statement& select) {
  std::vector<Row> out;
  NotificationColumns columns;
  columns.attach(select);
  for_each_row(select, [&] { out.push_back({columns.notification(), columns.delivery()}); });
  return out;
}

}  // namespace

std::string_view status_word(DeliveryStatus status) noexcept {
  for (const StatusWord& entry : kStatusWords) {
    if (entry.status == status) return entry.word;
  }
  return "waiting";
}

DeliveryStatus parse_status(std::string_view word) noexcept {
  for (const StatusWord& entry : kStatusWords) {
    if (entry.word == word) return entry.status;
  }
  return DeliveryStatus::waiting;
}

std::vector<IncidentRecord> read_open_incidents(SqliteSession& session) {
  Statement select(session.poco());
  select << std::string(IncidentColumns::kSelect) + " WHERE closed_at IS NULL ORDER BY id";
  return collect_incidents(select);
}

std::vector<IncidentRecord> read_incidents(SqliteSession& session, const ListQuery& query) {
  Statement select(session.poco());
  const std::string filter = query.open_only ? "closed_at IS NULL" : "";
  select << IncidentColumns::kSelect + tail_of(query, filter);
  bind_query(select, query, query.open_only);
  return collect_incidents(select);
}

std::vector<Saved::Waiting> read_waiting(SqliteSession& session) {
  Statement select(session.poco());
  select << std::string(NotificationColumns::kSelect) + " WHERE status = 'waiting' ORDER BY id";
  return collect_notifications<Saved::Waiting>(select);
}

std::vector<NotificationRow> read_notifications(SqliteSession& session, const ListQuery& query) {
  Statement select(session.poco());
  std::string filter;
  if (query.status) filter = "status = '" + std::string(status_word(*query.status)) + "'";
  select << NotificationColumns::kSelect + tail_of(query, filter);
  bind_query(select, query, query.status.has_value());
  return collect_notifications<NotificationRow>(select);
}

std::vector<ThreadRef> read_threads(SqliteSession& session) {
  std::vector<ThreadRef> out;
  ThreadRef row;
  Statement select(session.poco());
  select << "SELECT notifier, thread_key, thread_ref FROM threads", into(row.notifier),
      into(row.thread_key), into(row.ref), range(0, 1);
  for_each_row(select, [&] { out.push_back(row); });
  return out;
}

// The index of `ended_at` bounds the search by the age of the oldest incident that matters.
std::vector<IncidentMessages> read_incident_messages(SqliteSession& session) {
  constexpr const char* kWhich =
      " WHERE status = 'sent' AND message_ref <> ''"
      " AND ended_at >= (SELECT min(opened_at) FROM that_matter)"
      " AND json_extract(message, '$.incident') IN (SELECT id FROM that_matter) ORDER BY id";
  constexpr const char* kThatMatter =
      "WITH that_matter AS (SELECT id, opened_at FROM incidents WHERE closed_at IS NULL"
      " OR closed_at >= (SELECT max(ended_at) - 600000 FROM notifications)"
      " OR id IN (SELECT json_extract(message, '$.incident') FROM notifications"
      " WHERE status = 'waiting')) ";
  Statement select(session.poco());
  select << std::string(kThatMatter) + NotificationColumns::kSelect + kWhich;
  std::vector<IncidentMessages> out;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> index;
  for (NotificationRow& row : collect_notifications<NotificationRow>(select)) {
    const NotificationPtr& it = row.notification;
    const auto [at, is_new] = index.try_emplace({it->notifier, it->message->incident}, out.size());
    if (is_new) {
      out.push_back({it->notifier, row.delivery.message_ref, it, it});
    } else {
      out[at->second].latest = it;
    }
  }
  return out;
}

namespace {

// "1767323045000 run-id" each; what is not that is left out.
std::vector<HeartbeatRun> runs_of(const std::string& json) {
  std::vector<HeartbeatRun> out;
  for (const std::string& text : texts_from_json(json)) {
    Number since = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, since);
    if (error != std::errc{} || stop == end || *stop != ' ') continue;
    out.push_back({std::string(stop + 1, end), time_of(since)});
  }
  return out;
}

// The variables of one row of heartbeats, and what they mean.
struct HeartbeatColumns {
  Number known_since = 0, listening_since = 0, failed = 0;
  OptionalNumber started_at, succeeded_at, failed_at, exit_code, run_time;
  std::string name, expects, runs, log, address;

  static constexpr const char* kSelect =
      "SELECT name, expects, known_since, listening_since, started_at, succeeded_at, failed_at,"
      " failed, exit_code, run_time, runs, log, address FROM heartbeats";

  void attach(Statement& select) {
    select, into(name), into(expects), into(known_since), into(listening_since), into(started_at),
        into(succeeded_at), into(failed_at), into(failed), into(exit_code), into(run_time),
        into(runs), into(log), into(address), range(0, 1);
  }

  HeartbeatRecord record() const {
    HeartbeatRecord out;
    out.name = name;
    out.expects = expects;
    out.known_since = time_of(known_since);
    out.listening_since = time_of(listening_since);
    out.started_at = time_of(started_at);
    out.succeeded_at = time_of(succeeded_at);
    out.failed_at = time_of(failed_at);
    out.failed = failed != 0;
    if (!exit_code.isNull()) out.exit_code = static_cast<int>(exit_code.value());
    if (!run_time.isNull()) out.run_time = Millis{run_time.value()};
    out.runs = runs_of(runs);
    out.log = log;
    out.address = address;
    return out;
  }
};

}  // namespace

std::vector<HeartbeatRecord> read_heartbeats(SqliteSession& session) {
  std::vector<HeartbeatRecord> out;
  HeartbeatColumns columns;
  Statement select(session.poco());
  select << HeartbeatColumns::kSelect;
  columns.attach(select);
  for_each_row(select, [&] { out.push_back(columns.record()); });
  return out;
}

namespace {

// The rows are asked too: a file that was repaired by hand may have lost its counters.
std::int64_t highest(SqliteSession& session, const std::string& name, const std::string& table) {
  return session.number("SELECT max((SELECT coalesce(max(id), 0) FROM " + table +
                        "), coalesce((SELECT value FROM counters WHERE name = '" + name +
                        "'), 0))");
}

}  // namespace

Counters read_counters(SqliteSession& session) {
  Counters out;
  out.incident = highest(session, "incident", "incidents");
  out.notification = highest(session, "notification", "notifications");
  out.withheld = highest(session, "withheld", "withheld");
  out.silence = highest(session, "silence", "silences");
  return out;
}

Stored read_stored(SqliteSession& session) {
  session.run("BEGIN");
  Saved saved;
  saved.checks = read_checks(session);
  saved.open_incidents = read_open_incidents(session);
  saved.waiting = read_waiting(session);
  saved.threads = read_threads(session);
  saved.incident_messages = read_incident_messages(session);
  saved.heartbeats = read_heartbeats(session);
  saved.told_once = read_told_once(session);
  saved.silences = read_silences(session);
  const Counters numbers = read_counters(session);
  saved.last_silence = numbers.silence;
  saved.last_incident = numbers.incident;
  saved.last_notification = numbers.notification;
  session.run("COMMIT");
  return {std::move(saved), numbers};
}

}  // namespace tocsin
