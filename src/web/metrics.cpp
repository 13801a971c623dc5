// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <sstream>

#include "util/text.h"
#include "web/handlers.h"

// Prometheus' text format over one snapshot, written by prometheus-cpp's serializer. There is no
// registry and no object per check: each family is built, written and thrown away before the next,
// so that 10,000 checks cost a few transient megabytes and nothing between two scrapes.

namespace tocsin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// The numbers of tocsin_check_state: as a Nagios plugin exits.
int number_of(State state) noexcept {
  switch (state) {
    case State::up: return 0;
    case State::degraded: return 1;
    case State::down: return 2;
    case State::unknown: return 3;
    case State::pending: return 4;
  }
  return 3;
}

double seconds(Micros duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

double seconds(WallTime time) noexcept {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// The serializer escapes what the format needs escaped; what is not UTF-8 it would let through, and
// one such label makes Prometheus refuse the whole page.
std::string label_text(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : printable(text, text.size() * 3);
}

// One family while it is filled; written when it goes.
class Family {
 public:
  Family(std::ostream& out, std::string name, MetricType type, std::string help) : out_(out) {
    families_.resize(1);
    families_[0].name = std::move(name);
    families_[0].type = type;
    families_[0].help = std::move(help);
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  void reserve(std::size_t rows) { families_[0].metric.reserve(rows); }
  void add(double value, Labels labels = {}) {
    ClientMetric& metric = families_[0].metric.emplace_back();
    metric.label = std::move(labels);
    (families_[0].type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }
  void add(ClientMetric::Histogram histogram) {
    families_[0].metric.emplace_back().histogram = std::move(histogram);
  }
  // A family without rows leaves no lines.
  void write() {
    if (!families_[0].metric.empty()) prometheus::TextSerializer{}.Serialize(out_, families_);
  }

 private:
  std::ostream& out_;
  std::vector<MetricFamily> families_;
};

void write_one(std::ostream& out, const char* name, const char* help, double value) {
  Family family(out, name, MetricType::Gauge, help);
  family.add(value);
  family.write();
}

// What is said of each check; nothing where there is nothing to say.
struct CheckMetric {
  const char* name;
  MetricType type;
  const char* help;
  std::optional<double> (*value)(const CheckView& view);
};

std::optional<double> is_up(const CheckView& view) {
  if (view.state == State::pending) return std::nullopt;
  return view.state == State::up || view.state == State::degraded ? 1 : 0;
}

std::optional<double> response_seconds(const CheckView& view) {
  if (!view.response_time) return std::nullopt;
  return seconds(*view.response_time);
}

std::optional<double> certificate_seconds(const CheckView& view) {
  if (!view.certificate_days) return std::nullopt;
  return *view.certificate_days * 86'400.0;
}

constexpr CheckMetric kCheckMetrics[] = {
    {"tocsin_check_up", MetricType::Gauge,
     "Whether the check is up or degraded (1), or down or unknown (0).", is_up},
    {"tocsin_check_state", MetricType::Gauge,
     "The state held: 0 up, 1 degraded, 2 down, 3 unknown, 4 pending.",
     [](const CheckView& view) -> std::optional<double> { return number_of(view.state); }},
    {"tocsin_check_suspected", MetricType::Gauge,
     "Whether results disagree with the state, but not often enough yet.",
     [](const CheckView& view) -> std::optional<double> { return view.suspected ? 1 : 0; }},
    {"tocsin_check_response_seconds", MetricType::Gauge,
     "How long the latest probe took as a whole.", response_seconds},
    {"tocsin_check_certificate_remaining_seconds", MetricType::Gauge,
     "Until the served certificate ends, in whole days; negative once it is over.",
     certificate_seconds},
    {"tocsin_check_probes_total", MetricType::Counter, "Probes of the check since the start.",
     [](const CheckView& view) -> std::optional<double> {
       return static_cast<double>(view.probes);
     }},
};

void write_check_metric(std::ostream& out, const Snapshot& snapshot, const CheckMetric& metric) {
  Family family(out, metric.name, metric.type, metric.help);
  family.reserve(snapshot.checks.size());
  for (const auto& view : snapshot.checks) {
    const std::optional<double> number = metric.value(*view);
    if (!number) continue;
    family.add(*number, {{"check", label_text(view->check->name)},
                         {"type", std::string(view->check->type)}});
  }
  family.write();
}

void write_phases(std::ostream& out, const Snapshot& snapshot) {
  Family family(out, "tocsin_check_phase_seconds", MetricType::Gauge,
                "How long each phase of the latest probe took.");
  for (const auto& view : snapshot.checks) {
    for (const Phase phase : kPhases) {
      const auto took = view->phases.get(phase);
      if (!took) continue;
      family.add(seconds(*took), {{"check", label_text(view->check->name)},
                                  {"type", std::string(view->check->type)},
                                  {"phase", std::string(to_string(phase))}});
    }
  }
  family.write();
}

void write_states(std::ostream& out, const Snapshot& snapshot) {
  std::array<std::size_t, 5> counts{};
  for (const auto& view : snapshot.checks) ++counts[static_cast<std::size_t>(view->state)];
  Family family(out, "tocsin_checks", MetricType::Gauge, "Checks by the state held.");
  for (const State state :
       {State::pending, State::up, State::degraded, State::down, State::unknown}) {
    family.add(static_cast<double>(counts[static_cast<std::size_t>(state)]),
               {{"state", std::string(to_string(state))}});
  }
  family.write();
}

void write_probes(std::ostream& out, const Snapshot& snapshot) {
  Family probes(out, "tocsin_probes_total", MetricType::Counter,
                "Probes since the start, by verdict.");
  for (const Verdict verdict : {Verdict::up, Verdict::degraded, Verdict::down, Verdict::unknown}) {
    probes.add(static_cast<double>(snapshot.results[static_cast<std::size_t>(verdict)]),
               {{"verdict", std::string(to_string(verdict))}});
  }
  probes.write();

  ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < snapshot.lateness.counts.size(); ++i) {
    histogram.sample_count += snapshot.lateness.counts[i];
    const bool last = i == Lateness::kBoundsMs.size();
    histogram.bucket.push_back(
        {histogram.sample_count, last ? std::numeric_limits<double>::infinity()
                                      : static_cast<double>(Lateness::kBoundsMs[i]) / 1000});
  }
  histogram.sample_sum = snapshot.lateness.sum_seconds;
  Family lateness(out, "tocsin_probe_lateness_seconds", MetricType::Histogram,
                  "How long after their time probes began.");
  lateness.add(std::move(histogram));
  lateness.write();
}

// One family with a row a notifier.
template <typename Value>
void write_notifiers(const Snapshot& snapshot, Family family, Value value) {
  for (const NotifierView& notifier : snapshot.notifiers) {
    family.add(value(notifier), {{"notifier", label_text(notifier.name)}});
  }
  family.write();
}

void write_deliveries(std::ostream& out, const Snapshot& snapshot) {
  write_notifiers(snapshot,
                  Family(out, "tocsin_outbox_waiting", MetricType::Gauge,
                         "Notifications that wait to be told."),
                  [](const NotifierView& view) { return static_cast<double>(view.waiting); });
  write_notifiers(snapshot,
                  Family(out, "tocsin_outbox_oldest_seconds", MetricType::Gauge,
                         "How long the oldest waiting notification has waited; 0 if none does."),
                  [&snapshot](const NotifierView& view) {
                    if (!view.oldest_waiting) return 0.0;
                    return std::max(0.0, seconds(snapshot.at) - seconds(*view.oldest_waiting));
                  });
  write_notifiers(snapshot,
                  Family(out, "tocsin_dead_letters_total", MetricType::Counter,
                         "Notifications that could not be delivered, since the start."),
                  [](const NotifierView& view) { return static_cast<double>(view.rejected); });
  Family attempts(out, "tocsin_delivery_attempts_total", MetricType::Counter,
                  "Attempts at a notifier since the start, by outcome.");
  for (const NotifierView& view : snapshot.notifiers) {
    const std::string name = label_text(view.name);
    attempts.add(static_cast<double>(view.sent), {{"notifier", name}, {"outcome", "sent"}});
    attempts.add(static_cast<double>(view.later), {{"notifier", name}, {"outcome", "later"}});
    attempts.add(static_cast<double>(view.rejected), {{"notifier", name}, {"outcome", "rejected"}});
  }
  attempts.write();
}

void write_daemon(std::ostream& out, const Snapshot& snapshot, bool healthy) {
  Family build(out, "tocsin_build_info", MetricType::Gauge, "Always 1; the version is its label.");
  build.add(1, {{"version", TOCSIN_VERSION}, {"instance_name", label_text(snapshot.instance)}});
  build.write();
  write_one(out, "tocsin_start_time_seconds", "When the daemon started, in Unix time.",
            seconds(snapshot.started_at));
  write_one(out, "tocsin_healthy", "Whether the scheduler and the sender keep their times.",
            healthy ? 1 : 0);
  write_one(out, "tocsin_store_ok", "Whether everything is stored as it should be.",
            snapshot.store_trouble.empty() ? 1 : 0);
  write_one(out, "tocsin_config_last_reload_success",
            "Whether the configuration that was loaded last is the one that runs.",
            snapshot.last_reload_ok ? 1 : 0);
  write_one(out, "tocsin_config_last_reload_timestamp_seconds",
            "When the configuration was loaded last, in Unix time.",
            seconds(snapshot.last_reload_at));
}

// Why people may not have been told: about us, and about checks.
void write_signal(std::ostream& out, const Snapshot& snapshot) {
  write_one(out, "tocsin_blind", "Whether the monitor itself is cut off (the uplink is gone).",
            snapshot.blind_since ? 1 : 0);
  write_one(out, "tocsin_starved", "Whether the monitor's own schedule is late.",
            snapshot.starved_since ? 1 : 0);
  write_one(out, "tocsin_no_resolver", "Whether the monitor's own resolver does not answer.",
            snapshot.no_resolver_since ? 1 : 0);
  write_one(out, "tocsin_silences", "Silences and ad-hoc maintenance that are open.",
            static_cast<double>(snapshot.silences.size()));
  std::array<std::size_t, std::size(kHolds)> counts{};
  for (const auto& view : snapshot.checks) ++counts[static_cast<std::size_t>(view->held.why)];
  Family family(out, "tocsin_checks_held_back", MetricType::Gauge,
                "Checks of which something bad is not told for the time being, by why not.");
  for (const Hold hold : kHolds) {
    if (hold == Hold::none || hold >= Hold::over) continue;
    family.add(static_cast<double>(counts[static_cast<std::size_t>(hold)]),
               {{"why", std::string(to_string(hold))}});
  }
  family.write();
}

}  // namespace

Response get_metrics(const Request& request, const Services& services) {
  Query query(request);
  if (auto refusal = query.refusal()) return std::move(*refusal);
  const auto snapshot = services.control.snapshot();
  if (!snapshot) return not_ready();
  std::ostringstream out;
  out.imbue(std::locale::classic());
  write_daemon(out, *snapshot, services.control.health().empty());
  write_probes(out, *snapshot);
  write_deliveries(out, *snapshot);
  write_states(out, *snapshot);
  write_signal(out, *snapshot);
  for (const CheckMetric& metric : kCheckMetrics) write_check_metric(out, *snapshot, metric);
  write_phases(out, *snapshot);
  return Response{200, "text/plain; version=0.0.4; charset=utf-8", std::move(out).str(), {}};
}

}  // namespace tocsin
