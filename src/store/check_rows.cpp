// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/check_rows.h"

#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::into;
using Poco::Data::Keywords::now;
using Poco::Data::Keywords::range;
using Poco::Data::Keywords::use;
using Number = Poco::Int64;
using OptionalNumber = Poco::Nullable<Poco::Int64>;

// A NUL would end the text when Poco reads it back.
std::string clean(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

Number millis(WallTime time) {
  return time.time_since_epoch().count();
}
OptionalNumber millis(const std::optional<WallTime>& time) {
  return time ? OptionalNumber(millis(*time)) : OptionalNumber();
}

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

// The variables of one row that is read.
struct CheckFields {
  std::string name, state, told, reason, held_why, held_detail;
  Number since = 0, held_since = 0, held_changes = 0, flap_slots = 0, flap_at = 0, flap_changes = 0;
  OptionalNumber incident, gone_since, flap_since;

  void attach(Statement& select) {
    select << "SELECT name, state, told, since, reason, incident, gone_since, held_why,"
              " held_detail, held_since, held_changes, flap_slots, flap_at, flap_since,"
              " flap_changes FROM checks",
        into(name), into(state), into(told), into(since), into(reason), into(incident),
        into(gone_since), into(held_why), into(held_detail), into(held_since), into(held_changes),
        into(flap_slots), into(flap_at), into(flap_since), into(flap_changes), range(0, 1);
  }

  CheckRecord record() const {
    CheckRecord out;
    out.name = name;
    out.state = state_of_word(state);
    out.told = state_of_word(told);
    out.since = time_of(since);
    out.reason = reason;
    if (!incident.isNull()) out.incident = incident.value();
    out.gone_since = time_of(gone_since);
    out.held = {parse_hold(held_why), held_detail, time_of(held_since), count_of(held_changes)};
    out.flaps = {static_cast<std::uint64_t>(flap_slots), time_of(flap_at), time_of(flap_since),
                 count_of(flap_changes)};
    return out;
  }
};

// The columns of all rows that are written.
struct CheckColumns {
  std::vector<std::string> name, state, told, reason, held_why, held_detail;
  std::vector<Number> since, held_since, held_changes, flap_slots, flap_at, flap_changes;
  std::vector<OptionalNumber> incident, gone_since, flap_since;

  void add(const CheckRecord& check) {
    name.push_back(check.name);
    state.emplace_back(to_string(check.state));
    told.emplace_back(to_string(check.told));
    since.push_back(millis(check.since));
    reason.push_back(clean(check.reason));
    incident.push_back(check.incident ? OptionalNumber(*check.incident) : OptionalNumber());
    gone_since.push_back(millis(check.gone_since));
    held_why.emplace_back(to_string(check.held.why));
    held_detail.push_back(clean(check.held.detail));
    held_since.push_back(millis(check.held.since));
    held_changes.push_back(check.held.changes);
    flap_slots.push_back(static_cast<Number>(check.flaps.slots));
    flap_at.push_back(millis(check.flaps.at));
    flap_since.push_back(millis(check.flaps.since));
    flap_changes.push_back(check.flaps.changes);
  }

  void write(Poco::Data::Session& session) {
    if (name.empty()) return;
    session << "INSERT OR REPLACE INTO checks (name, state, told, since, reason, incident,"
               " gone_since, held_why, held_detail, held_since, held_changes, flap_slots, flap_at,"
               " flap_since, flap_changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        use(name), use(state), use(told), use(since), use(reason), use(incident), use(gone_since),
        use(held_why), use(held_detail), use(held_since), use(held_changes), use(flap_slots),
        use(flap_at), use(flap_since), use(flap_changes), now;
  }
};

}  // namespace

std::vector<CheckRecord> read_checks(SqliteSession& session) {
  std::vector<CheckRecord> out;
  CheckFields fields;
  Statement select(session.poco());
  fields.attach(select);
  while (!select.done()) {
    if (select.execute() > 0) out.push_back(fields.record());
  }
  return out;
}

void put_checks(SqliteSession& session, std::span<const Change> changes) {
  CheckColumns columns;
  for (const Change& change : changes) {
    for (const CheckRecord& check : change.checks) columns.add(check);
  }
  columns.write(session.poco());
}

}  // namespace tocsin
