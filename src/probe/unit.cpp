// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// unit: asks systemd over D-Bus for the state of a unit, and has its changes told by signals, so
// that the next look comes when it changes and not at the next tick.
#include <optional>
#include <utility>

#include "probe/prober.h"
#include "probe/types.h"
#include "probe/unit_judge.h"
#include "probe/units.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kSettleWithin = std::chrono::minutes{2};
constexpr Millis kRestartsWithin = std::chrono::minutes{10};
constexpr Millis kLongest = std::chrono::days{400};
constexpr double kDegradedRestarts = 2;

struct UnitSettings {
  std::string name;
  std::string bus;      // as configured
  std::string address;  // where that is
  UnitPolicy policy;
};

// --- probing
// ----------------------------------------------------------------------------------------

class UnitProber final : public Prober {
 public:
  explicit UnitProber(UnitSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  void watch(ProbeContext& context, const Units::Look& look, UnitCase& seen) const;
  void explain(Result& result, const Units::Look& look, const UnitCase& seen) const;

  const UnitSettings settings_;
};

void measure(Result& result, const UnitFacts& facts) {
  const auto add = [&result](const char* name, double value, const char* unit) {
    Metric metric;
    metric.name = name;
    metric.value = value;
    metric.unit = unit;
    result.metrics.push_back(std::move(metric));
  };
  constexpr double kNanos = 1e9;
  if (facts.memory) add("memory", static_cast<double>(*facts.memory), "B");
  if (facts.tasks) add("tasks", static_cast<double>(*facts.tasks), "");
  if (facts.cpu) add("cpu", static_cast<double>(*facts.cpu) / kNanos, "s");
  if (suffix_of(facts.id) == "service") {
    add("restarts", static_cast<double>(facts.standing.restarts), "c");
  }
}

asio::awaitable<Result> UnitProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  const Units::Look look =
      co_await context.units.look(settings_.address, settings_.name, context.deadline);
  if (!look.trouble.empty()) {
    result.reason = look.trouble;
    result.took = micros_between(begun, context.clock.steady());
    co_return result;
  }
  UnitCase seen{look.facts};
  seen.now = context.clock.wall();
  if (look.triggered) seen.triggered = &*look.triggered;
  seen.triggered_name = look.triggered_name;
  if (look.facts.load_state == "not-found") {
    seen.nearest =
        co_await context.units.nearest_to(settings_.address, settings_.name, context.deadline);
  }
  if (context.check != 0) watch(context, look, seen);
  judge_unit(settings_.policy, seen).tell(result);
  measure(result, look.facts);
  if (context.explain) explain(result, look, seen);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

// Has changes told from now on, and counts the restarts so far.
void UnitProber::watch(ProbeContext& context, const Units::Look& look, UnitCase& seen) const {
  std::vector<Units::Seen> units;
  units.push_back({settings_.name, look.facts.standing});
  if (look.triggered) units.push_back({look.triggered_name, look.triggered->standing});
  context.units.watch(context.check, settings_.address, std::move(units));
  const SteadyTime now = context.clock.steady();
  RestartLog& restarts = context.units.restarts(context.check);
  restarts.note(look.facts.standing.restarts, now);
  const std::string failure = failure_text(look.facts);
  if (!failure.empty()) restarts.last_failure = failure;
  seen.restarts = restarts.since(now - settings_.policy.restarts_within);
  seen.last_failure = restarts.last_failure;
}

void UnitProber::explain(Result& result, const Units::Look& look, const UnitCase& seen) const {
  const UnitFacts& facts = look.facts;
  const auto add = [&result](const std::string& note) { result.notes.push_back(note); };
  add("bus: " + printable(settings_.address, 200));
  add("unit: " + settings_.name +
      (facts.id.empty() || facts.id == settings_.name ? "" : ", an alias of " + facts.id));
  add("loaded: " + facts.load_state + (facts.file_state.empty() ? "" : ", " + facts.file_state));
  add("state: " + state_text(facts, seen.now));
  const std::string failure = failure_text(facts);
  if (!failure.empty()) add("failure: " + failure);
  if (facts.standing.restarts > 0) {
    add("restarts: " + std::to_string(facts.standing.restarts) +
        " since it was started; those within a time are counted by the daemon only");
  }
  if (!facts.status_text.empty()) add("says: " + facts.status_text);
  if (facts.needs_reload) add("its file has changed; `systemctl daemon-reload` would read it");
  if (!look.triggered) return;
  add("starts: " + look.triggered_name + ", " + state_text(*look.triggered, seen.now));
  if (facts.last_trigger != WallTime{}) add("last run: " + human_time(facts.last_trigger));
}

// --- parsing
// ----------------------------------------------------------------------------------------

void parse_name(Settings& settings, UnitSettings& unit) {
  const std::string name = settings.text("name");
  if (!settings.has("name")) {
    settings.error("'name' is missing");
    return;
  }
  std::string error;
  unit.name = unit_name(name, error);
  if (!error.empty()) settings.error("name", error);
}

void parse_bus(Settings& settings, UnitSettings& unit) {
  unit.bus = settings.text("bus", "system");
  unit.address = unit.bus;
  if (unit.bus == "system") unit.address = system_bus_address();
  if (unit.bus == "user") unit.address = user_bus_address();
  const bool named = unit.bus == "system" || unit.bus == "user";
  // Other transports may run programs or look up names.
  const bool socket = unit.bus.starts_with("unix:") && unit.bus.find(';') == std::string::npos;
  if (!named && !socket) {
    settings.error("bus",
                   "\"system\", \"user\" or a socket, such as "
                   "unix:path=/run/user/1000/bus; got \"" +
                       printable(unit.bus, 100) + '"');
  }
}

void parse_policy(Settings& settings, UnitSettings& unit) {
  UnitPolicy& policy = unit.policy;
  const std::string wanted =
      settings.choice("expect", {"active", "inactive", "not_failed"}, "active");
  if (wanted == "inactive") policy.wanted = UnitWanted::inactive;
  if (wanted == "not_failed") policy.wanted = UnitWanted::not_failed;
  const Millis settle = settings.duration("settle_within", kSettleWithin, {Millis{0}, kLongest});
  // A job that is wanted not to fail may take its time, unless somebody says how long.
  const bool limited = settings.has("settle_within") || policy.wanted != UnitWanted::not_failed;
  if (limited && settle > Millis{0}) policy.settle_within = settle;
  policy.enabled = settings.flag("enabled", false);
  policy.restarts = parse_threshold(settings, "restarts", {});
  policy.restarts_within =
      settings.duration("restarts_within", kRestartsWithin, {std::chrono::seconds{1}, kLongest});
  if (!settings.has("restarts")) policy.restarts.degraded = Limit{kDegradedRestarts, false};
  for (const auto& limit : {policy.restarts.degraded, policy.restarts.down}) {
    if (limit && limit->value >= RestartLog::kMost)
      settings.error("restarts", "must be below 1000");
  }
  policy.last_run = parse_threshold(settings, "last_run", {Quantity::seconds});
  if (settings.has("last_run") && suffix_of(unit.name) != "timer") {
    settings.error("last_run", "it is for timers: name it with its suffix, NAME.timer");
  }
}

ParsedCheck parse(Settings& settings, Millis) {
  UnitSettings unit;
  parse_name(settings, unit);
  parse_bus(settings, unit);
  parse_policy(settings, unit);
  std::string target = "unit " + unit.name;
  if (unit.bus != "system") target += " (bus " + printable(unit.bus, 100) + ")";
  return {std::make_shared<UnitProber>(std::move(unit)), std::move(target)};
}

}  // namespace

const CheckType kUnitCheck{
    .name = "unit",
    .short_key = "name",
    .summary = "a systemd unit: its state, how it failed, restart loops, a timer's last run",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
