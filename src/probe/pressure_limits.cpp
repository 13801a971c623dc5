// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/pressure_limits.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace tocsin {
namespace {

constexpr std::string_view kShort = "some_avg60";
constexpr LimitKind kShare{.quantity = Quantity::percent};

// "some_avg60" of memory: "memory pressure (some, 60 s)".
std::string words_for(const std::string& resource, std::string_view name) {
  const std::size_t middle = name.find("_avg");
  return resource + " pressure (" + std::string(name.substr(0, middle)) + ", " +
         std::string(name.substr(middle + 4)) + " s)";
}

std::string no_pressure(const std::string& path, int error) {
  const std::string why =
      error == 0 ? "nothing of that kind in it" : std::generic_category().message(error);
  return path + " cannot be read: " + why +
         " (the kernel needs CONFIG_PSI, on some distributions also psi=1 on its command line)";
}

void explain_pressure(Result& result, const std::string& resource, const Pressure& pressure) {
  std::string line = resource + " pressure:";
  for (std::size_t i = 0; i < Pressure::kNames.size(); ++i) {
    if (!pressure.percent[i]) continue;
    line += (i == 0 ? " " : ", ") + std::string(Pressure::kNames[i]) + ' ' +
            human_figure(Quantity::percent, *pressure.percent[i]);
  }
  result.notes.push_back(std::move(line));
}

}  // namespace

bool PressureLimits::set() const noexcept {
  return std::any_of(limits.begin(), limits.end(), [](const auto& limit) { return limit.set(); });
}

PressureLimits parse_pressure_limits(Settings& settings, std::string_view key) {
  const std::unique_ptr<Settings> section = settings.short_section(key, kShort);
  PressureLimits out;
  for (std::size_t i = 0; i < out.limits.size(); ++i) {
    out.limits[i] = parse_threshold(*section, Pressure::kNames[i], kShare);
  }
  return out;
}

void judge_pressure(Findings& findings, const PressureLimits& limits, const std::string& proc,
                    const std::string& resource, Result& result, bool explain) {
  const std::string path = proc + "/pressure/" + resource;
  const ReadFile file = read_kernel_file(path);
  const auto pressure = parse_pressure(file.text);
  if (!pressure && limits.set()) findings.add(Verdict::unknown, no_pressure(path, file.error));
  if (!pressure) return;
  if (explain) explain_pressure(result, resource, *pressure);
  for (std::size_t i = 0; i < limits.limits.size(); ++i) {
    const Threshold& limit = limits.limits[i];
    const auto& percent = pressure->percent[i];
    const std::string_view name = Pressure::kNames[i];
    if (!percent && limit.set()) {
      findings.add(Verdict::unknown, "this kernel does not tell " + words_for(resource, name));
    }
    if (!percent) continue;
    const Figure figure{words_for(resource, name), *percent};
    judge(findings, limit, figure);
    if (!limit.set() && name != kShort) continue;
    result.metrics.push_back(metric_of(resource + "_pressure_" + std::string(name), limit, figure));
  }
}

}  // namespace tocsin
