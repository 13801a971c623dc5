// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kFileMost = 1024 * 1024;  // /proc/stat names every interrupt of every CPU

template <typename T>
bool parse(std::string_view text, T& into) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view next_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view next_word(std::string_view& text) noexcept {
  text = trim(text);
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

}  // namespace

ReadFile read_kernel_file(const std::string& path) {
  ReadFile out;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    out.error = errno;
    return out;
  }
  std::array<char, 8192> chunk;
  while (out.text.size() < kFileMost) {
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) out.error = errno;
    if (got <= 0) break;
    out.text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return out;
}

std::optional<MemInfo> parse_meminfo(std::string_view text) {
  constexpr double kKilo = 1024;
  MemInfo out;
  int found = 0;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view key = next_word(line);
    std::uint64_t value = 0;
    if (!parse(next_word(line), value)) continue;
    const auto take = [&](std::string_view name, double& into) {
      if (key != name) return;
      into = static_cast<double>(value) * kKilo;
      ++found;
    };
    take("MemTotal:", out.total);
    take("MemAvailable:", out.available);
    take("SwapTotal:", out.swap_total);
    take("SwapFree:", out.swap_free);
  }
  if (found != 4 || out.total <= 0) return std::nullopt;
  return out;
}

std::optional<Pressure> parse_pressure(std::string_view text) {
  Pressure out;
  bool found = false;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string group(next_word(line));
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string name = group + '_' + std::string(word.substr(0, equals));
      const auto* at = std::find(Pressure::kNames.begin(), Pressure::kNames.end(), name);
      double value = 0;
      if (at == Pressure::kNames.end() || !parse(word.substr(equals + 1), value)) continue;
      out.percent[static_cast<std::size_t>(at - Pressure::kNames.begin())] = value;
      found = true;
    }
  }
  if (!found) return std::nullopt;
  return out;
}

std::optional<LoadAverage> parse_loadavg(std::string_view text) {
  LoadAverage out;
  for (double& average : out.average) {
    if (!parse(next_word(text), average)) return std::nullopt;
  }
  const std::string_view tasks = next_word(text);
  const std::size_t slash = tasks.find('/');
  if (slash == std::string_view::npos || !parse(tasks.substr(0, slash), out.runnable) ||
      !parse(tasks.substr(slash + 1), out.tasks)) {
    return std::nullopt;
  }
  return out;
}

std::optional<CpuTimes> parse_cpu_times(std::string_view text) {
  CpuTimes out;
  std::string_view line = next_line(text);
  if (next_word(line) != "cpu") return std::nullopt;
  // user nice system idle iowait irq softirq steal; what guests used is in user and nice already.
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& value : ticks) {
    if (!parse(next_word(line), value)) return std::nullopt;
  }
  out.user = ticks[0] + ticks[1];
  out.system = ticks[2] + ticks[5] + ticks[6];
  out.idle = ticks[3];
  out.iowait = ticks[4];
  out.steal = ticks[7];
  for (line = next_line(text); line.starts_with("cpu"); line = next_line(text)) ++out.cpus;
  if (out.cpus == 0) return std::nullopt;
  return out;
}

}  // namespace tocsin
