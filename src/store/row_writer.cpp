// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Poco compiles a statement anew for each execute(), which costs more than the row; but bound to
// columns (vectors) it compiles once and runs down the rows, at 2 us each. So the changes of a
// transaction are turned into columns, table by table. Between tables the order is free, since all
// becomes visible at once; within one, rows are in the order of the changes and the last one
// counts. Only where rows are both put and removed two statements meet on one table: of a name that
// was put and forgotten, what came last decides. check_rows, once_rows and hold_rows do their own.
//
// A NUL would end a text when Poco reads it back, so none is written.
#include "store/row_writer.h"

#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "store/check_rows.h"
#include "store/hold_rows.h"
#include "store/message_json.h"
#include "store/once_rows.h"
#include "store/row_reader.h"

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::bind;
using Poco::Data::Keywords::now;
using Poco::Data::Keywords::use;
using Texts = std::vector<std::string>;
using Numerals = std::vector<Poco::Int64>;
using Nullable = Poco::Nullable<Poco::Int64>;
using Optionals = std::vector<Nullable>;

Poco::Int64 millis(WallTime time) {
  return time.time_since_epoch().count();
}

Poco::Nullable<Poco::Int64> millis(const std::optional<WallTime>& time) {
  if (!time) return {};
  return Poco::Nullable<Poco::Int64>(millis(*time));
}

template <typename Number>
Nullable number(const std::optional<Number>& value) {
  return value ? Nullable(Poco::Int64{*value}) : Nullable();
}
Nullable number(std::int64_t value) {
  return Nullable(Poco::Int64{value});
}

std::vector<std::string> run_texts(const std::vector<HeartbeatRun>& runs) {
  std::vector<std::string> out;
  for (const HeartbeatRun& run : runs) {
    out.push_back(std::to_string(millis(run.since)) + " " + run.id);
  }
  return out;
}

std::string word(State state) {
  return std::string(to_string(state));
}

std::string clean(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

struct IncidentColumns {
  Numerals id, since, opened_at, reminders, escalated;
  Optionals closed_at, told_at, reminded_at, acknowledged_at, acknowledged_until;
  Texts check, worst, told, thread_key, reason, details, acknowledged_by, acknowledged_why;

  void add(const IncidentRecord& incident) {
    id.push_back(incident.id);
    check.push_back(incident.check);
    since.push_back(millis(incident.since));
    opened_at.push_back(millis(incident.opened_at));
    closed_at.push_back(millis(incident.closed_at));
    worst.push_back(word(incident.worst));
    reminders.push_back(incident.reminders);
    reminded_at.push_back(millis(incident.reminded_at));
    told.push_back(to_json(incident.told));
    told_at.push_back(millis(incident.told_at));
    escalated.push_back(incident.escalated);
    thread_key.push_back(clean(incident.thread_key));
    reason.push_back(clean(incident.reason));
    details.push_back(clean(incident.details));
    const Acknowledgement ack = incident.acknowledged.value_or(Acknowledgement{});
    acknowledged_at.push_back(millis(incident.acknowledged ? std::optional(ack.at) : std::nullopt));
    acknowledged_until.push_back(millis(ack.until));
    acknowledged_by.push_back(clean(ack.by));
    acknowledged_why.push_back(clean(ack.why));
  }

  void write(Poco::Data::Session& session) {
    if (id.empty()) return;
    session << "INSERT OR REPLACE INTO incidents (id, check_name, since, opened_at, closed_at,"
               " worst, reminders, reminded_at, told, thread_key, reason, details,"
               " acknowledged_at, acknowledged_until, acknowledged_by, acknowledged_why,"
               " told_at, escalated)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        use(id), use(check), use(since), use(opened_at), use(closed_at), use(worst), use(reminders),
        use(reminded_at), use(told), use(thread_key), use(reason), use(details),
        use(acknowledged_at), use(acknowledged_until), use(acknowledged_by), use(acknowledged_why),
        use(told_at), use(escalated), now;
  }
};

struct NotificationColumns {
  Numerals id, created_at;
  Texts uid, notifier, thread_key, message;
  const Message* written = nullptr;  // the notifications of one event share it: once into JSON

  void add(const Notification& notification) {
    id.push_back(notification.id);
    created_at.push_back(millis(notification.created_at));
    uid.push_back(notification.uid);
    notifier.push_back(notification.notifier);
    thread_key.push_back(clean(notification.thread_key));
    const Message* same = notification.message.get();
    if (same != nullptr && same == written) {
      message.push_back(message.back());
    } else {
      message.push_back(same == nullptr ? "{}" : to_json(*same));
    }
    written = same;
  }

  void write(Poco::Data::Session& session) {
    if (id.empty()) return;
    session << "INSERT INTO notifications (id, status, created_at, at, attempts, in_doubt,"
               " folded_into, uid, notifier, thread_key, thread_ref, message_ref, last_error,"
               " message) VALUES (?, 'waiting', ?, 0, 0, 0, 0, ?, ?, ?, '', '', '', ?)"
               " ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at,"
               " uid = excluded.uid, notifier = excluded.notifier,"
               " thread_key = excluded.thread_key, message = excluded.message",
        use(id), use(created_at), use(uid), use(notifier), use(thread_key), use(message), now;
  }
};

struct DeliveryColumns {
  Numerals id, at, attempts, in_doubt, folded_into, ended;
  Optionals next_at;
  Texts status, thread_ref, message_ref, last_error;

  void add(const DeliveryRecord& delivery) {
    id.push_back(delivery.notification);
    status.emplace_back(status_word(delivery.status));
    at.push_back(millis(delivery.at));
    next_at.push_back(millis(delivery.next_at));
    attempts.push_back(delivery.attempts);
    in_doubt.push_back(delivery.in_doubt ? 1 : 0);
    folded_into.push_back(delivery.folded_into);
    thread_ref.push_back(clean(delivery.thread_ref));
    message_ref.push_back(clean(delivery.message_ref));
    last_error.push_back(clean(delivery.last_error));
    ended.push_back(delivery.status == DeliveryStatus::waiting ? 0 : 1);
  }

  void write(Poco::Data::Session& session) {
    if (id.empty()) return;
    session << "UPDATE notifications SET status = ?, at = ?, next_at = ?, attempts = ?,"
               " in_doubt = ?, folded_into = ?, thread_ref = ?, message_ref = ?, last_error = ?,"
               " ended_at = CASE WHEN ? THEN max(?, created_at) END WHERE id = ?",
        use(status), use(at), use(next_at), use(attempts), use(in_doubt), use(folded_into),
        use(thread_ref), use(message_ref), use(last_error), use(ended), use(at), use(id), now;
    const bool names_thread = std::any_of(thread_ref.begin(), thread_ref.end(),
                                          [](const std::string& ref) { return !ref.empty(); });
    if (!names_thread) return;
    session << "INSERT OR REPLACE INTO threads (notifier, thread_key, thread_ref, updated_at)"
               " SELECT notifier, thread_key, ?, max(?, created_at) FROM notifications"
               " WHERE id = ? AND ? <> ''",
        use(thread_ref), use(at), use(id), use(thread_ref), now;
  }
};

// The newest of each check: a job that tells often is written once a transaction.
class HeartbeatColumns {
 public:
  void add(const HeartbeatRecord& record) { newest_[record.name] = &record; }

  void write(Poco::Data::Session& session) {
    if (newest_.empty()) return;
    for (const auto& [key, record] : newest_) add_row(*record);
    session << "INSERT OR REPLACE INTO heartbeats (name, expects, known_since, listening_since,"
               " started_at, succeeded_at, failed_at, failed, exit_code, run_time, runs, log,"
               " address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        use(name_), use(expects_), use(known_since_), use(listening_since_), use(started_at_),
        use(succeeded_at_), use(failed_at_), use(failed_), use(exit_code_), use(run_time_),
        use(runs_), use(log_), use(address_), now;
  }

 private:
  void add_row(const HeartbeatRecord& record) {
    name_.push_back(record.name);
    expects_.push_back(clean(record.expects));
    known_since_.push_back(millis(record.known_since));
    listening_since_.push_back(millis(record.listening_since));
    started_at_.push_back(millis(record.started_at));
    succeeded_at_.push_back(millis(record.succeeded_at));
    failed_at_.push_back(millis(record.failed_at));
    failed_.push_back(record.failed ? 1 : 0);
    exit_code_.push_back(number(record.exit_code));
    run_time_.push_back(record.run_time ? number(record.run_time->count()) : Nullable());
    runs_.push_back(to_json(run_texts(record.runs)));
    log_.push_back(clean(record.log));
    address_.push_back(clean(record.address));
  }

  std::map<std::string_view, const HeartbeatRecord*> newest_;
  Texts name_, expects_, runs_, log_, address_;
  Numerals known_since_, listening_since_, failed_;
  Optionals started_at_, succeeded_at_, failed_at_, exit_code_, run_time_;
};

using Names = std::unordered_set<std::string_view>;

template <typename Record>
void take_out(const std::vector<Record>& put, Names& names) {
  if (names.empty()) return;
  for (const Record& record : put) names.erase(record.name);
}

// The names whose record goes in the end, although it may have been put before. Within a change,
// checks are put before any is forgotten …
Texts forgotten_checks(std::span<const Change> changes) {
  Names names;
  for (const Change& change : changes) {
    take_out(change.checks, names);
    names.insert(change.forgotten.begin(), change.forgotten.end());
  }
  return {names.begin(), names.end()};
}

// … and heartbeats after.
Texts forgotten_heartbeats(std::span<const Change> changes) {
  Names names;
  for (const Change& change : changes) {
    names.insert(change.forgotten.begin(), change.forgotten.end());
    take_out(change.heartbeats, names);
  }
  return {names.begin(), names.end()};
}

}  // namespace

void write_rows(SqliteSession& session, std::span<const Change> changes) {
  IncidentColumns incidents;
  NotificationColumns notifications;
  DeliveryColumns deliveries;
  HeartbeatColumns heartbeats;
  for (const Change& change : changes) {
    for (const IncidentRecord& incident : change.incidents) incidents.add(incident);
    for (const NotificationPtr& notification : change.notifications) {
      notifications.add(*notification);
    }
    for (const DeliveryRecord& delivery : change.deliveries) deliveries.add(delivery);
    for (const HeartbeatRecord& heartbeat : change.heartbeats) heartbeats.add(heartbeat);
  }
  Poco::Data::Session& poco = session.poco();
  put_checks(session, changes);
  Texts forgotten = forgotten_checks(changes);
  if (!forgotten.empty()) poco << "DELETE FROM checks WHERE name = ?", use(forgotten), now;
  heartbeats.write(poco);
  forgotten = forgotten_heartbeats(changes);
  if (!forgotten.empty()) poco << "DELETE FROM heartbeats WHERE name = ?", use(forgotten), now;
  incidents.write(poco);
  notifications.write(poco);
  deliveries.write(poco);
  write_told_once(session, changes);
  write_withheld(session, changes);
  write_silences(session, changes);
}

void write_counters(SqliteSession& session, const Counters& numbers) {
  Texts names{"incident", "notification", "withheld", "silence"};
  Numerals values{numbers.incident, numbers.notification, numbers.withheld, numbers.silence};
  session.poco() << "INSERT INTO counters (name, value) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
      use(names), use(values), now;
}

std::size_t prune_rows(SqliteSession& session, WallTime before, int most) {
  const auto remove = [&](const char* sql) {
    Statement statement(session.poco());
    statement << sql, bind(millis(before)), bind(most);
    return statement.execute();
  };
  return remove(
             "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents"
             " WHERE closed_at IS NOT NULL AND closed_at < ? ORDER BY closed_at LIMIT ?)") +
         remove(
             "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications"
             " WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)") +
         remove(
             "DELETE FROM threads WHERE (notifier, thread_key) IN"
             " (SELECT notifier, thread_key FROM threads WHERE updated_at < ? LIMIT ?)") +
         remove(
             "DELETE FROM withheld WHERE id IN"
             " (SELECT id FROM withheld WHERE at < ? ORDER BY at LIMIT ?)");
}

}  // namespace tocsin
