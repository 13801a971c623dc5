// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/result_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "util/duration.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kTogether{1000};  // lines of this time are written at once
constexpr std::size_t kLongestReason = 300;

// What is printable has no control characters: two signs are left that JSON would misread.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool write_all(int fd, const std::string& lines) {
  for (std::size_t done = 0; done < lines.size();) {
    const ssize_t wrote = ::write(fd, lines.data() + done, lines.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

ResultLog::ResultLog(std::filesystem::path file, std::uint64_t most_bytes)
    : file_(std::move(file)), most_bytes_(most_bytes) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "tocsin-results");
    run();
  });
}

ResultLog::~ResultLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ResultLog::note(WallTime at, std::string_view check, const Result& result) {
  std::string line = "{\"at\": " + quoted(rfc3339(at)) + ", \"check\": " + quoted(check) +
                     ", \"verdict\": " + quoted(to_string(result.verdict));
  const std::string reason = printable(result.reason, kLongestReason);
  if (!reason.empty()) line += ", \"reason\": " + quoted(reason);
  line += ", \"took_ms\": " + std::to_string(result.took.count() / 1000) + "}\n";
  const std::lock_guard lock(mutex_);
  if (queued_.size() + line.size() > kMostQueued) return;
  const bool first = queued_.empty();
  queued_ += line;
  if (first) wake_.notify_one();
}

void ResultLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queued_.empty(); });
    if (!stopping_) wake_.wait_for(lock, kTogether, [this] { return stopping_; });
    const std::string lines = std::exchange(queued_, {});
    const bool last = stopping_;
    lock.unlock();
    if (!lines.empty()) write(lines);
    if (last) return;
    lock.lock();
  }
}

void ResultLog::write(const std::string& lines) {
  const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return say_once(std::strerror(errno));
  struct stat info {};
  const bool full = ::fstat(fd, &info) == 0 &&
                    static_cast<std::uint64_t>(info.st_size) + lines.size() > most_bytes_;
  if (full && info.st_size > 0) {
    ::close(fd);
    std::error_code error;
    std::filesystem::rename(file_, older(file_), error);
    if (error) return say_once(error.message());
    return write(lines);
  }
  const bool written = write_all(fd, lines);
  const int error = errno;
  ::close(fd);
  if (!written) return say_once(std::strerror(error));
  refused_ = false;
}

void ResultLog::say_once(const std::string& error) {
  if (std::exchange(refused_, true)) return;
  log(LogLevel::warn, "results", "file", file_.string(), "error", error, "effect",
      "what checks find is not recorded for tocsin replay; nothing else suffers");
}

}  // namespace tocsin
