// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Each check is made of three layers — its own keys, `defaults`, what is built in — and its type's
// own settings. Lists of notifiers are the same for most checks, so equal ones are one list
// (SharedParts). Names are looked up when all checks are there.
#include "config/checks.h"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>

#include "config/common.h"
#include "config/daemon.h"
#include "config/expand.h"
#include "config/routes.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostNobody = 10;  // warnings of checks that tell nobody

class Reader {
 public:
  Reader(Loading& loading, SharedParts& parts, Names& names, Config& config, Common defaults);

  void read(Section& entry);
  // What can be said once all checks are there.
  void finish();
  Shown& shown() noexcept { return shown_; }
  const std::vector<std::string>& inherited_notify() const noexcept { return *inherited_notify_; }

 private:
  void parse(Section& entry, const CheckType& type, Check& into);
  void claim_secret(const Secret& secret, const Section& settings, const std::string& check);
  void set_thread(const Common& own, Check& into) const;
  void set_labels(const Common& own, Check& into) const;
  void set_people(const Common& own, Check& into);
  void set_dependencies(const Common& own, Check& into);
  void tell_nobody(const Check& check, Place place);
  void record(const Section& entry, const Check& check);
  void record_people(const Check& check, Shown& out);
  void warn_of_disabled_parents();

  Loading& loading_;
  SharedParts& parts_;
  Names& names_;
  Config& config_;
  Common defaults_;
  NameList inherited_notify_;
  std::vector<std::string_view> types_;
  std::vector<Names::Edge> dependencies_;
  std::map<std::string, std::string> secrets_;  // of heartbeats, to their check's name
  std::size_t nobody_ = 0;
  Place first_nobody_;
  Shown shown_;
};

Reader::Reader(Loading& loading, SharedParts& parts, Names& names, Config& config, Common defaults)
    : loading_(loading),
      parts_(parts),
      names_(names),
      config_(config),
      defaults_(std::move(defaults)) {
  shown_.kind = Shown::Kind::list;
  for (const CheckType& type : loading.check_types) types_.push_back(type.name);
  if (defaults_.notify) {
    inherited_notify_ = parts.list(*defaults_.notify);
  } else if (config.notifiers.size() == 1) {
    inherited_notify_ = parts.list({{config.notifiers.front().name, {}, true}});
  } else {
    inherited_notify_ = parts.list({});
  }
}

void Reader::parse(Section& entry, const CheckType& type, Check& into) {
  Section settings = entry.child(type.name, type.short_key);
  into.type = type.name;
  into.looks_here = type.looks_here;
  try {
    ParsedCheck parsed = type.parse(settings, into.timing.timeout);
    into.prober = std::move(parsed.prober);
    into.heartbeat = std::move(parsed.heartbeat);
    into.target = std::move(parsed.target);
    into.target.shrink_to_fit();
  } catch (const std::exception& error) {
    settings.error("these settings cannot be used: " + std::string(error.what()));
  }
  if (into.heartbeat) claim_secret(into.heartbeat->secret, settings, into.name);
}

// What a job sends names one check.
void Reader::claim_secret(const Secret& secret, const Section& settings, const std::string& check) {
  if (secret.empty()) return;
  const auto [known, is_new] = secrets_.try_emplace(secret.reveal(), check);
  if (is_new) return;
  loading_.problems.error(settings.place("secret"),
                          "this secret is also that of check \"" + known->second +
                              "\"; each check needs one of its own, by which its job is known");
}

void Reader::set_thread(const Common& own, Check& into) const {
  const auto& thread = own.thread ? own.thread : defaults_.thread;
  if (!thread || *thread == "check") return;
  into.thread_per_incident = *thread == "incident";
  if (!into.thread_per_incident) into.thread = *thread;
}

// A check's own label stands before an inherited one of the same key.
void Reader::set_labels(const Common& own, Check& into) const {
  into.labels.reserve(own.labels.size() + defaults_.labels.size());
  into.labels = own.labels;
  for (const auto& label : defaults_.labels) {
    const bool given = std::any_of(own.labels.begin(), own.labels.end(),
                                   [&](const auto& mine) { return mine.first == label.first; });
    if (!given) into.labels.push_back(label);
  }
  into.labels.shrink_to_fit();
}

// Escalation to nobody is none.
Escalation or_none(const std::optional<Escalation>& steps) {
  return steps && *steps && !(*steps)->empty() ? *steps : nullptr;
}

void Reader::set_people(const Common& own, Check& into) {
  into.own_notify = own.notify.has_value();
  into.notify = own.notify ? parts_.list(*own.notify) : inherited_notify_;
  into.own_escalate = own.escalate.has_value();
  into.escalate = or_none(own.escalate ? own.escalate : defaults_.escalate);
  const auto& severity = own.severity ? own.severity : defaults_.severity;
  into.severity = severity.value_or(CheckSeverity::critical);
  const auto& hours = own.quiet_hours ? own.quiet_hours : defaults_.quiet_hours;
  into.quiet_hours = hours.value_or(nullptr);
}

// An inherited dependency on the check itself is left out: `depends_on: [router]` for all is meant
// for all others.
void Reader::set_dependencies(const Common& own, Check& into) {
  const auto& names = own.depends_on ? own.depends_on : defaults_.depends_on;
  if (!names) return;
  for (const PlacedText& name : *names) {
    if (!own.depends_on && name.text == into.name) continue;
    into.depends_on.push_back(name.text);
    dependencies_.push_back({names_.size(), name});
  }
  into.depends_on.shrink_to_fit();
}

void Reader::tell_nobody(const Check& check, Place place) {
  if (!check.notify->empty() || !check.enabled || !loading_.complete) return;
  if (!check.own_notify && may_say_whom_to_tell(config_.routes, check)) return;
  ++nobody_;
  if (nobody_ > kMostNobody) return;
  loading_.problems.warn(
      place, "check \"" + check.name +
                 "\" tells nobody; give it \"notify\", or set it in \"defaults\"" +
                 (config_.routes.empty() || check.own_notify ? "" : ", or give it a route"));
  first_nobody_ = place;
}

void Reader::record(const Section& entry, const Check& check) {
  if (!loading_.record) return;
  Shown out = Shown::mapping();
  out.add("name", Shown::of(check.name));
  out.add("description", Shown::of(escape_dollars(check.description)));
  Shown labels = Shown::mapping();
  for (const auto& [key, value] : check.labels)
    labels.map.emplace_back(key, Shown::of(escape_dollars(value)));
  out.add("labels", std::move(labels));
  out.add("runbook", Shown::of(escape_dollars(check.runbook)));
  const std::string key = check.thread.empty() ? "check" : escape_dollars(check.thread);
  out.add("thread", Shown::of(check.thread_per_incident ? "incident" : key));
  out.add("enabled", Shown::of(check.enabled ? "true" : "false"));
  out.add("interval", Shown::of(write_duration(check.timing.interval)));
  out.add("timeout", Shown::of(write_duration(check.timing.timeout)));
  out.add("retry_interval", Shown::of(write_duration(check.timing.retry_interval)));
  out.add("down_after", Shown::of(std::to_string(check.timing.down_after)));
  out.add("up_after", Shown::of(std::to_string(check.timing.up_after)));
  out.add("remind_every", Shown::of(write_duration(check.timing.remind_every)));
  out.add("severity", Shown::of(std::string(to_string(check.severity))));
  Shown flapping = Shown::mapping();
  flapping.add("window", Shown::of(write_duration(check.timing.flap_window)));
  flapping.add("high", Shown::of(std::to_string(check.timing.flap_high)));
  flapping.add("low", Shown::of(std::to_string(check.timing.flap_low)));
  out.add("flapping", std::move(flapping));
  record_people(check, out);
  out.add("quiet_hours", parts_.windows().shown(check.quiet_hours));
  out.add("depends_on", Shown::texts(check.depends_on));
  for (const auto& child : entry.keys()->children) {
    if (child->name == check.type) out.add(std::string(child->name), Shown::of_keys(child));
  }
  shown_.list.push_back(std::move(out));
}

// Where there are routes, whether they are asked is told by what stands at the check itself: what
// is inherited is left out there.
void Reader::record_people(const Check& check, Shown& out) {
  const bool routed = !config_.routes.empty();
  if (!routed || check.own_notify) out.map.emplace_back("notify", Shown::texts(*check.notify));
  if (check.own_escalate) {
    out.map.emplace_back("escalate", shown_of(check.escalate));
  } else if (!routed) {
    out.add("escalate", shown_of(check.escalate));
  }
}

void Reader::read(Section& entry) {
  auto check = std::make_shared<Check>();
  check->name = read_name(entry, "check");
  check->name.shrink_to_fit();
  const Common own = read_common(entry, parts_);
  const auto type = find_type(loading_, entry, "check", types_);
  check->timing = timing_of(entry, own, defaults_, type ? &loading_.check_types[*type] : nullptr);
  check->description = own.description ? *own.description : defaults_.description.value_or("");
  check->runbook = own.runbook ? *own.runbook : defaults_.runbook.value_or("");
  check->enabled = own.enabled ? *own.enabled : defaults_.enabled.value_or(true);
  set_thread(own, *check);
  set_labels(own, *check);
  set_people(own, *check);
  set_dependencies(own, *check);
  if (type) parse(entry, loading_.check_types[*type], *check);
  entry.finish();
  names_.add(check->name, entry.place("name"));
  tell_nobody(*check, entry.place());
  record(entry, *check);
  config_.checks.push_back(std::move(check));
}

void Reader::warn_of_disabled_parents() {
  if (loading_.problems.any_error()) return;  // a name may be none
  for (const Names::Edge& edge : dependencies_) {
    const auto parent = names_.find(edge.to);
    if (!parent || config_.checks[*parent]->enabled || !config_.checks[edge.from]->enabled)
      continue;
    loading_.problems.warn(edge.to.place,
                           "check " + in_quotes(edge.to.text) +
                               " is disabled, so it is never known to be down; this has no effect");
  }
}

void Reader::finish() {
  names_.check(dependencies_, "depends on");
  warn_of_disabled_parents();
  if (nobody_ > kMostNobody) {
    loading_.problems.warn(
        first_nobody_, "and " + std::to_string(nobody_ - kMostNobody) + " more checks tell nobody");
  }
  if (!secrets_.empty() && config_.web.listen.empty() && config_.web.heartbeat_listen.empty()) {
    loading_.problems.warn({},
                           "no job can reach a heartbeat check: neither \"web.listen\" nor "
                           "\"web.heartbeat_listen\" is given");
  }
  if (config_.checks.empty() && !loading_.problems.any_error())
    loading_.problems.warn({}, "there are no checks; add some under \"checks\"");
}

// defaults.notify, else every notifier that a check or route names, in the order of the notifiers.
std::vector<std::string> own_notify(const Config& config, const Common& defaults) {
  std::vector<std::string> out;
  if (defaults.notify) {
    for (const PlacedText& name : *defaults.notify) out.push_back(name.text);
    return out;
  }
  std::vector<const std::vector<std::string>*> lists;
  for (const CheckPtr& check : config.checks) {
    if (lists.empty() || lists.back() != check->notify.get()) lists.push_back(check->notify.get());
  }
  for (const RouteRule& route : config.routes) {
    if (route.notify) lists.push_back(route.notify.get());
  }
  std::sort(lists.begin(), lists.end());
  lists.erase(std::unique(lists.begin(), lists.end()), lists.end());
  for (const NotifierEntry& notifier : config.notifiers) {
    const bool named = std::any_of(lists.begin(), lists.end(), [&](const auto* list) {
      return std::find(list->begin(), list->end(), notifier.name) != list->end();
    });
    if (named) out.push_back(notifier.name);
  }
  return out;
}

Common read_defaults(Loading& loading, std::vector<Section>& files, SharedParts& parts) {
  Section section = sole(loading, files, "defaults").child("defaults");
  const Node* node = section.keys()->node;
  if (node != nullptr) {
    if (const Entry* name = node->find("name")) {
      loading.problems.error(name->place, "a name belongs to one check, not to \"defaults\"");
      section.node("name");
    }
    for (const CheckType& type : loading.check_types) {
      const Entry* entry = node->find(type.name);
      if (entry == nullptr) continue;
      loading.problems.error(
          entry->place, "\"" + std::string(type.name) +
                            "\" is a type key; \"defaults\" holds the keys common to all checks");
      section.node(type.name);
    }
  }
  Common out = read_common(section, parts);
  Timing alone;
  set_flapping(section, out, Common{}, alone);
  section.finish();
  return out;
}

// Who is told, which means more than the same at every check; all else is shown there.
void record_defaults(Loading& loading, const Common& defaults, const Config& config) {
  Shown shown = Shown::mapping();
  if (defaults.notify) {
    std::vector<std::string> names;
    for (const PlacedText& name : *defaults.notify) names.push_back(name.text);
    shown.map.emplace_back("notify", Shown::texts(names));
  }
  if (defaults.escalate && !config.routes.empty()) {
    shown.add("escalate", shown_of(*defaults.escalate));
  }
  loading.document.add("defaults", std::move(shown));
}

}  // namespace

std::vector<std::string> read_checks(Loading& loading, std::vector<Section>& files,
                                     SharedParts& parts, Names& names, Config& config) {
  Common defaults = read_defaults(loading, files, parts);
  record_defaults(loading, defaults, config);
  Expander expander(loading, files, config);
  Reader reader(loading, parts, names, config, defaults);
  for (Section& file : files) {
    for (const Node* mapping : file.mappings("checks")) {
      for (const Node* made : expander.expand(*mapping)) {
        Section entry = file.item("checks", made);
        reader.read(entry);
      }
    }
  }
  reader.finish();
  loading.document.add("checks", std::move(reader.shown()));
  config.checks.shrink_to_fit();
  config.own_notify = own_notify(config, defaults);
  return reader.inherited_notify();
}

}  // namespace tocsin
