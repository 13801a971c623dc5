// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Whether a mount is read-only is asked twice: of the file system itself, which is the same for
// everybody, and of the mount, as process 1 sees it. Ours may be read-only only for us, by the
// unit's ProtectSystem=.
#include "probe/disk_look.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "probe/machine.h"

namespace tocsin {
namespace {

// The path without symbolic links; nothing if it cannot be followed.
std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

bool is_read_only(const std::string& proc, const Mount& ours) {
  if (ours.read_only_file_system) return true;
  for (const Mount& mount : parse_mountinfo(read_kernel_file(proc + "/1/mountinfo").text)) {
    if (mount.point == ours.point && mount.device == ours.device) return mount.read_only;
  }
  return false;
}

void measure(const struct statvfs& told, DiskLook& into) {
  const auto block = static_cast<double>(told.f_frsize);
  into.used = static_cast<double>(told.f_blocks - told.f_bfree) * block;
  into.free = static_cast<double>(told.f_bavail) * block;
  into.inodes_used = static_cast<double>(told.f_files - told.f_ffree);
  into.inodes_free = static_cast<double>(told.f_favail);
}

}  // namespace

DiskLook look_at_disk(const std::string& proc, const std::string& path) {
  DiskLook out;
  out.path = path;
  const auto mounts = parse_mountinfo(read_kernel_file(proc + "/self/mountinfo").text);
  const auto real = real_path(path);
  struct statvfs told {};
  if (!real || statvfs(real->c_str(), &told) != 0) out.error = errno;
  const std::string& known = real ? *real : path;
  if (const Mount* mount = mount_of(mounts, known)) {
    out.mount = *mount;
    out.is_mount = mount->point == known;
    out.hidden = is_sandbox(*mount);
  }
  if (out.error != 0) return out;
  measure(told, out);
  if (out.mount) out.mount->read_only = is_read_only(proc, *out.mount);
  return out;
}

std::vector<Mount> list_disks(const std::string& proc) {
  return real_mounts(parse_mountinfo(read_kernel_file(proc + "/self/mountinfo").text),
                     read_kernel_file(proc + "/filesystems").text);
}

}  // namespace tocsin
