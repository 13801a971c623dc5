// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin route`: who would be told of a check, by the configuration alone.
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "cli/signal_text.h"
#include "cli/terminal.h"
#include "incident/audience.h"
#include "probe/rdap.h"
#include "util/duration.h"
#include "util/select.h"
#include "util/system_clock.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kWordWidth = 10;
const std::string kIndent(kWordWidth, ' ');

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::string told_text(const char* word, const Audience& audience) {
  std::string out = padded(word, kWordWidth);
  out += audience.names.empty() ? "nobody" : joined(audience.names);
  out += " (" + joined(audience.because) + ")\n";
  if (!audience.escalate) return out;
  for (const EscalationStep& step : *audience.escalate) {
    out += kIndent + "after " + human_duration(step.after) +
           " besides, unless acknowledged: " + joined(*step.notify) + " (" +
           audience.escalate_because + ")\n";
  }
  return out;
}

// What would hold the news back at that time.
std::string held_text(const Check& check, const Config& config, WallTime at) {
  std::string out;
  if (!check.enabled) out += "it is disabled: nobody looks at it\n";
  for (const Maintenance& one : config.maintenance) {
    if (!selects(one.match, check.name, check.labels) || !one.window) continue;
    if (const auto until = one.window->open_until(at)) {
      out += "maintenance " + one.name + " is open until " + human_time(*until) +
             ": nothing bad is told before\n";
    }
  }
  if (check.quiet_hours) {
    if (const auto until = check.quiet_hours->open_until(at)) {
      out += "quiet hours until " + human_time(*until) + ": DEGRADED is not told before\n";
    }
  }
  if (!check.depends_on.empty()) {
    out += "while " + joined(check.depends_on) + (check.depends_on.size() == 1 ? " is" : " are") +
           " down, it is unreachable, and not told\n";
  }
  return out;
}

const Check* find_by_name(const Config& config, const std::string& name) {
  std::vector<std::string_view> names;
  for (const CheckPtr& check : config.checks) {
    if (check->name == name) return check.get();
    names.push_back(check->name);
  }
  const std::string_view near = nearest(name, names);
  std::fprintf(stderr, "tocsin: no check is named \"%s\"%s\n", printable(name, 200).c_str(),
               near.empty() ? "" : ("; did you mean \"" + std::string(near) + "\"?").c_str());
  return nullptr;
}

}  // namespace

std::string route_text(const Check& check, const Config& config, WallTime at) {
  struct Row {
    State state;
    const char* word;
  };
  std::string out =
      check.name + " at " + human_time(at) + ", " + std::string(to_string(check.severity)) + "\n";
  for (const Row row : {Row{State::down, "DOWN"}, Row{State::degraded, "DEGRADED"},
                        Row{State::unknown, "UNKNOWN"}}) {
    out += told_text(row.word, audience_of(check, row.state, at, config.routes));
  }
  out += padded("UP", kWordWidth) + "those who were told\n";
  return out + held_text(check, config, at);
}

int route(const RouteOptions& options) {
  WallTime at = SystemClock().wall();
  if (!options.at.empty()) {
    const auto given = parse_rfc3339(options.at);
    if (!given) {
      std::fprintf(stderr, "tocsin: --at takes a time such as 2026-11-21T22:30:00Z; got \"%s\"\n",
                   printable(options.at, 60).c_str());
      return 1;
    }
    at = *given;
  }
  const auto config = load_or_complain(options.file, {.resolve_secrets = false});
  if (!config) return 1;
  const Check* const check = find_by_name(*config, options.name);
  if (check == nullptr) return 1;
  std::fputs(route_text(*check, *config, at).c_str(), stdout);
  return 0;
}

}  // namespace tocsin
