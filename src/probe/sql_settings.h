// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "probe/sql_client.h"
#include "probe/sql_expect.h"
#include "tocsin/settings.h"

namespace tocsin {

// A `sql` check. Immutable once parsed.
struct SqlSettings {
  SqlQuestion question;  // all but addresses and deadline
  SqlExpect expect;      // else it is down
  SqlExpect degraded_unless;
  Millis response_time{0};  // no limit
  Millis timeout{0};

  bool has_network() const noexcept {
    return question.driver != SqlDriver::sqlite && !question.host.starts_with('/');
  }
};

// Reads a check's settings and reports what is wrong in them.
SqlSettings parse_sql_settings(Settings& settings, Millis timeout);
// "postgresql db-01:5432/shop", "sqlite /var/lib/shop.db". Pure.
std::string show_target(const SqlSettings& sql);

}  // namespace tocsin
