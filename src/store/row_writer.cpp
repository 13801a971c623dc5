// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Poco's `use` binds a statement's placeholder to a variable: a Row below is such a set of
// variables and the statement over them. To write is to fill in the variables and to execute. Rows
// therefore never move. A NUL would end a text when Poco reads it back, so none is written.
#include "store/row_writer.h"

#include <algorithm>

#include "store/message_json.h"
#include "store/row_reader.h"

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::use;
using Number = Poco::Int64;
using OptionalNumber = Poco::Nullable<Poco::Int64>;

Number millis(WallTime time) {
  return time.time_since_epoch().count();
}

OptionalNumber optional_millis(const std::optional<WallTime>& time) {
  return time ? OptionalNumber(millis(*time)) : OptionalNumber();
}

std::string word(State state) {
  return std::string(to_string(state));
}

void assign(std::string& into, const std::string& text) {
  into = text;
  std::replace(into.begin(), into.end(), '\0', ' ');
}

struct CheckRow {
  explicit CheckRow(Poco::Data::Session& session) : put(session), forget(session) {
    put << "INSERT INTO checks (name, state, told, since, reason, incident, gone_since)"
           " VALUES (?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT (name) DO UPDATE SET state = excluded.state, told = excluded.told,"
           " since = excluded.since, reason = excluded.reason, incident = excluded.incident,"
           " gone_since = excluded.gone_since",
        use(name), use(state), use(told), use(since), use(reason), use(incident), use(gone_since);
    forget << "DELETE FROM checks WHERE name = ?", use(name);
  }
  std::string name, state, told, reason;
  Number since = 0;
  OptionalNumber incident, gone_since;
  Statement put;
  Statement forget;
};

struct IncidentRow {
  explicit IncidentRow(Poco::Data::Session& session) : put(session) {
    put << "INSERT OR REPLACE INTO incidents (id, check_name, since, opened_at, closed_at, worst,"
           " reminders, reminded_at, told, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        use(id), use(check), use(since), use(opened_at), use(closed_at), use(worst), use(reminders),
        use(reminded_at), use(told), use(reason);
  }
  Number id = 0, since = 0, opened_at = 0, reminders = 0;
  OptionalNumber closed_at, reminded_at;
  std::string check, worst, told, reason;
  Statement put;
};

struct OutboxRow {
  explicit OutboxRow(Poco::Data::Session& session) : put(session) {
    put << "INSERT INTO notifications (id, status, created_at, at, attempts, in_doubt, folded_into,"
           " uid, notifier, thread_key, thread_ref, message_ref, last_error, message)"
           " VALUES (?, 'waiting', ?, 0, 0, 0, 0, ?, ?, ?, '', '', '', ?)"
           " ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, uid = excluded.uid,"
           " notifier = excluded.notifier, thread_key = excluded.thread_key,"
           " message = excluded.message",
        use(id), use(created_at), use(uid), use(notifier), use(thread_key), use(message);
  }
  Number id = 0, created_at = 0;
  std::string uid, notifier, thread_key, message;
  // The notifications of one event share their message: it is put into JSON once. Held, not merely
  // pointed at: the next message may come to lie where this one was.
  std::shared_ptr<const Message> written;
  Statement put;
};

struct DeliveryRow {
  explicit DeliveryRow(Poco::Data::Session& session) : put(session), remember(session) {
    put << "UPDATE notifications SET status = ?, at = ?, next_at = ?, attempts = ?, in_doubt = ?,"
           " folded_into = ?, thread_ref = ?, message_ref = ?, last_error = ?, ended_at ="
           " CASE WHEN ? THEN max(?, created_at) END WHERE id = ?",
        use(status), use(at), use(next_at), use(attempts), use(in_doubt), use(folded_into),
        use(thread_ref), use(message_ref), use(last_error), use(ended), use(at), use(id);
    remember << "INSERT OR REPLACE INTO threads (notifier, thread_key, thread_ref, updated_at)"
                " SELECT notifier, thread_key, ?, max(?, created_at) FROM notifications"
                " WHERE id = ?",
        use(thread_ref), use(at), use(id);
  }
  Number id = 0, at = 0, attempts = 0, in_doubt = 0, folded_into = 0, ended = 0;
  OptionalNumber next_at;
  std::string status, thread_ref, message_ref, last_error;
  Statement put;
  Statement remember;
};

struct CounterRow {
  explicit CounterRow(Poco::Data::Session& session) : put(session) {
    put << "INSERT INTO counters (name, value) VALUES (?, ?)"
           " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        use(name), use(value);
  }
  std::string name;
  Number value = 0;
  Statement put;
};

struct PruneRow {
  explicit PruneRow(Poco::Data::Session& session)
      : incidents(session), notifications(session), threads(session) {
    incidents << "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents"
                 " WHERE closed_at IS NOT NULL AND closed_at < ? ORDER BY closed_at LIMIT ?)",
        use(before), use(most);
    notifications << "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications"
                     " WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)",
        use(before), use(most);
    threads << "DELETE FROM threads WHERE (notifier, thread_key) IN (SELECT notifier, thread_key"
               " FROM threads WHERE updated_at < ? LIMIT ?)",
        use(before), use(most);
  }
  Number before = 0, most = 0;
  Statement incidents;
  Statement notifications;
  Statement threads;
};

Statement prepared(Poco::Data::Session& session, const char* sql) {
  Statement statement(session);
  statement << sql;
  return statement;
}

}  // namespace

struct RowWriter::Parts {
  explicit Parts(Poco::Data::Session& session)
      : begin(prepared(session, "BEGIN IMMEDIATE")),
        commit(prepared(session, "COMMIT")),
        check(session),
        incident(session),
        notification(session),
        delivery(session),
        counter(session),
        prune(session) {}
  Statement begin;
  Statement commit;
  CheckRow check;
  IncidentRow incident;
  OutboxRow notification;
  DeliveryRow delivery;
  CounterRow counter;
  PruneRow prune;
};

RowWriter::RowWriter(SqliteSession& session) : parts_(std::make_unique<Parts>(session.poco())) {}
RowWriter::~RowWriter() = default;

void RowWriter::begin() {
  parts_->begin.execute();
}

void RowWriter::commit() {
  parts_->commit.execute();
}

void RowWriter::put(const CheckRecord& check) {
  CheckRow& row = parts_->check;
  row.name = check.name;
  row.state = word(check.state);
  row.told = word(check.told);
  row.since = millis(check.since);
  assign(row.reason, check.reason);
  row.incident = check.incident ? OptionalNumber(*check.incident) : OptionalNumber();
  row.gone_since = optional_millis(check.gone_since);
  row.put.execute();
}

void RowWriter::forget(const std::string& check) {
  parts_->check.name = check;
  parts_->check.forget.execute();
}

void RowWriter::put(const IncidentRecord& incident) {
  IncidentRow& row = parts_->incident;
  row.id = incident.id;
  row.check = incident.check;
  row.since = millis(incident.since);
  row.opened_at = millis(incident.opened_at);
  row.closed_at = optional_millis(incident.closed_at);
  row.worst = word(incident.worst);
  row.reminders = incident.reminders;
  row.reminded_at = optional_millis(incident.reminded_at);
  row.told = to_json(incident.told);
  assign(row.reason, incident.reason);
  row.put.execute();
}

void RowWriter::put(const Notification& notification) {
  OutboxRow& row = parts_->notification;
  row.id = notification.id;
  row.created_at = millis(notification.created_at);
  row.uid = notification.uid;
  row.notifier = notification.notifier;
  assign(row.thread_key, notification.thread_key);
  if (row.written != notification.message || row.message.empty()) {
    row.written = notification.message;
    row.message = row.written ? to_json(*row.written) : std::string("{}");
  }
  row.put.execute();
}

void RowWriter::put(const DeliveryRecord& delivery) {
  DeliveryRow& row = parts_->delivery;
  row.id = delivery.notification;
  row.status = std::string(status_word(delivery.status));
  row.ended = delivery.status == DeliveryStatus::waiting ? 0 : 1;
  row.at = millis(delivery.at);
  row.next_at = optional_millis(delivery.next_at);
  row.attempts = delivery.attempts;
  row.in_doubt = delivery.in_doubt ? 1 : 0;
  row.folded_into = delivery.folded_into;
  assign(row.thread_ref, delivery.thread_ref);
  assign(row.message_ref, delivery.message_ref);
  assign(row.last_error, delivery.last_error);
  row.put.execute();
  if (!row.thread_ref.empty()) row.remember.execute();
}

void RowWriter::put_counter(const std::string& name, std::int64_t value) {
  parts_->counter.name = name;
  parts_->counter.value = value;
  parts_->counter.put.execute();
}

std::size_t RowWriter::prune(WallTime before, int most) {
  PruneRow& row = parts_->prune;
  row.before = millis(before);
  row.most = most;
  return row.incidents.execute() + row.notifications.execute() + row.threads.execute();
}

}  // namespace tocsin
