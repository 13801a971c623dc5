// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). A value type.
struct Mount {
  std::string point;       // where it is, "/var"
  std::string root;        // which folder of the file system is seen there; "/" unless it is a part
  std::string device;      // "8:1"; the same for all mounts of one file system
  std::string type;        // "ext4"
  std::string source;      // "/dev/sda1", "server:/export"
  bool read_only = false;  // this mount of it
  bool read_only_file_system = false;  // the file system itself: remounted so, or given up on
};

// The lines that can be understood, in their order. Pure.
std::vector<Mount> parse_mountinfo(std::string_view text);

// The mount that an absolute path without symbolic links is on; null: there is none. Pure.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) noexcept;

// Whether this mount is not the machine's, but what systemd's sandbox shows us in its place
// (PrivateTmp=, ProtectHome=, InaccessiblePaths=). Pure.
bool is_sandbox(const Mount& mount) noexcept;

// One mount of each local file system that holds files for good: of a block device, or of ZFS and
// the like, and the root whatever it is; no network, no memory, no read-only images. Sorted by the
// mount point. `filesystems` is the text of /proc/filesystems. Pure.
std::vector<Mount> real_mounts(const std::vector<Mount>& mounts, std::string_view filesystems);

}  // namespace tocsin
