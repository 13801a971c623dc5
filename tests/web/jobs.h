// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tocsin/check.h"

namespace tocsin {

// Two checks whose jobs tell, and their secrets.
inline const std::string kSecret = "backup-secret-0123456789";
inline const std::string kOther = "vacuum-secret-0123456789";

inline CheckPtr check_with(const std::string& name, const std::string& secret) {
  auto check = std::make_shared<Check>();
  check->name = name;
  auto heartbeat = std::make_shared<HeartbeatSettings>();
  heartbeat->secret = Secret(secret);
  check->heartbeat = std::move(heartbeat);
  return check;
}

inline const std::vector<CheckPtr> kChecks{check_with("db-01/backup", kSecret),
                                           check_with("db-01/vacuum", kOther)};

}  // namespace tocsin
