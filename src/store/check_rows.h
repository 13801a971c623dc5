// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <span>
#include <vector>

#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// The table checks. Both throw what Poco throws; reading throws nothing for what a row says.
std::vector<CheckRecord> read_checks(SqliteSession& session);
// Puts Change::checks, in their order. Within a transaction that the caller has begun.
void put_checks(SqliteSession& session, std::span<const Change> changes);

}  // namespace tocsin
