// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A file of JSON lines: a line a message, written whole at its end and on the disk (fsync) before
// it counts as sent. The file is opened for each message, so a rotated one is never written to for
// longer than a message takes, and nothing has to be told of a rotation. It is locked meanwhile
// (flock): several may write to one file. What a full disk cut short is taken back; a line that a
// crash cut short is ended before the next one.
//
// A disk may hang, so all of it is a worker's job.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "net/workers.h"
#include "notify/notifier.h"
#include "notify/payload.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestPath = 300;

struct FileSettings {
  std::string path;
  mode_t mode = 0640;
  Millis timeout{};
  Wording wording;
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

// What a job gives back.
struct Written {
  std::string problem;  // empty: it is written
  bool for_good = false;
};

// Not a matter of time: somebody has to change the path or its rights.
bool is_for_good(int error) noexcept {
  return error == EACCES || error == EPERM || error == EISDIR || error == ENOTDIR ||
         error == ELOOP || error == ENAMETOOLONG || error == EINVAL;
}

Written failed(const std::string& what, int error) {
  std::string hint;
  if (error == EACCES || error == EPERM || error == EROFS) {
    hint = " (may Tocsin's user write there, and does the unit have it in ReadWritePaths=?)";
  }
  if (error == ENOENT) hint = " (its folder is not there)";
  return {what + ": " + std::generic_category().message(error) + hint, is_for_good(error)};
}

// Whether the last line was left without its end.
bool is_cut_short(int file, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

Written append(int file, const std::string& line) {
  struct stat found {};
  if (::fstat(file, &found) != 0) return failed("cannot be looked at", errno);
  const std::string text = (is_cut_short(file, found.st_size) ? "\n" : "") + line;
  const ssize_t written = ::write(file, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) {
    if (::fsync(file) == 0) return {};
    return failed("cannot be brought to the disk", errno);
  }
  const int error = written < 0 ? errno : ENOSPC;
  if (written > 0 && ::ftruncate(file, found.st_size) != 0) {
    return failed("a line was cut short, and cannot be taken back", errno);
  }
  return failed("cannot be written", error);
}

Written write_line(const std::string& path, mode_t mode, const std::string& line) {
  // Not blocking: a pipe that nobody reads is no place for this.
  const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const Descriptor file(::open(path.c_str(), flags, mode));
  if (file.number() < 0) return failed("cannot be opened", errno);
  struct stat found {};
  if (::fstat(file.number(), &found) != 0) return failed("cannot be looked at", errno);
  if (!S_ISREG(found.st_mode)) return {"is no regular file", true};
  while (::flock(file.number(), LOCK_EX) != 0) {
    if (errno != EINTR) return failed("cannot be locked", errno);
  }
  return append(file.number(), line);
}

class File final : public Notifier {
 public:
  explicit File(FileSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const auto written = std::make_shared<Written>();
    const std::string line = payload_text(delivery, settings_.wording) + "\n";
    std::function<void()> job = [written, line, path = settings_.path, mode = settings_.mode] {
      *written = write_line(path, mode, line);
    };
    const SteadyTime deadline = delivery.clock.steady() + settings_.timeout;
    const std::uint64_t key = spread_hash("file:" + settings_.path) | 1U;
    const Worked worked = co_await delivery.workers.run(key, std::move(job), deadline);
    co_return outcome_of_job(worked, *written);
  }

  // Whoever reads it wants each line, and no quota is kept.
  Pace pace() const override { return {"file:" + settings_.path, Millis{0}, false, false}; }
  std::string sink() const override { return printable(settings_.path, kLongestPath); }

 private:
  Outcome outcome_of_job(Worked worked, const Written& written) const {
    Outcome outcome;
    const std::string path = sink();
    switch (worked) {
      case Worked::done:
        outcome.what = Outcome::What::sent;
        if (written.problem.empty()) return outcome;
        outcome.what = written.for_good ? Outcome::What::rejected : Outcome::What::later;
        outcome.reason = path + " " + written.problem;
        break;
      case Worked::late:
        outcome.reason = path + " takes too long to write: does the disk hang?";
        outcome.in_doubt = true;
        break;
      case Worked::still_running:
        outcome.reason = path + ": the write before this one hangs";
        break;
      case Worked::no_worker:
        outcome.reason = "every worker thread is held by something else";
        break;
    }
    return outcome;
  }

  FileSettings settings_;
};

mode_t parse_mode(Settings& settings) {
  const std::string text = settings.text("mode", "0640");
  const bool octal =
      !text.empty() && text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
  const unsigned long mode = octal ? std::stoul(text, nullptr, 8) : 0;
  if ((mode & 0600U) != 0600U || mode > 0777U) {
    settings.error("mode", "mode is octal, in quotes, and lets its owner read and write: \"0640\"");
    return 0640;
  }
  return static_cast<mode_t>(mode);
}

std::shared_ptr<const Notifier> parse_file(Settings& settings) {
  FileSettings file;
  file.path = settings.text("path");
  const auto slash = file.path.rfind('/');
  if (file.path.empty()) {
    settings.error("path", "path is missing: the file to write to");
  } else if (!file.path.starts_with('/') || slash + 1 == file.path.size()) {
    settings.error("path", "path is the absolute path of a file");
  } else if (file.path.find('\0') != std::string::npos) {
    settings.error("path", "path holds a NUL character");
  } else if (slash > 0 && ::access(file.path.substr(0, slash).c_str(), F_OK) != 0) {
    settings.warn("path", "its folder is not there now");
  }
  file.mode = parse_mode(settings);
  file.timeout = settings.duration("timeout", std::chrono::seconds{10},
                                   {std::chrono::seconds{1}, std::chrono::minutes{1}});
  file.wording = parse_wording(settings);
  return std::make_shared<File>(std::move(file));
}

}  // namespace

const NotifierType kFileNotifier{"file", "path", "a file of JSON lines, one a message", parse_file};

}  // namespace tocsin
