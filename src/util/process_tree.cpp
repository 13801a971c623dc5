// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <unordered_set>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kStatMost = 1024;
constexpr std::size_t kEnvironmentMost = 256 * 1024;

// The beginning of a file of /proc; empty if it cannot be read.
std::string read_proc(const std::string& path, std::size_t most) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text(most, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < most && (got = read(fd, text.data() + size, most - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  close(fd);
  text.resize(size);
  return text;
}

template <typename Number>
bool parse_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (!(text = trim(text)).empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

// The pid that was given out last, by the last field of /proc/loadavg; 0 if it is not known.
pid_t last_pid() {
  const std::string text = read_proc("/proc/loadavg", kStatMost);
  const auto fields = split(text);
  pid_t pid = 0;
  if (fields.size() < 5 || !parse_number(fields[4], pid)) return 0;
  return pid;
}

std::vector<pid_t> all_pids() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  std::vector<pid_t> out;
  if (!folder) return out;
  while (const dirent* entry = readdir(folder.get())) {
    pid_t pid = 0;
    if (parse_number(std::string_view(entry->d_name), pid)) out.push_back(pid);
  }
  return out;
}

}  // namespace

std::optional<ProcessNode> parse_process_node(std::string_view stat) {
  // The name in brackets may hold anything, brackets too: the last one ends it.
  const std::size_t open = stat.find(" (");
  const std::size_t end = stat.rfind(')');
  if (open == std::string_view::npos || end == std::string_view::npos || end < open) return {};
  const auto fields = split(stat.substr(end + 1));
  ProcessNode node;
  if (fields.size() < 20 || fields[0].size() != 1) return {};
  node.state = fields[0].front();
  if (!parse_number(stat.substr(0, open), node.pid) || !parse_number(fields[1], node.parent) ||
      !parse_number(fields[2], node.group) || !parse_number(fields[3], node.session) ||
      !parse_number(fields[19], node.started)) {
    return {};
  }
  return node;
}

std::optional<ProcessNode> read_process_node(pid_t pid) {
  return parse_process_node(read_proc("/proc/" + std::to_string(pid) + "/stat", kStatMost));
}

bool is_pid_after(pid_t pid, pid_t first, pid_t last) noexcept {
  if (first <= last) return first < pid && pid <= last;
  return pid > first || pid <= last;
}

std::vector<ProcessNode> processes_since(const ProcessNode& first) {
  const pid_t last = last_pid();
  std::vector<ProcessNode> out;
  if (last == first.pid) return out;
  for (const pid_t pid : all_pids()) {
    if (pid == first.pid || (last != 0 && !is_pid_after(pid, first.pid, last))) continue;
    const auto node = read_process_node(pid);
    if (node && node->started >= first.started) out.push_back(*node);
  }
  return out;
}

std::vector<ProcessNode> descendants(const std::vector<ProcessNode>& all, pid_t root,
                                     const std::function<bool(const ProcessNode&)>& is_root) {
  std::unordered_set<pid_t> family{root};
  std::vector<ProcessNode> out;
  std::vector<ProcessNode> rest = all;
  // A generation a round: a list of /proc is in no order that would show parents first.
  bool grown = true;
  while (grown) {
    const auto belongs = [&](const ProcessNode& node) {
      return family.contains(node.parent) || family.contains(node.pid) || is_root(node);
    };
    const auto found = std::partition(rest.begin(), rest.end(),
                                      [&](const ProcessNode& node) { return !belongs(node); });
    grown = found != rest.end();
    for (auto at = found; at != rest.end(); ++at) family.insert(at->pid);
    out.insert(out.end(), found, rest.end());
    rest.erase(found, rest.end());
  }
  return out;
}

bool has_in_environment(pid_t pid, std::string_view entry) {
  const std::string all =
      '\0' + read_proc("/proc/" + std::to_string(pid) + "/environ", kEnvironmentMost) + '\0';
  return all.find('\0' + std::string(entry) + '\0') != std::string::npos;
}

}  // namespace tocsin
