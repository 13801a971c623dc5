// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probe/mounts.h"

namespace tocsin {

// What the file system says of one path. Bytes, and inodes; as df(1) counts: `used` and `free`
// leave out what is reserved for root, so that both together are the whole.
struct DiskLook {
  std::string path;
  int error = 0;               // an errno: the path cannot be looked at
  bool is_mount = false;       // something is mounted at this very path
  bool hidden = false;         // the sandbox shows us something else there
  std::optional<Mount> mount;  // nothing where mountinfo tells none
  double used = 0;
  double free = 0;
  double inodes_used = 0;  // both 0 where the file system has none
  double inodes_free = 0;
};

// Looks. Blocks for as long as the file system likes (a network server that is gone: for ever), so:
// for a worker's thread. `proc` stands for /proc.
DiskLook look_at_disk(const std::string& proc, const std::string& path);

// The mounts that `*` stands for; empty if they cannot be told. For a worker's thread too.
std::vector<Mount> list_disks(const std::string& proc);

}  // namespace tocsin
