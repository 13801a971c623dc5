// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// How faults are met. The keeper is well (a database is open, the backlog is empty) or failing
// (what is given goes into the backlog, the latest of each thing).
//
//   full, failing, read-only, locked, out of reach: failing. Every few seconds, and on a commit,
//     the whole backlog is tried as one transaction; when it succeeds, all is well. The connection
//     is kept where the file itself is sound (full, locked: to open means to look through the whole
//     file), else closed, and in any case made anew now and then.
//     At a start, what the file says is loaded all the same if it can be read.
//   damaged: the file is set aside, a new one takes the backlog, and the owner is asked to commit
//     all it knows. Twice within a few minutes is a failing disk instead, or the directory would
//     fill with copies.
//   newer, another program's, a migration that fails: failing until a restart. The file is not
//     touched.
//
// A file that could not be read at the start and can be opened later, say because its disk was
// mounted late, is taken only if it is blank: its numbers would collide with those given meanwhile.
#include "store/keeper.h"

#include <algorithm>
#include <utility>

#include "util/log.h"

namespace tocsin {
namespace {

constexpr std::string_view kDatabaseName = "tocsin.db";
constexpr unsigned kTriesAConnection = 12;
constexpr Millis kNever = std::chrono::days{365};

Failure not_loaded(const std::string& file) {
  return {Fault::foreign, file +
                              " can be opened now, but what it holds was not known when Tocsin "
                              "started; restart Tocsin to go on from it"};
}

Failure damaged_again(const std::string& file) {
  return {Fault::io, file +
                         " is damaged again, shortly after a damaged one was set aside; the disk "
                         "or the memory of this machine is failing"};
}

}  // namespace

Keeper::Keeper(const std::filesystem::path& dir, const Clock& clock, StoreEvents events,
               const StoreOptions& options)
    : dir_(std::filesystem::absolute(dir).lexically_normal()),
      file_(dir_ / kDatabaseName),
      clock_(clock),
      events_(std::move(events)),
      options_(options),
      backlog_(options.memory_rows),
      reader_(file_, backlog_),
      next_prune_(clock.steady()) {
  start();
}

Keeper::~Keeper() = default;

template <typename Work>
std::optional<Failure> Keeper::attempt(const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const DirectoryInUse& error) {
    return Failure(Fault::unavailable, error.what());
  } catch (const Failure& failure) {
    after_failure(failure);
    return failure;
  }
}

// Another daemon's lock ends the start; later it is one more reason why the disk is out of reach.
void Keeper::start() {
  attempt([&] { make_directory(dir_); });  // what is wrong with it, open() says again
  lock_ = DirectoryLock::take(dir_);
  const auto open_and_load = [&] {
    open();
    take(database_->load());
  };
  auto failure = attempt(open_and_load);
  const bool damaged = failure && failure->fault() == Fault::damaged;
  if (damaged) failure = attempt([&] { replace(); });
  if (failure && !damaged && !is_lasting(failure->fault())) {
    auto readable = reader_.load(options_.migrations.size());
    known_ = readable.has_value();
    take(std::move(readable).value_or(Stored{}));
  }
  backlog_.set_floor(numbers_);
  if (failure) return refused(*failure);
  known_ = true;
  became_well();
}

void Keeper::take(Stored stored) {
  saved_ = std::move(stored.saved);
  numbers_ = stored.numbers;
}

void Keeper::open() {
  make_directory(dir_);
  if (!lock_) lock_ = DirectoryLock::take(dir_);
  if (!lock_) {
    throw make_failure(Fault::unavailable, file_.native(), "tocsin.lock cannot be made", 0);
  }
  make_database_file(file_);
  const Database::Settings settings{options_.migrations, options_.busy_timeout};
  database_ = std::make_unique<Database>(file_, settings);
}

void Keeper::reopen() {
  if (database_) return;
  open();
  if (!known_ && !database_->is_blank()) throw not_loaded(file_.native());
  known_ = true;
}

void Keeper::replace() {
  if (last_replaced_at_ && now() - *last_replaced_at_ < options_.replace_pause) {
    throw damaged_again(file_.native());
  }
  reader_.forbid();
  replaced_ = set_aside(file_, clock_.wall()).native();
  last_replaced_at_ = now();
  known_ = true;
  open();
}

bool Keeper::write(std::span<Change> changes) {
  const Counters stored = numbers_;
  for (Change& change : changes) {
    note_numbers(change);
    give_numbers(change);
  }
  if (!failing_) {
    const auto failure = attempt([&] { database_->write(changes, numbers_); });
    if (!failure) return true;
    backlog_.set_floor(stored);
    for (const Change& change : changes) backlog_.add(change);
    return take_over(*failure);
  }
  for (const Change& change : changes) backlog_.add(change);
  if (lasting_ || now() - last_try_ < options_.retry_pause) return false;
  return retry();
}

// After the first failure: what a new connection mends is mended at once, the rest waits.
bool Keeper::take_over(const Failure& failure) {
  if (failure.fault() == Fault::removed) replaced_ = "";
  if (failure.fault() == Fault::removed || failure.fault() == Fault::damaged) return retry();
  refused(failure);
  return false;
}

bool Keeper::retry() {
  auto failure = attempt([&] {
    reopen();
    write_backlog();
  });
  if (failure && failure->fault() == Fault::damaged) {
    failure = attempt([&] {
      replace();
      write_backlog();
    });
  }
  if (failure) {
    refused(*failure);
    return false;
  }
  became_well();
  return true;
}

void Keeper::write_backlog() {
  const Change all = backlog_.all();
  database_->write({&all, 1}, numbers_);
}

void Keeper::after_failure(const Failure& failure) {
  if (!database_) return;
  const bool sound = failure.fault() == Fault::full || failure.fault() == Fault::busy;
  if (sound && failed_tries_ % kTriesAConnection != kTriesAConnection - 1) {
    try {
      return database_->roll_back();
    } catch (const Failure& second) {
      log(LogLevel::debug, "store_reopens", "reason", std::string(second.what()));
    }
  }
  if (failure.fault() == Fault::damaged) database_->leave_as_it_is();
  // A reader that still has a removed file open would keep its log from being removed with it, and
  // the log would be played into the file that takes its place.
  if (failure.fault() == Fault::removed) reader_.forbid();
  database_.reset();
}

void Keeper::refused(const Failure& failure) {
  last_try_ = now();
  ++failed_tries_;
  lasting_ = is_lasting(failure.fault());
  failing_ = true;
  set_trouble(failure.what());
  if (events_.failing) events_.failing(failure.what());
}

void Keeper::became_well() {
  reader_.allow(false);
  backlog_.clear();
  set_trouble("");
  lasting_ = false;
  failed_tries_ = 0;
  if (std::exchange(failing_, false) && events_.recovered) events_.recovered();
  const auto replaced = std::exchange(replaced_, std::nullopt);
  if (replaced && events_.replaced) events_.replaced(*replaced);
}

void Keeper::tend() {
  if (failing_) {
    if (until_due() <= Millis::zero()) retry();
    return;
  }
  if (reader_.is_suspicious()) {
    reader_.clear_suspicion();
    if (const auto failure = attempt([&] { look_again(); })) take_over(*failure);
    return;
  }
  if (now() >= next_prune_) prune();
}

// By a new connection: this one may hold sound copies of pages that are damaged on the disk.
void Keeper::look_again() {
  database_->leave_as_it_is();
  database_.reset();
  reopen();
}

// A batch each time, so that what is to be committed never waits for long.
void Keeper::prune() {
  const SteadyTime began = now();
  const WallTime before = clock_.wall() - options_.keep;
  std::size_t gone = 0;
  const auto failure = attempt([&] { gone = database_->prune(before, options_.prune_batch); });
  if (gone == 0) next_prune_ = began + options_.prune_every;
  if (gone > 0) log(LogLevel::debug, "store_pruned", "rows", gone);
  if (failure) take_over(*failure);
}

Millis Keeper::until_due() const {
  if (lasting_) return kNever;
  if (!failing_ && reader_.is_suspicious()) return Millis::zero();
  const SteadyTime due = failing_ ? last_try_ + options_.retry_every : next_prune_;
  return std::chrono::ceil<Millis>(due - now());
}

void Keeper::close() {
  reader_.forbid();
  if (failing_ && !lasting_ && !backlog_.empty()) retry();
  reader_.forbid();
  database_.reset();
}

void Keeper::note_numbers(const Change& change) {
  for (const IncidentRecord& incident : change.incidents) {
    numbers_.incident = std::max(numbers_.incident, incident.id);
  }
  for (const NotificationPtr& notification : change.notifications) {
    numbers_.notification = std::max(numbers_.notification, notification->id);
  }
  for (const Silence& silence : change.silences) {
    numbers_.silence = std::max(numbers_.silence, silence.id);
  }
}

void Keeper::give_numbers(Change& change) {
  for (Withheld& row : change.withheld) row.id = ++numbers_.withheld;
}

void Keeper::set_trouble(std::string text) {
  const std::lock_guard lock(trouble_mutex_);
  trouble_ = std::move(text);
}

std::string Keeper::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

}  // namespace tocsin
