// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/file_watch.h"

#include <sys/stat.h>

namespace tocsin {

FileWatch::FileWatch(std::vector<std::filesystem::path> files) {
  for (auto& file : files) {
    const Mark mark = mark_of(file);
    files_.emplace_back(std::move(file), mark);
  }
}

bool FileWatch::changed() {
  bool out = false;
  for (auto& [file, mark] : files_) {
    const Mark now = mark_of(file);
    out = out || !(now == mark);
    mark = now;
  }
  return out;
}

FileWatch::Mark FileWatch::mark_of(const std::filesystem::path& file) noexcept {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return {};
  return {.inode = found.st_ino,
          .size = found.st_size,
          .changed_at = found.st_ctim.tv_sec * std::int64_t{1'000'000'000} + found.st_ctim.tv_nsec};
}

}  // namespace tocsin
