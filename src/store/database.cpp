// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Opening goes from the harmless to the lasting: read who made the file and with which version,
// look through it for damage, and only then change anything. Until it is accepted, closing does not
// even fold the log back, so a file that is refused is left as it was found.
//
// Write-ahead log with synchronous=FULL: a commit is one fsync of the log, and what was committed
// survives a power cut; readers never wait for the writer.
#include "store/database.h"

#include <sys/stat.h>

#include <string>

#include "store/row_reader.h"
#include "store/row_writer.h"
#include "store/session.h"

namespace tocsin {
namespace {

constexpr std::int64_t kApplicationId = 0x746F6373;  // "tocs": what file(1) and we know it by

Failure newer(const std::string& file, std::int64_t version, std::size_t known) {
  return {Fault::newer, "the database " + file + " is from a newer Tocsin (version " +
                            std::to_string(version) + ", this one knows " + std::to_string(known) +
                            ") and is left alone; install that Tocsin again, or move the file away "
                            "and restart"};
}

Failure foreign(const std::string& file) {
  return {Fault::foreign, file +
                              " is another program's database and is left alone; move it away or "
                              "choose another state_dir, and restart"};
}

void refuse_what_is_not_ours(SqliteSession& session, const std::string& file,
                             std::size_t known_version) {
  const std::int64_t maker = session.number("PRAGMA application_id");
  const std::int64_t version = session.number("PRAGMA user_version");
  const bool ours = maker == kApplicationId;
  if (ours && version > static_cast<std::int64_t>(known_version)) {
    throw newer(file, version, known_version);
  }
  const bool empty = session.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (!ours && (maker != 0 || !empty)) throw foreign(file);
}

void refuse_damage(SqliteSession& session, const std::string& file) {
  const std::string verdict = session.text("PRAGMA quick_check(1)");
  if (verdict == "ok") return;
  throw make_failure(Fault::damaged, file, verdict, 0);
}

void refuse_read_only(SqliteSession& session, const std::string& file) {
  if (session.is_read_only()) throw make_failure(Fault::read_only, file, "opened for reading", 0);
}

void configure(SqliteSession& session) {
  session.text("PRAGMA journal_mode = WAL");
  session.run("PRAGMA synchronous = FULL");
  session.run("PRAGMA foreign_keys = ON");
  session.run("PRAGMA cache_size = -1024");  // KiB
  session.text("PRAGMA journal_size_limit = 16777216");
  if (session.number("PRAGMA application_id") != kApplicationId) {
    session.run("PRAGMA application_id = " + std::to_string(kApplicationId));
  }
}

// Which file a name stands for; a default one is none.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Identity identity_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace

struct Database::Parts {
  Parts(const std::filesystem::path& file_path, Millis busy_timeout)
      : file(file_path.native()),
        identity(identity_of(file)),
        session(file_path, SqliteSession::Access::read_write, busy_timeout) {}
  std::string file;
  Identity identity;
  SqliteSession session;
  Counters written;  // the counters as this connection wrote them
};

Database::Database(const std::filesystem::path& file, const Settings& settings)
    : parts_(std::make_unique<Parts>(file, settings.busy_timeout)) {
  SqliteSession& session = parts_->session;
  session.keep_log_on_close(true);
  guarded(session, [&] {
    refuse_read_only(session, parts_->file);
    refuse_what_is_not_ours(session, parts_->file, settings.migrations.size());
    refuse_damage(session, parts_->file);
    configure(session);
    migrate(session, settings.migrations);
  });
  session.keep_log_on_close(false);
}

Database::~Database() = default;

Stored Database::load() {
  return guarded(parts_->session, [&] { return read_stored(parts_->session); });
}

bool Database::is_blank() {
  return guarded(parts_->session, [&] {
    return parts_->session.number(
               "SELECT (SELECT count(*) FROM counters)"
               " + (SELECT count(*) FROM checks)") == 0;
  });
}

void Database::write(std::span<const Change> changes, const Counters& numbers) {
  if (identity_of(parts_->file) != parts_->identity) {
    throw make_failure(Fault::removed, parts_->file, "", 0);
  }
  SqliteSession& session = parts_->session;
  guarded(session, [&] {
    session.run("BEGIN IMMEDIATE");
    write_rows(session, changes);
    if (numbers != parts_->written) write_counters(session, numbers);
    session.run("COMMIT");
  });
  parts_->written = numbers;
}

std::size_t Database::prune(WallTime before, int most) {
  SqliteSession& session = parts_->session;
  return guarded(session, [&] {
    session.run("BEGIN IMMEDIATE");
    const std::size_t gone = prune_rows(session, before, most);
    session.run("COMMIT");
    return gone;
  });
}

void Database::roll_back() {
  guarded(parts_->session, [&] {
    if (parts_->session.is_in_transaction()) parts_->session.run("ROLLBACK");
  });
}

void Database::leave_as_it_is() {
  parts_->session.keep_log_on_close(true);
}

}  // namespace tocsin
