// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/file_look.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "probe/file_content.h"
#include "probe/file_glob.h"
#include "probe/machine.h"
#include "probe/mounts.h"
#include "util/text.h"

namespace tocsin {
namespace {

std::int64_t nanoseconds(const timespec& time) noexcept {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

WallTime wall_time(std::int64_t ns) noexcept {
  return WallTime{std::chrono::floor<Millis>(std::chrono::nanoseconds{ns})};
}

// An errno, or 0. A symbolic link is followed, unless it is itself what is looked for.
int look_at(const std::string& path, FileType type, FileFacts& into) {
  struct stat told {};
  const bool link = type == FileType::symlink;
  if ((link ? lstat(path.c_str(), &told) : stat(path.c_str(), &told)) != 0) return errno;
  into.path = path;
  into.identity = {told.st_dev, told.st_ino, told.st_size, nanoseconds(told.st_mtim),
                   nanoseconds(told.st_ctim)};
  into.mode = told.st_mode;
  into.user = told.st_uid;
  into.group = told.st_gid;
  return 0;
}

// Whether `a` is rather picked than `b`.
bool is_rather(Which which, const FileFacts& a, const FileFacts& b) noexcept {
  switch (which) {
    case Which::newest: return a.identity.modified_ns > b.identity.modified_ns;
    case Which::oldest: return a.identity.modified_ns < b.identity.modified_ns;
    case Which::largest: return a.identity.size > b.identity.size;
    case Which::smallest: return a.identity.size < b.identity.size;
    case Which::all: break;
  }
  return false;
}

void pick(const FileQuery& query, FileFacts facts, FileLook& into) {
  ++into.matched;
  if (query.which == Which::all) {
    if (into.files.size() < kMostFiles) into.files.push_back(std::move(facts));
  } else if (into.files.empty()) {
    into.files.push_back(std::move(facts));
  } else if (is_rather(query.which, facts, into.files.front())) {
    into.files.front() = std::move(facts);
  }
}

void look_at_glob(const FileQuery& query, SteadyTime until, FileLook& into) {
  const auto found = [&](const std::string& path) {
    FileFacts facts;
    if (look_at(path, query.type, facts) != 0) return;  // gone again, or a link to nowhere
    const bool wanted = query.type == FileType::any || type_of(facts.mode) == query.type;
    if (wanted) pick(query, std::move(facts), into);
  };
  std::string which;
  switch (walk_glob(query.path, until, found, which)) {
    case Globbed::all: break;
    case Globbed::too_many:
      into.trouble = "more than " + std::to_string(kMostEntries) + " files were looked at";
      break;
    case Globbed::too_late:
      into.trouble = "looking at " + std::to_string(into.matched) + " files took too long";
      break;
    case Globbed::forbidden:
      into.trouble = "the folder " + printable(which, 200) + " may not be read";
      break;
  }
  if (query.which == Which::all && into.matched > kMostFiles) {
    into.trouble = std::to_string(into.matched) + " files match, of which " +
                   std::to_string(kMostFiles) + " were looked at";
  }
}

bool is_hidden(const std::string& proc, std::string_view path) {
  const auto mounts = parse_mountinfo(read_kernel_file(proc + "/self/mountinfo").text);
  const Mount* mount = mount_of(mounts, path);
  return mount != nullptr && is_sandbox(*mount);
}

}  // namespace

FileType type_of(mode_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileType::file;
    case S_IFDIR: return FileType::directory;
    case S_IFLNK: return FileType::symlink;
    case S_IFSOCK: return FileType::socket;
    case S_IFIFO: return FileType::fifo;
    case S_IFBLK: return FileType::block;
    case S_IFCHR: return FileType::character;
    default: return FileType::any;
  }
}

WallTime FileFacts::modified() const noexcept {
  return wall_time(identity.modified_ns);
}

WallTime FileFacts::changed() const noexcept {
  return wall_time(identity.changed_ns);
}

FileLook look_at_files(const FileQuery& query, const std::string& proc, SteadyTime until) {
  FileLook out;
  out.hidden = is_hidden(proc, query.glob ? fixed_part(query.path) : query.path);
  if (query.glob) {
    look_at_glob(query, until, out);
  } else {
    FileFacts facts;
    out.error = look_at(without_escapes(query.path), query.type, facts);
    if (out.error == 0) pick(query, std::move(facts), out);
  }
  for (FileFacts& facts : out.files) {
    if (std::chrono::steady_clock::now() >= until) {
      out.trouble = "reading the files took too long";
      break;
    }
    if (type_of(facts.mode) == FileType::file) read_content(query, until, facts);
  }
  return out;
}

}  // namespace tocsin
