// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/open.h"

#include <utility>

#include "store/sqlite_store.h"

namespace tocsin {

std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const Clock& clock,
                                  StoreEvents events) {
  return open_store(dir, clock, std::move(events), StoreOptions{});
}

std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const Clock& clock,
                                  StoreEvents events, const StoreOptions& options) {
  return std::make_unique<SqliteStore>(dir, clock, std::move(events), options);
}

}  // namespace tocsin
