// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// glob(3) would collect every name before the first is looked at, and cannot be stopped: a spool of
// a million files would cost a hundred megabytes and outlast any deadline.
#include "probe/file_glob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <vector>

namespace tocsin {
namespace {

std::vector<std::string> parts_of(std::string_view pattern) {
  std::vector<std::string> out;
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    if (end > 0) out.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return out;
}

class Walk {
 public:
  Walk(const std::string& pattern, SteadyTime until,
       const std::function<void(const std::string&)>& found)
      : parts_(parts_of(pattern)), until_(until), found_(found) {}

  void enter(const std::string& folder, std::size_t part);
  Globbed ended() const noexcept { return ended_; }
  std::string& which() noexcept { return which_; }

 private:
  void search(const std::string& folder, std::size_t part);
  bool may_go_on();
  void end(Globbed how) {
    if (ended_ == Globbed::all || ended_ == Globbed::forbidden) ended_ = how;
  }

  const std::vector<std::string> parts_;
  const SteadyTime until_;
  const std::function<void(const std::string&)>& found_;
  std::size_t entries_ = 0;
  Globbed ended_ = Globbed::all;
  std::string which_;
};

bool Walk::may_go_on() {
  if (++entries_ > kMostEntries) end(Globbed::too_many);
  if (std::chrono::steady_clock::now() >= until_) end(Globbed::too_late);
  return ended_ == Globbed::all || ended_ == Globbed::forbidden;
}

// `folder` fits so far; the parts from this one on are still to be met below it. As deep as the
// pattern has parts, which the configuration bounds.
void Walk::enter(const std::string& folder, std::size_t part) {
  if (part == parts_.size()) {
    found_(folder);
  } else if (has_glob(parts_[part])) {
    search(folder, part);
  } else {
    const std::string path = folder + '/' + without_escapes(parts_[part]);
    struct stat there {};
    if (part + 1 < parts_.size() || lstat(path.c_str(), &there) == 0) enter(path, part + 1);
  }
}

void Walk::search(const std::string& folder, std::size_t part) {
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(opendir(folder.empty() ? "/" : folder.c_str()),
                                                   closedir);
  if (!opened && errno != ENOENT && errno != ENOTDIR) {
    if (which_.empty()) which_ = folder;
    end(Globbed::forbidden);
  }
  if (!opened) return;
  while (const dirent* entry = readdir(opened.get())) {
    if (!may_go_on()) return;
    if (fnmatch(parts_[part].c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
    enter(folder + '/' + entry->d_name, part + 1);
  }
}

}  // namespace

bool has_glob(std::string_view path) noexcept {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '*' || path[i] == '?' || path[i] == '[') {
      return true;
    }
  }
  return false;
}

std::string without_escapes(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size()) ++i;
    out += path[i];
  }
  return out;
}

std::string_view fixed_part(std::string_view pattern) noexcept {
  std::size_t end = 0;
  while (end < pattern.size()) {
    const std::size_t next = std::min(pattern.find('/', end + 1), pattern.size());
    if (has_glob(pattern.substr(end, next - end))) break;
    end = next;
  }
  return pattern.substr(0, end);
}

Globbed walk_glob(const std::string& pattern, SteadyTime until,
                  const std::function<void(const std::string&)>& found, std::string& which) {
  Walk walk(pattern, until, found);
  walk.enter("", 0);
  which = std::move(walk.which());
  return walk.ended();
}

}  // namespace tocsin
