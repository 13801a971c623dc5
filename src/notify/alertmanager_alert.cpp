// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/alertmanager_alert.h"

#include <algorithm>
#include <map>

#include "notify/sink_alert.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestLabel = 512;
constexpr std::size_t kLongestSummary = 1024;
constexpr std::size_t kLongestDescription = 16 * 1024;
constexpr std::size_t kLongestLink = 2000;

using Labels = std::map<std::string, std::string>;

bool is_letter(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// [a-zA-Z_][a-zA-Z0-9_]*, and no reserved one of two underscores.
std::string label_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kLongestLabel)) out += is_letter(c) || is_digit(c) ? c : '_';
  if (out.empty() || is_digit(out.front()) || out.starts_with("__")) out.insert(0, "l_");
  return out;
}

std::string fitted(std::string_view text, std::size_t most) {
  FittedText out(most, TextUnit::byte, without_angles);
  out.add(text);
  return out.text();
}

void put(Labels& labels, const std::string& name, const std::string& value) {
  const std::string shown = fitted(printable(value, kLongestLabel), kLongestLabel);
  if (!shown.empty()) labels.insert_or_assign(name, shown);
}

std::string name_of(const AlertmanagerLook& look, Kind kind) {
  switch (kind) {
    case Kind::info: return "TocsinInfo";
    case Kind::test: return "TocsinTest";
    case Kind::digest:
    case Kind::daemon: return "TocsinItself";
    default: return look.alertname;
  }
}

const std::string& severity_of(const AlertmanagerLook& look, Kind kind, State state) {
  if (kind == Kind::info || kind == Kind::test) return look.info;
  if (alert_move(kind) == AlertMove::tell) return look.daemon;
  switch (state) {
    case State::degraded: return look.degraded;
    case State::unknown: return look.unknown;
    default: return look.down;
  }
}

// The state that the alert fires in, or fired in to its end.
State firing_state(const Message& message) noexcept {
  const bool closes = message.kind == Kind::up || message.kind == Kind::over;
  return closes && is_bad(message.from) ? message.from : alert_state(message);
}

Labels labels_of(const AlertmanagerLook& look, const Notification& notification, State state) {
  const Message& message = *notification.message;
  Labels labels;
  put(labels, "severity", severity_of(look, message.kind, state));
  for (const auto& [name, value] : look.labels) put(labels, name, value);
  for (const auto& [name, value] : message.labels) put(labels, label_name(name), value);
  put(labels, "alertname", name_of(look, message.kind));
  put(labels, "instance", message.check.empty() ? message.instance : message.check);
  if (notification.thread_key != message.check && !notification.thread_key.empty()) {
    labels.insert_or_assign("thread", fitted_key(notification.thread_key, kLongestLabel));
  }
  return labels;
}

Poco::JSON::Object object_of(const Labels& labels) {
  Poco::JSON::Object out;
  for (const auto& [name, value] : labels) out.set(name, value);
  return out;
}

Poco::JSON::Object annotations_of(const AlertmanagerLook& look, const Delivery& delivery) {
  const Message& message = *delivery.notification.message;
  const Words words = words_of(delivery, look.wording);
  Poco::JSON::Object out;
  out.set("summary", fitted(words.title, kLongestSummary));
  FittedText text(kLongestDescription, TextUnit::byte, without_angles);
  const std::string description = text_below(words, std::move(text));
  if (!description.empty()) out.set("description", description);
  if (!words.link.empty() && words.link.size() <= kLongestLink) {
    out.set("runbook_url", fitted(words.link, kLongestLink));
  }
  if (message.kind == Kind::acknowledged) {
    out.set("acknowledged", fitted(printable(message.reason, kLongestSummary), kLongestSummary));
  }
  return out;
}

// startsAt lies before endsAt, or it is left to Alertmanager.
Poco::JSON::Object alert_of(const Labels& labels, const AlertmanagerLook& look,
                            const Delivery& delivery, WallTime ends) {
  const Message& message = *delivery.notification.message;
  Poco::JSON::Object alert;
  alert.set("labels", object_of(labels));
  alert.set("annotations", annotations_of(look, delivery));
  const WallTime starts = message.since > WallTime{} ? message.since : message.decided_at;
  if (starts > WallTime{} && starts < ends) alert.set("startsAt", rfc3339(starts));
  alert.set("endsAt", rfc3339(ends));
  return alert;
}

WallTime in_the_past(const Delivery& delivery) {
  const WallTime decided = delivery.notification.message->decided_at;
  const WallTime now = delivery.clock.wall();
  return decided > WallTime{} && decided < now ? decided : now - Millis{1};
}

void parse_severity(Settings& settings, AlertmanagerLook& look) {
  const auto severity = settings.section("severity");
  look.down = severity->text("down", "critical");
  look.degraded = severity->text("degraded", "warning");
  look.unknown = severity->text("unknown", "warning");
  look.daemon = severity->text("daemon", "warning");
  look.info = severity->text("info", "info");
}

void parse_labels(Settings& settings, AlertmanagerLook& look) {
  for (const auto& [name, value] : settings.map("labels")) {
    if (name != label_name(name)) {
      settings.error("labels", "a label's name is letters, digits and _, and begins with a letter");
    } else if (name == "alertname" || name == "instance" || name == "severity") {
      settings.error("labels", name + " is set by alertname, the check's name and severity");
    } else if (value.hides_something()) {
      settings.error("labels", "labels are shown to people: they may hold no secret");
    } else {
      look.labels.emplace_back(name, value.value());
    }
  }
}

}  // namespace

AlertmanagerLook parse_alertmanager_look(Settings& settings) {
  AlertmanagerLook look;
  look.alertname = settings.text("alertname", "TocsinCheck");
  if (look.alertname.empty()) settings.error("alertname", "alertname is empty");
  parse_severity(settings, look);
  parse_labels(settings, look);
  look.expires_after = settings.duration("expires_after", std::chrono::minutes{10},
                                         {std::chrono::seconds{2}, std::chrono::hours{24}});
  look.wording = parse_wording(settings);
  return look;
}

Poco::JSON::Object alert_now(const AlertmanagerLook& look, const Delivery& delivery) {
  const Message& message = *delivery.notification.message;
  const bool closes = alert_move(message.kind) == AlertMove::close;
  const Labels labels = labels_of(look, delivery.notification, firing_state(message));
  return alert_of(labels, look, delivery,
                  closes ? in_the_past(delivery) : delivery.clock.wall() + look.expires_after);
}

std::optional<Poco::JSON::Object> alert_before(const AlertmanagerLook& look,
                                               const Delivery& delivery) {
  const Notification& notification = delivery.notification;
  if (!changed_while_open(*notification.message)) return std::nullopt;
  const Labels before = labels_of(look, notification, notification.message->from);
  if (before == labels_of(look, notification, firing_state(*notification.message))) {
    return std::nullopt;
  }
  return alert_of(before, look, delivery, in_the_past(delivery));
}

std::string alert_fingerprint(const AlertmanagerLook& look, const Notification& notification) {
  const State state = firing_state(*notification.message);
  return sha256_hex(json_text(object_of(labels_of(look, notification, state)))).substr(0, 16);
}

}  // namespace tocsin
