// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/mounts.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "util/text.h"

namespace tocsin {
namespace {

using Names = std::set<std::string, std::less<>>;

std::string_view next(std::string_view& text, char separator) noexcept {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// Spaces, tabs, line ends and backslashes are written as three octal digits.
std::string unescape(std::string_view text) {
  const auto octal = [&text](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '7';
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || !octal(i + 1) || !octal(i + 2) || !octal(i + 3)) {
      out += text[i];
      continue;
    }
    const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
    out += static_cast<char>(code);
    i += 3;
  }
  return out;
}

bool has_option(std::string_view options, std::string_view wanted) noexcept {
  while (!options.empty()) {
    if (next(options, ',') == wanted) return true;
  }
  return false;
}

// Whether `path` is the folder or in it.
bool is_within(std::string_view path, std::string_view folder) noexcept {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Types whose files are on no device of the kernel's table and yet for good.
bool keeps_files(std::string_view type) noexcept {
  constexpr std::array<std::string_view, 4> kTypes{"bcachefs", "btrfs", "ubifs", "zfs"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// Images that are full from the day they were made.
bool is_image(std::string_view type) noexcept {
  constexpr std::array<std::string_view, 6> kTypes{"cramfs", "erofs",    "iso9660",
                                                   "romfs",  "squashfs", "udf"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

Names block_types(std::string_view filesystems) {
  Names out;
  while (!filesystems.empty()) {
    const std::string_view line = next(filesystems, '\n');
    if (!line.starts_with("nodev")) out.emplace(trim(line));
  }
  return out;
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> out;
  while (!text.empty()) {
    std::string_view line = next(text, '\n');
    Mount mount;
    next(line, ' ');  // its number, and its parent's
    next(line, ' ');
    mount.device = next(line, ' ');
    mount.root = unescape(next(line, ' '));
    mount.point = unescape(next(line, ' '));
    mount.read_only = has_option(next(line, ' '), "ro");
    while (!line.empty() && next(line, ' ') != "-") {
    }
    mount.type = unescape(next(line, ' '));
    mount.source = unescape(next(line, ' '));
    mount.read_only_file_system = has_option(line, "ro");
    if (!mount.type.empty() && mount.point.starts_with('/')) out.push_back(std::move(mount));
  }
  return out;
}

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) noexcept {
  const Mount* best = nullptr;
  for (const Mount& mount : mounts) {
    if (!is_within(path, mount.point)) continue;
    // Of two at the same point the later one lies on top.
    if (best == nullptr || mount.point.size() >= best->point.size()) best = &mount;
  }
  return best;
}

bool is_sandbox(const Mount& mount) noexcept {
  return mount.root.find("/systemd-private-") != std::string::npos ||
         mount.root.find("systemd/inaccessible") != std::string::npos;
}

std::vector<Mount> real_mounts(const std::vector<Mount>& mounts, std::string_view filesystems) {
  const Names blocks = block_types(filesystems);
  std::map<std::string, const Mount*> by_device;
  for (const Mount& mount : mounts) {
    const bool real = blocks.contains(mount.type) || keeps_files(mount.type) || mount.point == "/";
    if (!real || is_image(mount.type) || is_sandbox(mount)) continue;
    if (mount_of(mounts, mount.point) != &mount) continue;  // something lies on top
    const Mount*& best = by_device[mount.device];
    if (best == nullptr || mount.point.size() < best->point.size()) best = &mount;
  }
  std::vector<Mount> out;
  for (const auto& [device, mount] : by_device) out.push_back(*mount);
  std::sort(out.begin(), out.end(),
            [](const Mount& a, const Mount& b) { return a.point < b.point; });
  return out;
}

}  // namespace tocsin
