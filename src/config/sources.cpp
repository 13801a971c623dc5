// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostQuoted = 142;

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) {
  return to_lower(std::generic_category().message(error));
}

bool read_all(int fd, std::size_t most, std::string& text, std::string& error) {
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const ssize_t got = ::read(fd, text.data() + before, kPiece);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      error = reason(errno);
      return false;
    }
    if (text.size() > most) {
      error = "larger than " + std::to_string(most) + " bytes";
      return false;
    }
    if (got == 0) return true;
  }
}

}  // namespace

std::uint32_t Sources::add(std::string name) {
  files_.push_back({std::move(name), {}, {0}});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Sources::set_text(std::uint32_t file, std::string text) {
  File& f = files_[file];
  f.text = std::move(text);
  f.lines.assign(1, 0);
  for (std::size_t at = f.text.find('\n'); at != std::string::npos; at = f.text.find('\n', at + 1))
    f.lines.push_back(static_cast<std::uint32_t>(at + 1));
}

Sources::Position Sources::position(Place place) const {
  if (place.offset == Place::kWholeFile) return {};
  const File& file = files_[place.file];
  const auto after = std::upper_bound(file.lines.begin(), file.lines.end(), place.offset);
  const std::uint32_t begin = *(after - 1);
  const std::string_view before = std::string_view(file.text).substr(begin, place.offset - begin);
  // Characters, not bytes: a continuation byte of UTF-8 is no column of its own.
  const auto columns = std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return {static_cast<int>(after - file.lines.begin()), static_cast<int>(columns) + 1};
}

std::string Sources::describe(Place place) const {
  const Position at = position(place);
  if (at.line == 0) return name(place.file);
  return name(place.file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

void Problems::add(Place place, bool is_error, std::string message) {
  any_error_ = any_error_ || is_error;
  // One mistake behind an anchor is met once for every alias.
  const auto same = [&](const Found& found) {
    return found.place == place && found.message == message;
  };
  if (std::any_of(found_.begin(), found_.end(), same)) return;
  // An error is kept in the place of a warning that would be the last line kept.
  if (found_.size() >= kMost) {
    ++left_out_;
    const auto warning = std::find_if(found_.begin(), found_.end(),
                                      [](const Found& found) { return !found.is_error; });
    if (!is_error || warning == found_.end()) return;
    *warning = {place, is_error, std::move(message)};
    return;
  }
  found_.push_back({place, is_error, std::move(message)});
}

std::vector<Problem> Problems::sorted(const Sources& sources) const {
  // What is about a file as a whole comes before what is in it.
  const auto rank = [](const Found& found) {
    return std::pair(found.place.file, found.place.offset + 1U);  // kWholeFile becomes 0
  };
  std::vector<const Found*> order;
  for (const Found& found : found_) order.push_back(&found);
  std::stable_sort(order.begin(), order.end(),
                   [&](const Found* a, const Found* b) { return rank(*a) < rank(*b); });
  std::vector<Problem> out;
  for (const Found* found : order) {
    const Sources::Position at = sources.position(found->place);
    out.push_back(
        {sources.name(found->place.file), at.line, at.column, found->is_error, found->message});
  }
  if (left_out_ > 0) {
    out.push_back({sources.name(0), 0, 0, any_error_,
                   "and " + std::to_string(left_out_) + " more problems that are not shown"});
  }
  return out;
}

bool read_file(const std::string& path, std::size_t most, std::string& text, std::string& error) {
  text.clear();
  // Not blocking, so that a pipe nobody writes to does not stop a reload before it is refused.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    error = reason(errno);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    error = S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file";
    return false;
  }
  return read_all(file.get(), most, text, error);
}

std::string in_quotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, kMostQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += c;
    }
  }
  return printable(out + "\"", kMostQuoted);
}

}  // namespace tocsin
