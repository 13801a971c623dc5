// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/Data/Session.h>

#include <string>

#include "probe/sql_client.h"

namespace tocsin {

// What PostgreSQL and SQLite share, which are spoken to through Poco::Data. One thread's at a time;
// Poco's exceptions pass through.

// Runs a statement whose result does not matter.
void run_statement(Poco::Data::Session& session, const std::string& statement);
// Runs a query and reads its rows into the answer.
void read_answer(Poco::Data::Session& session, const std::string& query, SqlAnswer& answer);

}  // namespace tocsin
