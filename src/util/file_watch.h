// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

namespace tocsin {

// Tells when one of a few files was written, replaced, made or removed. It is asked now and then: a
// look costs one stat() a file. One thread.
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::filesystem::path> files = {});

  // Whether anything is different from the last call, or from the construction.
  bool changed();

 private:
  // What tells one version of a file from the next: inode, size and time of change (nanoseconds).
  struct Mark {
    std::uint64_t inode = 0;  // 0: there is none
    std::int64_t size = 0;
    std::int64_t changed_at = 0;
    bool operator==(const Mark&) const = default;
  };
  static Mark mark_of(const std::filesystem::path& file) noexcept;

  std::vector<std::pair<std::filesystem::path, Mark>> files_;
};

}  // namespace tocsin
