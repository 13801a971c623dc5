// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// The tables withheld and silences. All calls throw what Poco throws; reading throws nothing for
// what a row says. Writing is for within a transaction that the caller has begun.

// As Store::withheld is asked.
struct WithheldQuery {
  std::string check;  // empty: of all
  std::int64_t before = 0;
  std::size_t limit = 0;
};
std::vector<Withheld> read_withheld(SqliteSession& session, const WithheldQuery& query);
// The rows have their numbers.
void write_withheld(SqliteSession& session, std::span<const Change> changes);

// By id. A row whose match cannot be read is left out: it would mean every check.
std::vector<Silence> read_silences(SqliteSession& session);
// The last word of the changes on each number counts.
void write_silences(SqliteSession& session, std::span<const Change> changes);

}  // namespace tocsin
