// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "store/backlog.h"
#include "store/failure.h"
#include "store/migrations.h"
#include "store/row_reader.h"
#include "tocsin/store.h"

namespace tocsin {

// The open database file, for the writer's thread. Every call throws Failure; after one, roll back
// or destroy it.
class Database {
 public:
  struct Settings {
    std::span<const Migration> migrations;
    Millis busy_timeout{2000};
  };

  // Opens an existing file (an empty one is a new database), proves it sound and ours, and brings
  // it to the present version. A file that is damaged, newer or another program's is not changed.
  Database(const std::filesystem::path& file, const Settings& settings);
  // Folds the log back into the file, as far as the disk lets it.
  ~Database();

  Stored load();
  // Nothing has ever been written here.
  bool is_blank();

  // All of it in one durable transaction, or nothing.
  void write(std::span<const Change> changes, const Counters& numbers);
  // Removes up to `most` rows a kind that ended before then; how many went.
  std::size_t prune(WallTime before, int most);
  // After a failed write: gives up what is half done. The connection can be used again then.
  void roll_back();
  // The file is to be set aside as it is: closing shall not touch it.
  void leave_as_it_is();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin
