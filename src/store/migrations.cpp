// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The schema's history. SCHEMA.md tells what the tables mean; this file is what makes them.
//
// The file's `user_version` is the number of steps it has been through. A new file has been through
// none, so it is made by the same steps that bring an old one up to date: there is no second
// description of the schema that could differ from the first.
//
// Rules for a new step:
//   1. Append to kSteps. A step that was released is never edited: files exist that went through
//   it.
//   2. A step is one transaction together with its user_version, so a crash or a full disk leaves
//      the version before it, whole.
//   3. Rows are kept. What the new version needs is worked out in SQL from what is there.
//   4. Nothing refers to code: a step must mean the same in ten years.
//   5. tests/store/migrations_test.cpp gets a file of the version before, with rows in it.
// There is no way back: an older Tocsin leaves a newer file alone and works from memory.
#include "store/migrations.h"

#include <string>

#include "store/session.h"

namespace tocsin {
namespace {

constexpr std::string_view kVersion1[] = {
    R"(CREATE TABLE counters (
         name TEXT PRIMARY KEY,
         value INTEGER NOT NULL
       ) WITHOUT ROWID)",
    R"(CREATE TABLE checks (
         name TEXT PRIMARY KEY,
         state TEXT NOT NULL,
         told TEXT NOT NULL,
         since INTEGER NOT NULL,
         reason TEXT NOT NULL,
         incident INTEGER,
         gone_since INTEGER
       ) WITHOUT ROWID)",
    R"(CREATE TABLE incidents (
         id INTEGER PRIMARY KEY,
         check_name TEXT NOT NULL,
         since INTEGER NOT NULL,
         opened_at INTEGER NOT NULL,
         closed_at INTEGER,
         worst TEXT NOT NULL,
         reminders INTEGER NOT NULL,
         reminded_at INTEGER,
         told TEXT NOT NULL,
         thread_key TEXT NOT NULL,
         reason TEXT NOT NULL,
         details TEXT NOT NULL
       ))",
    R"(CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL)",
    R"(CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL)",
    // The message is the last column: a look at the status of a row does not read it.
    R"(CREATE TABLE notifications (
         id INTEGER PRIMARY KEY,
         status TEXT NOT NULL,
         ended_at INTEGER,
         created_at INTEGER NOT NULL,
         at INTEGER NOT NULL,
         next_at INTEGER,
         attempts INTEGER NOT NULL,
         in_doubt INTEGER NOT NULL,
         folded_into INTEGER NOT NULL,
         uid TEXT NOT NULL,
         notifier TEXT NOT NULL,
         thread_key TEXT NOT NULL,
         thread_ref TEXT NOT NULL,
         message_ref TEXT NOT NULL,
         last_error TEXT NOT NULL,
         message TEXT NOT NULL
       ))",
    R"(CREATE INDEX notifications_status ON notifications (status, id))",
    R"(CREATE INDEX notifications_ended ON notifications (ended_at) WHERE ended_at IS NOT NULL)",
    R"(CREATE TABLE threads (
         notifier TEXT NOT NULL,
         thread_key TEXT NOT NULL,
         thread_ref TEXT NOT NULL,
         updated_at INTEGER NOT NULL,
         PRIMARY KEY (notifier, thread_key)
       ) WITHOUT ROWID)",
    R"(CREATE TABLE heartbeats (
         name TEXT PRIMARY KEY,
         expects TEXT NOT NULL,
         known_since INTEGER NOT NULL,
         listening_since INTEGER NOT NULL,
         started_at INTEGER,
         succeeded_at INTEGER,
         failed_at INTEGER,
         failed INTEGER NOT NULL,
         exit_code INTEGER,
         run_time INTEGER,
         runs TEXT NOT NULL,
         log TEXT NOT NULL,
         address TEXT NOT NULL
       ) WITHOUT ROWID)",
};

constexpr std::string_view kVersion2[] = {
    R"(CREATE TABLE told_once (
         key TEXT PRIMARY KEY,
         at INTEGER NOT NULL,
         content TEXT NOT NULL,
         notifications TEXT NOT NULL
       ) WITHOUT ROWID)",
};

constexpr std::string_view kVersion3[] = {
    "ALTER TABLE incidents ADD COLUMN acknowledged_at INTEGER",
    "ALTER TABLE incidents ADD COLUMN acknowledged_until INTEGER",
    "ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE incidents ADD COLUMN acknowledged_why TEXT NOT NULL DEFAULT ''",
};

constexpr std::string_view kVersion4[] = {
    "ALTER TABLE checks ADD COLUMN held_why TEXT NOT NULL DEFAULT 'none'",
    "ALTER TABLE checks ADD COLUMN held_detail TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE checks ADD COLUMN held_since INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE checks ADD COLUMN held_changes INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE checks ADD COLUMN flap_slots INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE checks ADD COLUMN flap_at INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE checks ADD COLUMN flap_since INTEGER",
    "ALTER TABLE checks ADD COLUMN flap_changes INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incidents ADD COLUMN told_at INTEGER",
    "ALTER TABLE incidents ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0",
    // Until this version, whoever is told of an incident was told when it was opened.
    "UPDATE incidents SET told_at = opened_at WHERE told <> '[]'",
    R"(CREATE TABLE withheld (
         id INTEGER PRIMARY KEY,
         at INTEGER NOT NULL,
         check_name TEXT NOT NULL,
         incident INTEGER NOT NULL,
         kind TEXT NOT NULL,
         to_state TEXT NOT NULL,
         why TEXT NOT NULL,
         detail TEXT NOT NULL,
         notifiers TEXT NOT NULL
       ))",
    "CREATE INDEX withheld_check ON withheld (check_name, id)",
    "CREATE INDEX withheld_at ON withheld (at)",
    R"(CREATE TABLE silences (
         id INTEGER PRIMARY KEY,
         is_maintenance INTEGER NOT NULL,
         names TEXT NOT NULL,
         labels TEXT NOT NULL,
         from_at INTEGER NOT NULL,
         until_at INTEGER NOT NULL,
         made_by TEXT NOT NULL,
         why TEXT NOT NULL
       ))",
};

constexpr Migration kSteps[] = {
    {"checks, incidents, notifications, threads, counters, heartbeats", kVersion1},
    {"messages of one's own: told_once", kVersion2},
    {"who looks after an incident: incidents.acknowledged_…", kVersion3},
    {"what is held back: checks.held_…, checks.flap_…, withheld, silences", kVersion4},
};

void step(SqliteSession& session, const Migration& migration, std::size_t version) {
  session.run("BEGIN IMMEDIATE");
  for (const std::string_view statement : migration.statements) session.run(std::string(statement));
  session.run("PRAGMA user_version = " + std::to_string(version));
  session.run("COMMIT");
}

void roll_back(SqliteSession& session) {
  try {
    session.run("ROLLBACK");
  } catch (const std::exception&) {
    // SQLite has rolled back by itself, as it does when the disk is full; the first error counts.
    return;
  }
}

// A full disk or a broken one stays what it is; a statement that cannot be run is the step's fault.
Failure step_failure(const Failure& failure, const Migration& migration, std::size_t version) {
  if (failure.fault() != Fault::other) return failure;
  return {Fault::migration, "the database's schema could not be brought to version " +
                                std::to_string(version) + " (" + std::string(migration.summary) +
                                "), and is left at version " + std::to_string(version - 1) + ": " +
                                failure.what()};
}

}  // namespace

constinit const std::span<const Migration> kMigrations{kSteps};

void migrate(SqliteSession& session, std::span<const Migration> migrations) {
  const auto done = guarded(session, [&] { return session.number("PRAGMA user_version"); });
  for (auto i = static_cast<std::size_t>(done); i < migrations.size(); ++i) {
    try {
      guarded(session, [&] { step(session, migrations[i], i + 1); });
    } catch (const Failure& failure) {
      roll_back(session);
      throw step_failure(failure, migrations[i], i + 1);
    }
  }
}

}  // namespace tocsin
