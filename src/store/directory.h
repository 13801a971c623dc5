// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "tocsin/time.h"

namespace tocsin {

// Another daemon has the state directory. `what()` names its pid.
class DirectoryInUse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The lock of a state directory, held until destroyed: flock on `dir`/tocsin.lock, which says the
// holder's pid. The kernel lets go of it when the holder dies, however it dies, so a file that is
// left behind means nothing; it is never removed, because removing it is what makes such locks
// race.
class DirectoryLock {
 public:
  // Null if there can be no lock file here (read-only, no such directory): then nobody can write
  // here either. Throws DirectoryInUse.
  static std::unique_ptr<DirectoryLock> take(const std::filesystem::path& dir);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
};

// Makes the directory (0700) and those above it that are missing. Throws Failure.
void make_directory(const std::filesystem::path& dir);

// Makes the file (0600) if it is not there, and takes others' rights from one that is. To be called
// while no connection is open: closing any descriptor of a file drops SQLite's locks on it. Throws
// Failure.
void make_database_file(const std::filesystem::path& file);

// Renames the database and what belongs to it (-wal, -shm) to FILE.damaged-<UTC time>[-N], a name
// that is not taken; gives that name. No connection may be open. Throws Failure.
std::filesystem::path set_aside(const std::filesystem::path& file, WallTime now);

}  // namespace tocsin
