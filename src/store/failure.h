// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tocsin {

// Why the database could not be used, in the classes that the store treats differently.
enum class Fault : std::uint8_t {
  full,         // no space, or the quota is used up
  io,           // the disk or the file system fails
  read_only,    // the file or the file system cannot be written
  busy,         // another program holds the database's lock
  unavailable,  // the file or its directory cannot be opened or made
  removed,      // somebody moved or removed the file while it was open
  damaged,      // the file is not a sound database: set aside
  newer,        // made by a newer Tocsin: left alone
  foreign,      // another program's database, or one we have not read: left alone
  migration,    // a step of the schema's history fails: left alone
  other,
};

// A failed use of the database; `what()` is a sentence for an administrator: what happened, which
// file, what to do. A value type.
class Failure : public std::runtime_error {
 public:
  Failure(Fault fault, const std::string& what) : std::runtime_error(what), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

// True if trying again cannot help before somebody acts and Tocsin is started anew.
constexpr bool is_lasting(Fault fault) noexcept {
  return fault == Fault::newer || fault == Fault::foreign || fault == Fault::migration;
}

// The class of an SQLite result code; `system_error` is the errno behind it (0: none).
Fault fault_of(int sqlite_code, int system_error) noexcept;

// The sentence for it. `path` is the database file, `detail` what SQLite said.
Failure make_failure(Fault fault, const std::string& path, const std::string& detail,
                     int system_error);

}  // namespace tocsin
