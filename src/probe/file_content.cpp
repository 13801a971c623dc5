// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/file_content.h"

#include <Poco/SHA2Engine.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kQuoted = 120;
constexpr std::size_t kSumsMost = 1024 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string message(int error) {
  return std::generic_category().message(error);
}

int open_to_read(const std::string& path) noexcept {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// Up to `most` bytes from `from` on; an errno, or 0.
int read_from(int fd, off_t from, std::size_t most, std::string& into) {
  std::array<char, 64 * 1024> chunk;
  while (into.size() < most) {
    const std::size_t want = std::min(chunk.size(), most - into.size());
    const ssize_t got = pread(fd, chunk.data(), want, from + static_cast<off_t>(into.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    into.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return 0;
}

// The whole file; `trouble` says why there is none.
std::string hash_file(int fd, SteadyTime until, std::string& trouble) {
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  std::array<char, 256 * 1024> chunk;
  off_t at = 0;
  while (true) {
    if (std::chrono::steady_clock::now() >= until) {
      trouble = "its checksum takes longer than the timeout; raise it";
      return {};
    }
    const ssize_t got = pread(fd, chunk.data(), chunk.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) trouble = "it cannot be read: " + message(errno);
    if (got <= 0) break;
    engine.update(chunk.data(), static_cast<std::size_t>(got));
    at += got;
  }
  return trouble.empty() ? Poco::DigestEngine::digestToHex(engine.digest()) : std::string();
}

// The last line that fits by itself, or the whole where none does.
std::string_view fitting_line(const Pattern& pattern, std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.rfind('\n');
    const std::string_view line = end == std::string_view::npos ? rest : rest.substr(end + 1);
    if (!line.empty() && pattern.matches(line)) return line;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
  }
  return text;
}

std::string_view line_around(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind('\n', at);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, std::min(text.find('\n', at), text.size()) - begin);
}

std::string named(const std::shared_ptr<const Pattern>& pattern) {
  return '/' + printable(pattern->source(), kQuoted) + '/';
}

std::string in_quotes(std::string_view text) {
  return '"' + printable(text, kQuoted) + '"';
}

// A kernel file says that it is empty and is not: it is read from its start.
int read_end(int fd, std::int64_t size, std::size_t most, std::string& into) {
  const auto limit = static_cast<std::int64_t>(most);
  return read_from(fd, static_cast<off_t>(std::max<std::int64_t>(0, size - limit)), most, into);
}

void read_sums(const std::string& file, FileFacts& facts) {
  const Descriptor opened(open_to_read(file));
  struct stat kind {};
  std::string text;
  int error = opened.get() < 0 || fstat(opened.get(), &kind) != 0 ? errno : 0;
  if (error == 0 && !S_ISREG(kind.st_mode)) error = EINVAL;
  if (error == 0) error = read_from(opened.get(), 0, kSumsMost, text);
  if (error != 0) {
    facts.trouble = "sha256_file " + printable(file, 200) + " cannot be read: " + message(error);
    return;
  }
  facts.wanted_sha256 = sum_for(text, facts.path);
  if (!facts.wanted_sha256.empty()) return;
  facts.trouble = "sha256_file " + printable(file, 200) + " has no checksum of this file";
}

}  // namespace

std::vector<std::string> broken_rules(const ContentRules& rules, std::string_view text) {
  std::vector<std::string> out;
  if (!rules.contains.empty() && text.find(rules.contains) == std::string_view::npos) {
    out.push_back("does not contain " + in_quotes(rules.contains));
  }
  if (rules.matches && !rules.matches->matches(text)) {
    out.push_back("has no match of " + named(rules.matches));
  }
  const std::size_t unwanted =
      rules.not_contains.empty() ? std::string_view::npos : text.rfind(rules.not_contains);
  if (unwanted != std::string_view::npos) {
    out.push_back("contains " + in_quotes(rules.not_contains) + ": " +
                  in_quotes(line_around(text, unwanted)));
  }
  if (rules.not_matches && rules.not_matches->matches(text)) {
    out.push_back("has a match of " + named(rules.not_matches) + ": " +
                  in_quotes(fitting_line(*rules.not_matches, text)));
  }
  return out;
}

bool is_sha256(std::string_view text) noexcept {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

std::string sum_for(std::string_view sums, std::string_view path) {
  const std::string_view last = path.substr(path.rfind('/') + 1);
  std::string by_last;
  std::string alone;
  while (!sums.empty()) {
    const std::size_t end = std::min(sums.find('\n'), sums.size());
    const std::string_view line = trim(sums.substr(0, end));
    sums.remove_prefix(std::min(end + 1, sums.size()));
    if (!is_sha256(line.substr(0, 64))) continue;
    std::string_view name = trim(line.substr(64));
    if (name.starts_with('*')) name.remove_prefix(1);  // read as binary
    const std::string sum = to_lower(line.substr(0, 64));
    if (name == path) return sum;
    if (name.empty()) alone = sum;
    if (name.substr(name.rfind('/') + 1) == last && by_last.empty()) by_last = sum;
  }
  return by_last.empty() ? alone : by_last;
}

void read_content(const FileQuery& query, SteadyTime until, FileFacts& facts) {
  const bool hash = query.hash || !query.sha256_file.empty();
  if (!hash && !query.content.set()) return;
  const Descriptor file(open_to_read(facts.path));
  struct stat now {};
  if (file.get() < 0 || fstat(file.get(), &now) != 0) {
    facts.trouble = "it cannot be read: " + message(errno);
    return;
  }
  if (!S_ISREG(now.st_mode)) return;  // it was one a moment ago
  std::string text;
  if (query.content.set()) {
    const int error = read_end(file.get(), now.st_size, query.content.read_last, text);
    if (error != 0) facts.trouble = "it cannot be read: " + message(error);
    if (error == 0) facts.wrong = broken_rules(query.content, text);
  }
  if (!query.sha256_file.empty()) read_sums(query.sha256_file, facts);
  const bool known = query.remembered && query.remembered->identity == facts.identity;
  if (hash && known) facts.sha256 = query.remembered->sha256;
  if (hash && !known) facts.sha256 = hash_file(file.get(), until, facts.trouble);
}

}  // namespace tocsin
