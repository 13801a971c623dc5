// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>

#include "util/text.h"
#include "web/handlers.h"
#include "web/json.h"

namespace tocsin {
namespace {

constexpr std::int64_t kDefaultLimit = 1000;
constexpr std::int64_t kMostAtOnce = 10'000;
constexpr std::size_t kRoomPerCheck = 640;  // so that the text rarely has to move while it grows

using CheckViewPtr = std::shared_ptr<const CheckView>;

void write_phases(JsonWriter& json, const Phases& phases) {
  json.key("phases");
  json.begin_object();
  for (const Phase phase : kPhases) {
    const auto took = phases.get(phase);
    if (!took) continue;
    json.field(std::string(to_string(phase)) + "_seconds", *took);
  }
  json.end_object();
}

void write_timing(JsonWriter& json, const Timing& timing) {
  json.field("interval_seconds", timing.interval);
  json.field("timeout_seconds", timing.timeout);
}

// The thread its notifications go to; null if each incident begins one of its own.
void write_thread(JsonWriter& json, const Check& check) {
  json.key("thread");
  if (check.thread_per_incident) {
    json.null();
  } else {
    json.value(check.thread.empty() ? check.name : check.thread);
  }
}

void write_metrics(JsonWriter& json, const std::vector<Metric>& metrics) {
  json.key("metrics");
  json.begin_array();
  for (const Metric& metric : metrics) {
    json.begin_object();
    json.field("name", metric.name);
    json.field("value", metric.value);
    json.field("unit", metric.unit);
    json.field("min", metric.least);
    json.field("max", metric.most);
    json.field("warn", metric.warn);
    json.field("crit", metric.crit);
    json.end_object();
  }
  json.end_array();
}

// Of a check whose jobs tell; null for all others.
void write_heartbeat(JsonWriter& json, const CheckView& view) {
  json.key("heartbeat");
  if (!view.heartbeat) return json.null();
  const HeartbeatRecord& record = *view.heartbeat;
  json.begin_object();
  json.field("known_since", record.known_since);
  json.field("last_start_at", record.started_at);
  json.field("last_success_at", record.succeeded_at);
  json.field("last_failure_at", record.failed_at);
  json.field("exit_code", record.exit_code);
  json.field("run_time_seconds", record.run_time);
  json.field("running", record.runs.size());
  json.field("due_at", view.due_at);
  json.field("address", record.address);
  json.field("log", record.log);
  json.end_object();
}

// What holds its news back; null: nothing does.
void write_held(JsonWriter& json, const Held& held) {
  json.key("held_back");
  if (held.why == Hold::none) return json.null();
  json.begin_object();
  json.field("why", to_string(held.why));
  json.field("detail", held.detail);
  json.field("since", held.since);
  json.field("changes", held.changes);
  json.end_object();
}

void write_check(JsonWriter& json, const CheckView& view) {
  const Check& check = *view.check;
  json.begin_object();
  json.field("name", check.name);
  json.field("type", check.type);
  json.field("target", check.target);
  json.field("state", to_string(view.state));
  json.field("suspected", view.suspected);
  json.field("since", view.since);
  json.field("reason", view.reason);
  json.field("last_probe_at", view.last_probe_at);
  json.field("response_time_seconds", view.response_time);
  json.field("incident", view.incident);
  write_acknowledgement(json, view.acknowledged);
  json.field("severity", to_string(check.severity));
  write_held(json, view.held);
  json.field("flapping_since", view.flapping_since);
  json.field("details", view.details);
  write_metrics(json, view.metrics);
  write_heartbeat(json, view);
  json.field("address", view.address);
  write_phases(json, view.phases);
  json.field("certificate_days", view.certificate_days);
  json.field("probes", view.probes);
  json.field("description", check.description);
  json.field("labels", check.labels);
  json.field("runbook", check.runbook);
  write_thread(json, check);
  json.field("enabled", check.enabled);
  write_timing(json, check.timing);
  json.field("notify", *check.notify);
  json.field("depends_on", check.depends_on);
  json.end_object();
}

struct Filter {
  std::optional<State> state;
  std::optional<std::string_view> name;

  bool takes(const CheckView& view) const noexcept {
    return (!state || view.state == *state) && (!name || glob_matches(*name, view.check->name));
  }
};

Filter read_filter(Query& query) {
  Filter filter;
  if (const auto state = query.text("state")) {
    filter.state = parse_state(*state);
    if (!filter.state) query.mistake("'state' must be pending, up, degraded, down or unknown");
  }
  filter.name = query.text("name");
  return filter;
}

const std::string& name_of(const CheckViewPtr& view) {
  return view->check->name;
}

}  // namespace

Response get_checks(const Request& request, const Services& services) {
  Query query(request);
  const Filter filter = read_filter(query);
  const auto after = query.text("after");
  const std::int64_t limit = query.integer("limit", kDefaultLimit, 1, kMostAtOnce);
  if (auto refusal = query.refusal()) return std::move(*refusal);
  const auto snapshot = services.control.snapshot();
  if (!snapshot) return not_ready();

  std::vector<const CheckView*> page;
  const std::string* next = nullptr;
  std::int64_t total = 0;
  for (const CheckViewPtr& view : snapshot->checks) {
    if (!filter.takes(*view)) continue;
    ++total;
    if (after && name_of(view) <= *after) continue;
    if (static_cast<std::int64_t>(page.size()) < limit) {
      page.push_back(view.get());
    } else {
      next = &page.back()->check->name;
    }
  }
  Response response{200, std::string(kJson), {}, {}};
  response.body.reserve(page.size() * kRoomPerCheck + 128);
  JsonWriter json(response.body);
  json.begin_object();
  json.key("checks");
  json.begin_array();
  for (const CheckView* view : page) write_check(json, *view);
  json.end_array();
  json.field("total", total);
  json.field("blind_since", snapshot->blind_since);
  json.field("starved_since", snapshot->starved_since);
  json.field("no_resolver_since", snapshot->no_resolver_since);
  json.key("next");
  next != nullptr ? json.value(*next) : json.null();
  json.end_object();
  response.body += '\n';
  return response;
}

Response get_check(const Request& request, const Services& services) {
  Query query(request);
  if (auto refusal = query.refusal()) return std::move(*refusal);
  const auto snapshot = services.control.snapshot();
  if (!snapshot) return not_ready();
  const auto& checks = snapshot->checks;
  const auto found = std::lower_bound(
      checks.begin(), checks.end(), request.parameter,
      [](const CheckViewPtr& view, const std::string& name) { return name_of(view) < name; });
  if (found == checks.end() || name_of(*found) != request.parameter) {
    return problem(404, "there is no check '" + printable(request.parameter, 128) + "'");
  }
  Response response{200, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  write_check(json, **found);
  response.body += '\n';
  return response;
}

}  // namespace tocsin
