// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <span>

#include "store/backlog.h"
#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// Records as rows, within a transaction that the caller has begun. For the writer's thread. All
// calls throw what Poco throws.

// Applies the changes in their order; how it is done in one statement a table is told in the .cpp.
// A notification whose row is there keeps its delivery; a delivery without a row does nothing.
void write_rows(SqliteSession& session, std::span<const Change> changes);
// Raises the counters to these.
void write_counters(SqliteSession& session, const Counters& numbers);
// Removes up to `most` rows of each kind that ended, or were withheld, before then; how many
// went.
std::size_t prune_rows(SqliteSession& session, WallTime before, int most);

}  // namespace tocsin
