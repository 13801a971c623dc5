// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace tocsin {

class SqliteSession;

// One step of the schema's history: entry i of a list brings version i to version i + 1. Constant.
struct Migration {
  std::string_view summary;
  std::span<const std::string_view> statements;
};

// The steps of this Tocsin; their number is the schema's version.
extern const std::span<const Migration> kMigrations;

// Brings the database to the version of the list, a transaction a step. Throws Failure; what the
// steps before the failed one did stays, of the failed one nothing.
void migrate(SqliteSession& session, std::span<const Migration> migrations);

}  // namespace tocsin
