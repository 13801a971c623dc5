// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/payload.h"

#include <Poco/Dynamic/Var.h>

#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Object;

constexpr std::size_t kLongestName = 500;
constexpr std::size_t kLongestReason = 1000;
constexpr std::size_t kLongestUrl = 1000;
constexpr std::size_t kLongestDetails = 4000;
constexpr std::size_t kLongestNote = 4000;
constexpr std::size_t kLongestText = 32 * 1024;
constexpr std::size_t kMostLabels = 100;

void set_text(Object& into, const char* key, std::string_view text, std::size_t most) {
  into.set(key, printable(text, most));
}

Var time_or_null(WallTime time) {
  return time == WallTime{} ? Var() : Var(rfc3339(time));
}

Var check_of(const Message& message) {
  if (message.check.empty()) return {};
  Object check(Poco::JSON_PRESERVE_KEY_ORDER);
  set_text(check, "name", message.check, kLongestName);
  set_text(check, "type", message.type, kLongestName);
  set_text(check, "target", message.target, kLongestName);
  set_text(check, "description", message.description, kLongestName);
  set_text(check, "runbook", message.runbook, kLongestUrl);
  Object labels(Poco::JSON_PRESERVE_KEY_ORDER);
  for (const auto& [key, value] : message.labels) {
    if (labels.size() == kMostLabels) break;
    labels.set(printable(key, kLongestName), printable(value, kLongestName));
  }
  check.set("labels", labels);
  return check;
}

void add_incident(Object& out, const Message& message) {
  out.set("from", std::string(to_string(message.from)));
  out.set("to", std::string(to_string(message.to)));
  set_text(out, "reason", message.reason, kLongestReason);
  out.set("details", printable_lines(message.details, kLongestDetails));
  out.set("note", printable_lines(message.note, kLongestNote));
  out.set("decided_at", time_or_null(message.decided_at));
  out.set("since", time_or_null(message.since));
  out.set("failed_probes", message.failed_probes);
  out.set("incident", message.incident == 0 ? Var() : Var(message.incident));
  const bool is_known = message.worst != State::pending;
  out.set("worst", is_known ? Var(std::string(to_string(message.worst))) : Var());
  set_text(out, "worst_reason", message.worst_reason, kLongestReason);
}

}  // namespace

Object payload_of(const Delivery& delivery, const Wording& wording) {
  const Notification& notification = delivery.notification;
  const Message& message = *notification.message;
  const Words words = words_of(delivery, wording);
  Object out(Poco::JSON_PRESERVE_KEY_ORDER);
  set_text(out, "id", notification.uid, kLongestName);
  out.set("kind", std::string(to_string(message.kind)));
  out.set("thread_key", fitted_key(notification.thread_key, kLongestName));
  set_text(out, "notifier", notification.notifier, kLongestName);
  set_text(out, "instance", message.instance, kLongestName);
  out.set("created_at", time_or_null(notification.created_at));
  out.set("late", delivery.late);
  out.set("durable", message.durable);
  set_text(out, "title", words.title, kLongestText);
  std::string text;
  for (const std::string& line : words.lines) text += (text.empty() ? "" : "\n") + line;
  out.set("text", printable_lines(text, kLongestText));
  out.set("link", words.link.empty() ? Var() : Var(words.link));
  out.set("check", check_of(message));
  add_incident(out, message);
  return out;
}

std::string payload_text(const Delivery& delivery, const Wording& wording) {
  return json_text(payload_of(delivery, wording));
}

std::string event_type(Kind kind) {
  return "tocsin." + std::string(to_string(kind));
}

}  // namespace tocsin
