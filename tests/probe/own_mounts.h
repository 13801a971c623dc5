// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace tocsin {

// Whether this test program may mount. The first call gives it a mount namespace of its own, so
// that nobody else sees what it mounts; says so where that is not permitted.
inline bool have_own_mounts() {
  static const bool kOwn =
      unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (!kOwn) WARN("not root: what takes a mount is not tried");
  return kOwn;
}

// A file system at a folder, for as long as this lives.
class OwnMount {
 public:
  OwnMount(const char* type, const std::filesystem::path& at, const std::string& options)
      : at_(at) {
    if (mount(type, at.c_str(), type, 0, options.c_str()) != 0) {
      throw std::runtime_error("cannot mount");
    }
  }
  ~OwnMount() { umount2(at_.c_str(), MNT_DETACH); }
  OwnMount(const OwnMount&) = delete;
  OwnMount& operator=(const OwnMount&) = delete;

  void remount_read_only() const {
    if (mount(nullptr, at_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      throw std::runtime_error("cannot remount");
    }
  }

 private:
  const std::filesystem::path at_;
};

// A file system whose server never answers: FUSE, by its kernel interface alone. Whoever asks it
// anything hangs until it is aborted, which its end does.
class DeadMount {
 public:
  explicit DeadMount(const std::filesystem::path& at)
      : at_(at), server_(open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    const std::string options =
        "fd=" + std::to_string(server_) + ",rootmode=40000,user_id=0,group_id=0";
    mounted_ = server_ >= 0 && mount("dead", at.c_str(), "fuse", MS_NOSUID, options.c_str()) == 0;
  }
  ~DeadMount() {
    abort();
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  DeadMount(const DeadMount&) = delete;
  DeadMount& operator=(const DeadMount&) = delete;

  bool mounted() const noexcept { return mounted_; }
  void abort() noexcept {
    if (server_ >= 0) close(server_);
    server_ = -1;
  }

 private:
  const std::filesystem::path at_;
  int server_;
  bool mounted_ = false;
};

// Runs as an ordinary user for as long as it lives; nothing changes where it is one already.
class AsNobody {
 public:
  AsNobody() : was_(geteuid()) {
    if (was_ == 0 && seteuid(65534) != 0) throw std::runtime_error("cannot be nobody");
  }
  ~AsNobody() {
    if (was_ == 0 && seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  const uid_t was_;
};

}  // namespace tocsin
