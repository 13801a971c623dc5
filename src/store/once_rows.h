// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <span>
#include <vector>

#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// The table told_once. Both throw what Poco throws; reading throws nothing for what a row says.
std::vector<ToldOnce> read_told_once(SqliteSession& session);
// The last word of the changes on each key counts. Within a transaction that the caller has begun.
void write_told_once(SqliteSession& session, std::span<const Change> changes);

}  // namespace tocsin
