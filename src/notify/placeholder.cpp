// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/placeholder.h"

#include <algorithm>
#include <array>

#include "notify/text.h"
#include "notify/text_parts.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::array kPlaceholders{
    PlaceholderRow{"body", Placeholder::body},
    PlaceholderRow{"decided_at", Placeholder::decided_at},
    PlaceholderRow{"description", Placeholder::description},
    PlaceholderRow{"details", Placeholder::details},
    PlaceholderRow{"duration", Placeholder::duration},
    PlaceholderRow{"failed_probes", Placeholder::failed_probes},
    PlaceholderRow{"from", Placeholder::from},
    PlaceholderRow{"incident", Placeholder::incident},
    PlaceholderRow{"instance", Placeholder::instance},
    PlaceholderRow{"kind", Placeholder::kind},
    PlaceholderRow{"labels", Placeholder::labels},
    PlaceholderRow{"late", Placeholder::late},
    PlaceholderRow{"name", Placeholder::name},
    PlaceholderRow{"note", Placeholder::note},
    PlaceholderRow{"now", Placeholder::now},
    PlaceholderRow{"probes", Placeholder::probes},
    PlaceholderRow{"reason", Placeholder::reason},
    PlaceholderRow{"runbook", Placeholder::runbook},
    PlaceholderRow{"since", Placeholder::since},
    PlaceholderRow{"state", Placeholder::state},
    PlaceholderRow{"story", Placeholder::story},
    PlaceholderRow{"symbol", Placeholder::symbol},
    PlaceholderRow{"target", Placeholder::target},
    PlaceholderRow{"thread", Placeholder::thread},
    PlaceholderRow{"title", Placeholder::title},
    PlaceholderRow{"type", Placeholder::type},
    PlaceholderRow{"until", Placeholder::until},
    PlaceholderRow{"worst", Placeholder::worst},
    PlaceholderRow{"worst_reason", Placeholder::worst_reason},
};

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

std::string count_text(std::int64_t count) {
  return count > 0 ? std::to_string(count) : std::string();
}

std::string moment_text(WallTime time, const Locale& locale) {
  return time > WallTime{} ? time_text(locale, time) : std::string();
}

// Of an incident that is over: how long it lasted; else how long it has.
std::string duration_value(const Message& message, const MessageFacts& facts) {
  const WallTime end = is_over(message.kind) ? message.decided_at : facts.now;
  if (message.since <= WallTime{} || end < message.since) return {};
  return duration_text(*facts.locale.language, end - message.since);
}

std::string label_value(const Message& message, std::string_view label) {
  const auto at = std::find_if(message.labels.begin(), message.labels.end(),
                               [&](const auto& each) { return each.first == label; });
  return at == message.labels.end() ? std::string() : printable(at->second, Bounds::value);
}

std::string late_value(const MessageFacts& facts) {
  const auto by = late_by(facts.notification, facts.now, facts.late);
  return by ? late_text(*by, *facts.locale.language) : std::string();
}

std::string state_value(State state) {
  return state == State::pending ? std::string() : std::string(word(state));
}

// What only an incident's end has.
std::string worst_value(const Message& message) {
  return is_over(message.kind) ? state_value(worst_of(message)) : state_value(message.worst);
}

std::string built_in_body(const Message& message, const MessageFacts& facts) {
  const auto late = late_by(facts.notification, facts.now, facts.late);
  return joined_lines(body_lines(message, facts.now, late, facts.locale));
}

}  // namespace

std::span<const PlaceholderRow> placeholders() noexcept {
  return kPlaceholders;
}

std::optional<Placeholder> find_placeholder(std::string_view name) noexcept {
  const auto at = std::lower_bound(
      kPlaceholders.begin(), kPlaceholders.end(), name,
      [](const PlaceholderRow& row, std::string_view wanted) { return row.name < wanted; });
  if (at == kPlaceholders.end() || at->name != name) return std::nullopt;
  return at->placeholder;
}

std::string value_of(Placeholder placeholder, std::string_view label, const MessageFacts& facts) {
  const Message& message = *facts.notification.message;
  const Locale& locale = facts.locale;
  const Language& language = *locale.language;
  switch (placeholder) {
    case Placeholder::body: return built_in_body(message, facts);
    case Placeholder::decided_at: return moment_text(message.decided_at, locale);
    case Placeholder::description: return printable(message.description, Bounds::value);
    case Placeholder::details: return joined_lines(detail_lines(message.details, language));
    case Placeholder::duration: return duration_value(message, facts);
    case Placeholder::failed_probes: return count_text(message.failed_probes);
    case Placeholder::from: return state_value(message.from);
    case Placeholder::incident: return count_text(message.incident);
    case Placeholder::instance: return printable(message.instance, Bounds::name);
    case Placeholder::kind: return std::string(word(message.kind));
    case Placeholder::label: return label_value(message, label);
    case Placeholder::labels: return labels_text(message);
    case Placeholder::late: return late_value(facts);
    case Placeholder::name: return printable(message.check, Bounds::name);
    case Placeholder::note: return joined_lines(note_lines(message.note, language));
    case Placeholder::now: return time_text(locale, facts.now);
    case Placeholder::probes: return probes(message, language);
    case Placeholder::reason: return printable(message.reason, Bounds::reason);
    case Placeholder::runbook: return printable(message.runbook, Bounds::url);
    case Placeholder::since: return moment_text(message.since, locale);
    case Placeholder::state: return state_value(message.to);
    case Placeholder::story: return story(message, language);
    case Placeholder::symbol: return std::string(symbol(message.kind));
    case Placeholder::target: return printable(message.target, Bounds::value);
    case Placeholder::thread: return printable(facts.notification.thread_key, Bounds::value);
    case Placeholder::title: return first_line(message, language);
    case Placeholder::type: return printable(message.type, Bounds::name);
    case Placeholder::until:
      return is_over(message.kind) ? moment_text(message.decided_at, locale) : std::string();
    case Placeholder::worst: return worst_value(message);
    case Placeholder::worst_reason: return printable(message.worst_reason, Bounds::reason);
  }
  return {};
}

}  // namespace tocsin
