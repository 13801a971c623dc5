// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/time.h"
#include "util/pattern.h"

namespace tocsin {

enum class FileType : std::uint8_t {
  any,
  file,
  directory,
  symlink,
  socket,
  fifo,
  block,
  character
};
inline constexpr std::string_view kFileTypes[] = {"any",    "file", "directory", "symlink",
                                                  "socket", "fifo", "block",     "character"};
FileType type_of(mode_t mode) noexcept;

// Which of the files that fit a pattern are looked at more closely.
enum class Which : std::uint8_t { newest, oldest, largest, smallest, all };
inline constexpr std::string_view kWhich[] = {"newest", "oldest", "largest", "smallest", "all"};

// What the last bytes of a file must hold, and must not; what is empty or null asks for nothing.
struct ContentRules {
  std::string contains;
  std::string not_contains;
  std::shared_ptr<const Pattern> matches;
  std::shared_ptr<const Pattern> not_matches;
  std::size_t read_last = 64 * 1024;
  bool set() const noexcept {
    return !contains.empty() || !not_contains.empty() || matches || not_matches;
  }
};

// What says that a file's content is still the one that was looked at.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

// What a check remembers of its one file from look to look: whoever has read it once need not read
// it again while nothing about it changed, and knows when the content did.
struct FileMemory {
  FileIdentity identity;
  std::string sha256;
  WallTime content_since{};
};

struct FileQuery {
  std::string path;  // absolute; may be a pattern
  bool glob = false;
  FileType type = FileType::any;  // of a pattern's files, only those of this type are meant
  Which which = Which::newest;
  ContentRules content;
  bool hash = false;
  std::string sha256_file;               // empty: none
  std::optional<FileMemory> remembered;  // of the check's last look
};

// One file that was looked at.
struct FileFacts {
  std::string path;
  FileIdentity identity;
  mode_t mode = 0;
  uid_t user = 0;
  gid_t group = 0;
  std::string sha256;              // in hex; empty: not asked for
  std::string wanted_sha256;       // what sha256_file says of it; empty: nothing
  std::vector<std::string> wrong;  // what is wrong with its content, a clause each
  std::string trouble;             // why the content could not be read; our side

  WallTime modified() const noexcept;
  WallTime changed() const noexcept;
};

struct FileLook {
  int error = 0;                 // an errno, of a path without a pattern
  bool hidden = false;           // the sandbox shows us something else there
  std::size_t matched = 0;       // how many fit
  std::vector<FileFacts> files;  // those that were picked, at most kMostFiles
  std::string trouble;           // why the look is not complete; our side
};

inline constexpr std::size_t kMostFiles = 1000;

// Looks; opens regular files only, since a pipe or a device may do anything when opened. For a
// worker's thread: it blocks for as long as the file system likes, and gives up by itself at
// `until` where it can. `proc` stands for /proc.
FileLook look_at_files(const FileQuery& query, const std::string& proc, SteadyTime until);

}  // namespace tocsin
