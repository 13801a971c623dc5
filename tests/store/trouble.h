// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "store/house.h"

// Troubles of the disk or the file, made for real where the system lets us: small file systems are
// mounted (as root), rights are given up, limits are set, locks are held.
namespace tocsin {

// A small file system of its own, mounted over the place's state directory; root only.
class SmallDisk {
 public:
  explicit SmallDisk(const StorePlace& place) : dir_(place.dir()) {
    std::filesystem::create_directory(dir_);
    mounted_ = ::mount("tocsin-test", dir_.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!mounted_) WARN("skipped: mounting a small file system needs root");
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  explicit operator bool() const { return mounted_; }
  bool set_read_only(bool read_only) {
    const unsigned long flags = read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT;
    return ::mount("tocsin-test", dir_.c_str(), "tmpfs", flags, "size=1m") == 0;
  }
  // Takes all the space that is left.
  void fill() {
    std::ofstream filler(dir_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), 4096).flush()) continue;
  }
  void make_space() { std::filesystem::remove(dir_ / "filler"); }

 private:
  std::filesystem::path dir_;
  bool mounted_ = false;
};

// Root has all rights: while this lasts, we are nobody, and the place is nobody's.
class OrdinaryUser {
 public:
  explicit OrdinaryUser(const StorePlace& place) : was_root_(::geteuid() == 0) {
    if (!was_root_) return;
    for (const std::filesystem::path& path : {place.root(), place.dir()}) give(path);
    for (const auto& entry : std::filesystem::directory_iterator(place.dir())) give(entry.path());
    REQUIRE(::seteuid(kNobody) == 0);
  }
  ~OrdinaryUser() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  static void give(const std::filesystem::path& path) {
    REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
  }
  bool was_root_;
};

// No file may grow beyond so many bytes, for this process and while it lasts: write() fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// Another program that holds the database's write lock.
class ForeignLock {
 public:
  explicit ForeignLock(const std::filesystem::path& file) {
    REQUIRE(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 30'000);
    REQUIRE(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~ForeignLock() { sqlite3_close(handle_); }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

inline Change some_change(std::int64_t id) {
  return {.checks = {check_record("web-" + std::to_string(id))},
          .incidents = {incident_record(id)},
          .notifications = {notification(id)},
          .withheld = {withheld_row("web-" + std::to_string(id))},
          .silences = {silence(id)}};
}

inline void fill_database(const StorePlace& place, const Clock& clock, int rows) {
  const auto store = open_store(place.dir(), clock, {});
  Change change;
  for (int id = 1; id <= rows; ++id) {
    change.checks.push_back(check_record("web-" + std::to_string(id)));
    change.incidents.push_back(incident_record(id));
    change.notifications.push_back(notification(id, std::string(500, 'x') + std::to_string(id)));
  }
  REQUIRE(commit_and_wait(*store, std::move(change)));
}

inline std::vector<std::filesystem::path> set_aside_files(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().native().find(".damaged-") != std::string::npos) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tocsin
