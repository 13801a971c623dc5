// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/users.h"

#include <grp.h>
#include <pwd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace tocsin {
namespace {

using Buffer = std::array<char, 16 * 1024>;

std::optional<std::uint32_t> parse_number(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<uid_t> find_user(const std::string& name) {
  if (const auto number = parse_number(name)) return *number;
  passwd entry{};
  passwd* found = nullptr;
  Buffer buffer;
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return found->pw_uid;
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const auto number = parse_number(name)) return *number;
  group entry{};
  group* found = nullptr;
  Buffer buffer;
  getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

std::string show_user(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  Buffer buffer;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(uid) : found->pw_name;
}

std::string show_group(gid_t gid) {
  group entry{};
  group* found = nullptr;
  Buffer buffer;
  getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(gid) : found->gr_name;
}

}  // namespace tocsin
