// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "store/failure.h"
#include "util/duration.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int value) noexcept : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }
  int release() noexcept { return std::exchange(value_, -1); }

 private:
  int value_;
};

// A read-only place may still hold the file of a daemon that runs.
int open_lock_file(const fs::path& file) {
  const int writable = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (writable >= 0) return writable;
  return ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

std::string read_pid(int descriptor) {
  std::array<char, 32> buffer{};
  const ssize_t got = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  const std::string text(
      trim(std::string_view(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))));
  const bool number = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isdigit(c) != 0;
  });
  return number ? "pid " + text : "pid unknown";
}

// The pid is for people; the lock holds without it, so a full disk is no error here.
bool write_pid(int descriptor) {
  const std::string text = std::to_string(::getpid()) + "\n";
  return ::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, text.data(), text.size(), 0) > 0;
}

Fault fault_of_errno(int error) noexcept {
  switch (error) {
    case EROFS: return Fault::read_only;
    case ENOSPC:
    case EDQUOT: return Fault::full;
    case EIO: return Fault::io;
    default: return Fault::unavailable;
  }
}

Failure failure_of(const fs::path& path, const std::string& doing, int error) {
  return make_failure(fault_of_errno(error), path.native(), doing, error);
}

// "20261121T030405"
std::string stamp(WallTime now) {
  std::string text = rfc3339(now).substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

fs::path with_suffix(const fs::path& file, const std::string& suffix) {
  return fs::path(file.native() + suffix);
}

bool is_taken(const fs::path& name) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (fs::exists(fs::symlink_status(with_suffix(name, suffix), ignored))) return true;
  }
  return false;
}

fs::path free_name(const fs::path& file, WallTime now) {
  const std::string base = file.native() + ".damaged-" + stamp(now);
  fs::path name = base;
  for (int n = 2; is_taken(name); ++n) name = base + "-" + std::to_string(n);
  return name;
}

}  // namespace

std::unique_ptr<DirectoryLock> DirectoryLock::take(const fs::path& dir) {
  Descriptor descriptor(open_lock_file(dir / "tocsin.lock"));
  if (descriptor.get() < 0) return nullptr;
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      log(LogLevel::warn, "store_unlocked", "directory", dir.native(), "reason",
          std::generic_category().message(errno));
      return std::unique_ptr<DirectoryLock>(new DirectoryLock(descriptor.release()));
    }
    throw DirectoryInUse("state directory " + dir.native() + " is in use by another tocsin (" +
                         read_pid(descriptor.get()) + ")");
  }
  write_pid(descriptor.get());
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(descriptor.release()));
}

DirectoryLock::~DirectoryLock() {
  ::close(descriptor_);
}

void make_directory(const fs::path& dir) {
  std::error_code error;
  if (fs::is_directory(dir, error)) return;
  const fs::path above = dir.parent_path();
  if (!above.empty() && above != dir) make_directory(above);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    throw failure_of(dir, "the directory cannot be made", errno);
  }
  if (!fs::is_directory(dir, error)) throw failure_of(dir, "it is no directory", ENOTDIR);
}

void make_database_file(const fs::path& file) {
  const Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.get() >= 0) return;
  if (errno != EEXIST) throw failure_of(file, "the file cannot be made", errno);
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw failure_of(file, "the file is out of reach", errno);
  if (!S_ISREG(status.st_mode)) throw failure_of(file, "it is no file", 0);
  // Rights that cannot be taken away (read-only place, another owner) show when writing.
  if ((status.st_mode & 0077) != 0 && ::chmod(file.c_str(), 0600) != 0) return;
}

fs::path set_aside(const fs::path& file, WallTime now) {
  const fs::path name = free_name(file, now);
  // The log goes first: a log that is left behind would be played into the new database.
  for (const char* suffix : {"-wal", "-shm", ""}) {
    const fs::path from = with_suffix(file, suffix);
    if (::rename(from.c_str(), with_suffix(name, suffix).c_str()) != 0 && errno != ENOENT) {
      throw failure_of(file, "it is damaged and cannot be set aside", errno);
    }
  }
  return name;
}

}  // namespace tocsin
