// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "store/backlog.h"
#include "store/database.h"
#include "store/directory.h"
#include "store/open.h"
#include "store/reader.h"

namespace tocsin {

// Keeps what is given to it, on disk or, while the disk refuses, in memory: everything about the
// database but the threads. How faults are met is told atop keeper.cpp.
//
// Made and then used by one thread (the writer's), but for trouble() and lists(), which are
// thread-safe. It calls the events on that thread; `failing` at every attempt that fails.
class Keeper {
 public:
  // Opens what is there. Throws DirectoryInUse; every other trouble is told by the events.
  Keeper(const std::filesystem::path& dir, const Clock& clock, StoreEvents events,
         const StoreOptions& options);
  ~Keeper();

  Saved take_saved() { return std::move(saved_); }

  // Writes all in one transaction, or keeps all in memory; true if they are on disk. What was
  // withheld is given its numbers here, so that it has the same ones in memory and on the disk.
  bool write(std::span<Change> changes);
  // Does what is due: tries a disk that refused, looks into suspicions, prunes a batch.
  void tend();
  // How long until something is due; zero or less: now.
  Millis until_due() const;
  // Writes what is left, as far as the disk lets it, and closes the file.
  void close();

  bool is_failing() const noexcept { return failing_; }
  // Empty while the disk takes everything; else why not.
  std::string trouble() const;
  Reader& lists() noexcept { return reader_; }

 private:
  template <typename Work>
  std::optional<Failure> attempt(const Work& work);
  void start();
  void take(Stored stored);
  void open();
  void reopen();
  void replace();
  bool retry();
  bool take_over(const Failure& failure);
  void refused(const Failure& failure);
  void became_well();
  void after_failure(const Failure& failure);
  void write_backlog();
  void look_again();
  void prune();
  void note_numbers(const Change& change);
  void give_numbers(Change& change);
  void set_trouble(std::string text);
  SteadyTime now() const noexcept { return clock_.steady(); }

  const std::filesystem::path dir_;
  const std::filesystem::path file_;
  const Clock& clock_;
  const StoreEvents events_;
  const StoreOptions options_;

  Backlog backlog_;
  Reader reader_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<Database> database_;
  Saved saved_;
  Counters numbers_;

  bool known_ = false;    // what the file holds was loaded, or written by us
  bool failing_ = false;  // what is given is kept in memory
  bool lasting_ = false;  // and trying again is of no use
  SteadyTime last_try_{};
  unsigned failed_tries_ = 0;
  SteadyTime next_prune_{};
  std::optional<SteadyTime> last_replaced_at_;
  std::optional<std::string> replaced_;  // to be told when a new database has taken everything

  mutable std::mutex trouble_mutex_;  // the web side asks from its threads
  std::string trouble_;
};

}  // namespace tocsin
