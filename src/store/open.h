// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "store/migrations.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// What the store has to tell while it runs; called on threads of its own, one at a time, in the
// order in which things happened (before open_store returns: on the caller's). Must not block.
struct StoreEvents {
  // The disk refuses, for this reason; what is committed from now on is only in memory. Once, until
  // it has recovered; trouble() always gives the present reason.
  std::function<void(std::string reason)> failing;
  // All that was kept in memory is on disk now.
  std::function<void()> recovered;
  // The database was damaged and set aside under the name given (the whole path); a new, empty one
  // is open. The owner commits everything it knows. An empty name: somebody moved or removed the
  // file while it was in use.
  std::function<void(std::string set_aside)> replaced;
};

// How the store keeps house. The defaults are the product's; tests turn them.
struct StoreOptions {
  // Closed incidents, ended notifications (dead letters too) and unused threads go after this long.
  Millis keep = std::chrono::days{400};
  Millis prune_every = std::chrono::hours{1};
  int prune_batch = 200;  // rows of each kind in one transaction
  // After the disk refused, it is tried again so often; a commit tries earlier, but not within
  // `retry_pause`.
  Millis retry_every = std::chrono::seconds{5};
  Millis retry_pause = std::chrono::seconds{1};
  // A disk that takes longer than this over one transaction is told as failing: what waits for it
  // is reported as not durable, and is written all the same when the disk answers.
  Millis stall_after = std::chrono::seconds{5};
  // How long another program may hold the database's lock before that is a fault.
  Millis busy_timeout = std::chrono::seconds{2};
  // After a damaged file was set aside, a second one within this time is a failing disk.
  Millis replace_pause = std::chrono::minutes{10};
  // Ended rows kept in memory while nothing can be written; the oldest go first.
  std::size_t memory_rows = 20'000;
  // The longest real time the writer sleeps: with a fake clock, how fast it sees the clock turned.
  Millis longest_wait = std::chrono::hours{1};
  std::span<const Migration> migrations = kMigrations;
};

// Opens `dir`/tocsin.db, making the directory (0700) and the file if need be, and takes the lock of
// the directory. Throws std::runtime_error only if another daemon holds the lock; the text names
// its pid. Every other trouble (damaged, newer version, read-only, full) leaves a store that works
// from memory, or with a new file, and says so by its events (before this returns) and by
// trouble().
std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const Clock& clock,
                                  StoreEvents events);
std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const Clock& clock,
                                  StoreEvents events, const StoreOptions& options);

}  // namespace tocsin
