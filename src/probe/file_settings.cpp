// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/file_settings.h"

#include <limits.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <vector>

#include "probe/file_content.h"
#include "probe/file_glob.h"
#include "probe/users.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kMostRead = 16 * 1024 * 1024;
constexpr std::array<const char*, 12> kAboutPresent{
    "owner",    "group",  "mode",      "max_age",   "min_age",       "max_size",
    "min_size", "sha256", "read_last", "min_count", "unchanged_for", "sha256_file"};
constexpr std::array<const char*, 4> kAboutContent{"contains", "not_contains", "matches",
                                                   "not_matches"};

template <typename Enum, std::size_t N>
Enum parse_choice(Settings& settings, std::string_view key, const std::string_view (&words)[N]) {
  const std::string word = settings.choice(key, {std::begin(words), std::end(words)}, words[0]);
  return static_cast<Enum>(std::find(std::begin(words), std::end(words), word) - std::begin(words));
}

void parse_path(Settings& settings, FileQuery& query) {
  query.path = settings.text("path");
  query.glob = has_glob(query.path);
  if (query.path.empty()) {
    settings.error("'path' is needed: a file, or a pattern such as /backup/*.gz");
  } else if (!query.path.starts_with('/')) {
    settings.error("path", "not an absolute path");
  } else if (query.path.size() >= PATH_MAX) {
    settings.error("path", "longer than a path can be");
  }
  query.which = parse_choice<Which>(settings, "which", kWhich);
  query.type = parse_choice<FileType>(settings, "type", kFileTypes);
  // "The newest file that matches": its folders are not meant, unless it is said.
  if (query.glob && !settings.has("type")) query.type = FileType::file;
}

std::shared_ptr<const Pattern> parse_pattern(Settings& settings, std::string_view key) {
  const std::string pattern = settings.pattern(key);
  return pattern.empty() ? nullptr : std::make_shared<Pattern>(pattern);
}

void parse_content(Settings& settings, FileSettings& file) {
  ContentRules& rules = file.query.content;
  rules.contains = settings.text("contains");
  rules.not_contains = settings.text("not_contains");
  rules.matches = parse_pattern(settings, "matches");
  rules.not_matches = parse_pattern(settings, "not_matches");
  rules.read_last = settings.size("read_last", rules.read_last, {1, kMostRead});
  file.sha256 = to_lower(settings.text("sha256"));
  file.query.sha256_file = settings.text("sha256_file");
  if (!file.sha256.empty() && !is_sha256(file.sha256)) {
    settings.error("sha256", "64 hex digits expected, as sha256sum(1) writes them");
  }
  const std::string& sums = file.query.sha256_file;
  if (!sums.empty() && !sums.starts_with('/')) {
    settings.error("sha256_file", "not an absolute path");
  }
  if (!sums.empty() && !file.sha256.empty()) {
    settings.error("sha256_file", "either this or 'sha256'");
  }
}

std::optional<mode_t> parse_mode(Settings& settings) {
  const std::string text = settings.text("mode");
  if (text.empty()) return std::nullopt;
  unsigned mode = 0;
  constexpr unsigned kMost = 07777;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error == std::errc{} && end == text.data() + text.size() && mode <= kMost) return mode;
  settings.error("mode",
                 "octal permissions expected, such as 0640; got \"" + printable(text, 64) + '"');
  return std::nullopt;
}

void parse_owner(Settings& settings, FileSettings& file) {
  file.owner = settings.text("owner");
  file.group = settings.text("group");
  if (!file.owner.empty() && !find_user(file.owner)) {
    settings.warn("owner", "there is no such user here now");
  }
  if (!file.group.empty() && !find_group(file.group)) {
    settings.warn("group", "there is no such group here now");
  }
}

void parse_limits(Settings& settings, FileSettings& file) {
  const LimitKind age{.quantity = Quantity::seconds};
  const LimitKind least_age{.quantity = Quantity::seconds, .least = true};
  const LimitKind size{.quantity = Quantity::bytes};
  const LimitKind least_size{.quantity = Quantity::bytes, .least = true};
  file.max_age = parse_threshold(settings, "max_age", age);
  file.min_age = parse_threshold(settings, "min_age", least_age);
  file.max_size = parse_threshold(settings, "max_size", size);
  file.min_size = parse_threshold(settings, "min_size", least_size);
  file.max_count = parse_threshold(settings, "max_count", {.quantity = Quantity::number});
  file.min_count =
      parse_threshold(settings, "min_count", {.quantity = Quantity::number, .least = true});
  file.unchanged_for = parse_threshold(settings, "unchanged_for", least_age);
}

// Keys that say nothing together.
void check_together(Settings& settings, const FileSettings& file) {
  const auto refuse = [&settings](const auto& keys, const char* why) {
    for (const char* key : keys) {
      if (settings.has(key)) settings.error(key, why);
    }
  };
  if (file.presence == Presence::unwanted) {
    constexpr const char* kWhy = "nothing can be asked of a file that must not exist";
    refuse(kAboutPresent, kWhy);
    refuse(kAboutContent, kWhy);
  }
  if (!file.query.glob) {
    refuse(std::array{"which", "min_count", "max_count"}, "only with a pattern in 'path'");
  } else {
    refuse(std::array{"unchanged_for"}, "only for one file, not for a pattern");
  }
  const bool plain = file.query.type == FileType::any || file.query.type == FileType::file;
  if (!plain) refuse(kAboutContent, "only a plain file has content that is looked at");
  if (!plain)
    refuse(std::array{"sha256", "sha256_file", "unchanged_for"},
           "only a plain file has a checksum");
}

}  // namespace

FileSettings parse_file_settings(Settings& settings) {
  FileSettings file;
  parse_path(settings, file.query);
  const std::string exists = settings.choice("exists", {"true", "false", "either"}, "true");
  if (exists == "false") file.presence = Presence::unwanted;
  if (exists == "either") file.presence = Presence::either;
  parse_owner(settings, file);
  file.mode = parse_mode(settings);
  parse_limits(settings, file);
  parse_content(settings, file);
  file.query.hash = !file.sha256.empty() || file.unchanged_for.set();
  check_together(settings, file);
  return file;
}

}  // namespace tocsin
