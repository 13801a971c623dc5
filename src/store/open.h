// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// What the store has to tell while it runs; called on its writer thread, must not block.
struct StoreEvents {
  // The disk refuses, for this reason; what is committed from now on is only in memory.
  std::function<void(std::string reason)> failing;
  // All that was kept in memory is on disk now.
  std::function<void()> recovered;
  // The database was damaged and set aside under the name given; a new, empty one is open. The
  // owner commits everything it knows.
  std::function<void(std::string set_aside)> replaced;
};

// Opens `dir`/tocsin.db, making the directory (0700) and the file if need be, and takes the lock of
// the directory. Throws std::runtime_error only if another daemon holds the lock; the text names
// its pid. Every other trouble (damaged, newer version, read-only, full) leaves a store that works
// from memory, or with a new file, and says so by its events (before this returns) and by
// trouble().
std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const Clock& clock,
                                  StoreEvents events);

}  // namespace tocsin
