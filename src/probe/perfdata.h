// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tocsin/result.h"

namespace tocsin {

// What a Nagios plugin says, by the Monitoring Plugins Development Guidelines, "Plugin Output for
// Nagios":
//
//   TEXT | PERFDATA          the first line
//   LONG TEXT                any number of lines
//   LONG TEXT | PERFDATA     from here on, every line is performance data
//   PERFDATA
//
// and each of the data, separated by white space, is
//
//   'label'=value[UOM];[warn];[crit];[min];[max]
//
// where the label needs its quotes only if there is a space, a "=" or a quote in it (a quote is
// doubled then), value is a number or "U" (not known), and warn and crit are ranges.
struct PluginOutput {
  static constexpr std::size_t kMostMetrics = 256;

  std::string text;     // of the first line; printable
  std::string details;  // the long text; printable lines, at most Result::kMostDetails bytes
  std::vector<Metric> metrics;   // in its order; values in the units they came in
  std::vector<std::string> bad;  // what was no performance datum, as it stood, printable and cut
};

// Never fails: what is malformed is put into `bad` and the rest is used. Pure.
PluginOutput parse_plugin_output(std::string_view output);

}  // namespace tocsin
