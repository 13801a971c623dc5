// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace tocsin {

// Users and groups by name or number, from the system's database; it is a file, or a daemon on this
// machine. Thread-safe.

// Nothing if there is no such one. A number is itself.
std::optional<uid_t> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);
// The name, or the number where it has none.
std::string show_user(uid_t uid);
std::string show_group(gid_t gid);

}  // namespace tocsin
