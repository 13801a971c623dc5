// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint32_t kKernelThread = 0x00200000;  // PF_KTHREAD
constexpr pid_t kMostPid = 4'194'304;                // PID_MAX_LIMIT
constexpr std::size_t kStatMost = 4096;
constexpr std::size_t kCmdlineMost = 128 * 1024;
constexpr std::size_t kRollupMost = 16 * 1024;

// A descriptor that is closed at the end of its scope.
class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::error_code last_error() noexcept {
  return {errno == ENOENT ? ESRCH : errno, std::generic_category()};
}

template <typename T>
bool parse(std::string_view text, T& into) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view next_word(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// Appends up to `most` bytes of the file.
std::error_code read_all(int fd, std::string& into, std::size_t most) {
  into.clear();
  std::array<char, 4096> chunk;
  while (into.size() < most) {
    const ssize_t got = read(fd, chunk.data(), std::min(chunk.size(), most - into.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    into.append(chunk.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < chunk.size())
      break;  // /proc gives short reads at the end only
  }
  return {};
}

}  // namespace

bool ProcessStat::is_kernel_thread() const noexcept {
  return (flags & kKernelThread) != 0;
}

bool ProcessStat::is_dead() const noexcept {
  return (state == 'Z' || state == 'X' || state == 'x') && threads <= 1;
}

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  // The name stands in brackets and may hold spaces and brackets itself: it ends at the last one.
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 1 ||
      open < 2 || close + 2 > line.size()) {
    return std::nullopt;
  }
  ProcessStat out;
  std::array<std::uint64_t, 4> times{};
  out.comm = line.substr(open + 1, close - open - 1);
  bool fine = parse(line.substr(0, open - 1), out.pid);
  std::string_view rest = line.substr(close + 2);
  // Numbered as in proc(5), from the state, which is 3.
  for (int field = 3; field <= 28; ++field) {
    const std::string_view word = next_word(rest);
    if (field == 3 && word.size() == 1) out.state = word[0];
    if (field == 4) fine = fine && parse(word, out.parent);
    if (field == 9) fine = fine && parse(word, out.flags);
    if (field >= 14 && field <= 17) {
      fine = fine && parse(word, times[static_cast<std::size_t>(field - 14)]);
    }
    if (field == 20) fine = fine && parse(word, out.threads);
    if (field == 22) fine = fine && parse(word, out.started);
    if (field == 24) fine = fine && parse(word, out.rss_pages);
    if (field == 28) fine = fine && parse(word, out.stack);
  }
  if (!fine || out.state == '?') return std::nullopt;
  out.ticks = times[0] + times[1];
  out.waited_ticks = times[2] + times[3];
  return out;
}

std::string join_arguments(std::string_view cmdline) {
  while (!cmdline.empty() && cmdline.back() == '\0') cmdline.remove_suffix(1);
  std::string out(cmdline);
  for (char& c : out) {
    if (c == '\0') c = ' ';
  }
  return out;
}

ProcFs::ProcFs(std::string root) : root_(std::move(root)) {}

ProcFs::~ProcFs() {
  if (folder_ >= 0) close(folder_);
}

std::error_code ProcFs::open_root() {
  if (folder_ >= 0) return {};
  folder_ = open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) return {errno, std::generic_category()};
  return {};
}

std::error_code ProcFs::list(std::vector<pid_t>& into) {
  into.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(root_.c_str()), closedir);
  if (!folder) return {errno, std::generic_category()};
  while (const dirent* entry = readdir(folder.get())) {
    pid_t pid = 0;
    if (parse(std::string_view(entry->d_name), pid)) into.push_back(pid);
  }
  return {};
}

std::error_code ProcFs::read(pid_t pid, const char* file, std::size_t most) {
  buffer_.clear();
  if (const std::error_code error = open_root()) return error;
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "%d/%s", static_cast<int>(pid), file);
  const File opened(openat(folder_, path.data(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) return last_error();
  return read_all(opened.get(), buffer_, most);
}

std::error_code ProcFs::read_stat(pid_t pid, ProcessStat& into) {
  if (const std::error_code error = read(pid, "stat", kStatMost)) return error;
  auto parsed = parse_process_stat(trim(buffer_));
  if (!parsed) return std::make_error_code(std::errc::no_such_process);
  into = std::move(*parsed);
  return {};
}

std::string ProcFs::read_exe(pid_t pid) {
  if (open_root()) return {};
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "%d/exe", static_cast<int>(pid));
  std::array<char, 4096> target;
  const ssize_t length = readlinkat(folder_, path.data(), target.data(), target.size());
  if (length <= 0) return {};
  std::string_view name(target.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kDeleted = " (deleted)";  // it was replaced by an upgrade since
  if (name.ends_with(kDeleted)) name.remove_suffix(kDeleted.size());
  return std::string(name.substr(name.rfind('/') + 1));
}

std::string ProcFs::read_cmdline(pid_t pid) {
  if (read(pid, "cmdline", kCmdlineMost)) return {};
  return buffer_;
}

std::optional<uid_t> ProcFs::read_user(pid_t pid) {
  if (read(pid, "status", kStatMost)) return std::nullopt;
  constexpr std::string_view kKey = "\nUid:\t";
  const std::size_t at = buffer_.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(buffer_).substr(at + kKey.size());
  rest.remove_prefix(std::min(rest.find('\t') + 1, rest.size()));  // the real one
  uid_t user = 0;
  if (!parse(rest.substr(0, rest.find('\t')), user)) return std::nullopt;
  return user;
}

std::error_code ProcFs::read_pss(pid_t pid, std::uint64_t& into) {
  if (const std::error_code error = read(pid, "smaps_rollup", kRollupMost)) return error;
  constexpr std::string_view kKey = "\nPss:";
  const std::size_t at = buffer_.find(kKey);
  if (at == std::string::npos) return std::make_error_code(std::errc::no_such_process);
  const std::string_view rest = trim(std::string_view(buffer_).substr(at + kKey.size()));
  std::uint64_t kilobytes = 0;
  if (!parse(rest.substr(0, rest.find(' ')), kilobytes)) {
    return std::make_error_code(std::errc::no_such_process);
  }
  into = kilobytes * 1024;
  return {};
}

std::error_code ProcFs::count_files(pid_t pid, std::uint64_t& into) {
  if (const std::error_code error = open_root()) return error;
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "%d/fd", static_cast<int>(pid));
  const int fd = openat(folder_, path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return last_error();
  // Since Linux 6.2 the folder's size is the count.
  struct stat kind {};
  const bool told = fstat(fd, &kind) == 0 && kind.st_size > 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fd), closedir);
  if (!folder) {
    const std::error_code error = last_error();
    close(fd);
    return error;
  }
  into = told ? static_cast<std::uint64_t>(kind.st_size) : 0;
  while (const dirent* entry = told ? nullptr : readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++into;
  }
  return {};
}

std::optional<std::uint64_t> ProcFs::read_file_limit(pid_t pid) {
  if (read(pid, "limits", kRollupMost)) return std::nullopt;
  constexpr std::string_view kKey = "\nMax open files";
  const std::size_t at = buffer_.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = trim(std::string_view(buffer_).substr(at + kKey.size()));
  std::uint64_t soft = 0;
  if (!parse(rest.substr(0, rest.find(' ')), soft)) return std::nullopt;
  return soft;
}

PidFile read_pid_file(const std::string& path) {
  const std::string named = "pid file " + printable(path, 200);
  const auto message = [](int error) { return std::generic_category().message(error); };
  // Without O_NONBLOCK a fifo of that name would hold up every probe of the loop.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR))
    return {{}, named + " is missing", {}};
  if (file.get() < 0) return {{}, {}, named + " cannot be read: " + message(errno)};
  struct stat kind {};
  if (fstat(file.get(), &kind) != 0 || !S_ISREG(kind.st_mode)) {
    return {{}, named + " is not a plain file", {}};
  }
  std::string text;
  if (const std::error_code error = read_all(file.get(), text, 256)) {
    return {{}, {}, named + " cannot be read: " + error.message()};
  }
  pid_t pid = 0;
  const std::string_view line = trim(std::string_view(text).substr(0, text.find('\n')));
  if (!parse(line, pid) || pid < 1 || pid > kMostPid) {
    return {{}, named + " holds no process id", {}};
  }
  return {pid, {}, {}};
}

}  // namespace tocsin
