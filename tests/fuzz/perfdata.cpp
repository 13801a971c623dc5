// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What a plugin prints: never a failure, never more than the limits, printable all of it.
#include "probe/perfdata.h"

#include <string>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const PluginOutput out = parse_plugin_output(fuzz::text_of(data, size));
  fuzz::require_printable(out.text, 4096);
  fuzz::require(out.details.size() <= Result::kMostDetails, "details are cut");
  std::string lines = out.details;
  for (char& c : lines) c = c == '\n' ? ' ' : c;
  fuzz::require_printable(lines, Result::kMostDetails);
  fuzz::require(out.metrics.size() <= PluginOutput::kMostMetrics, "metrics are bounded");
  for (const Metric& metric : out.metrics) {
    fuzz::require(!metric.name.empty(), "a metric has a name");
    fuzz::require_printable(metric.name, 1024);
    fuzz::require_printable(metric.unit, 64);
    fuzz::require_printable(metric.warn, 1024);
    fuzz::require_printable(metric.crit, 1024);
  }
  for (const std::string& bad : out.bad) fuzz::require_printable(bad, 1024);
  return 0;
}
