// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/common.h"

#include <algorithm>

#include "config/secrets.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

// The bounds of DESIGN section 2's keys; etc/tocsin.yaml tells them. A response time is kept in 32
// bits of microseconds, which is where a timeout ends.
constexpr Settings::Range<Millis> kInterval{Millis{100}, std::chrono::hours{24}};
constexpr Settings::Range<Millis> kTimeout{Millis{10}, std::chrono::minutes{30}};
constexpr Settings::Range<Millis> kReminder{Millis{0}, std::chrono::days{30}};
constexpr Millis kLeastReminder = std::chrono::seconds{1};
constexpr Settings::Range<std::int64_t> kAfter{1, 1000};
constexpr Settings::Range<Millis> kFlapWindow{Millis{0}, std::chrono::hours{7 * 24}};
constexpr Millis kLeastFlapWindow = std::chrono::minutes{2};
constexpr Settings::Range<std::int64_t> kFlapHigh{1, 100};
constexpr Settings::Range<std::int64_t> kFlapLow{0, 99};
constexpr std::size_t kMostText = 4000;   // characters; Google Chat's bound of a thread key
constexpr std::size_t kMostNames = 1000;  // in `notify` or `depends_on`
constexpr std::size_t kMostLabels = 32;
constexpr std::size_t kMostLabelKey = 64;
constexpr std::size_t kMostLabel = 256;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool has_control(std::string_view text, bool lines) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (lines && (c == '\n' || c == '\t')) return false;
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

std::optional<std::string> read_text(Section& section, std::string_view key, bool lines) {
  std::string value = section.text(key);
  if (!section.given(key)) return std::nullopt;
  while (!value.empty() && value.back() == '\n') value.pop_back();
  if (characters(value) > kMostText) {
    section.error(key, "longer than " + std::to_string(kMostText) + " characters; shorten it");
  } else if (has_control(value, lines)) {
    section.error(key, "a control character cannot be used here; remove it");
  } else if (has_userinfo(value)) {
    section.error(key, "a URL with a user or password cannot be used here, since this is shown");
  } else {
    value.shrink_to_fit();
    return value;
  }
  return std::nullopt;
}

std::optional<std::vector<PlacedText>> read_names(Section& section, std::string_view key) {
  const Node* node = section.node(key);
  if (node != nullptr && node->is(Node::Kind::null)) {
    section.error(key, "no value given; write a list of names, or [] for none");
    return std::nullopt;
  }
  if (node != nullptr && node->is(Node::Kind::sequence) && node->items().size() > kMostNames) {
    section.error(key, "more than " + std::to_string(kMostNames) + " names");
    return std::nullopt;
  }
  std::vector<PlacedText> out;
  for (PlacedText& item : section.texts(key)) {
    const bool twice = std::any_of(
        out.begin(), out.end(), [&](const PlacedText& other) { return other.text == item.text; });
    if (twice) {
      section.warn(key, in_quotes(item.text) + " is named twice; once is enough");
    } else {
      out.push_back(std::move(item));
    }
  }
  const bool broken = out.empty() && !section.given(key);
  if (node == nullptr || broken) return std::nullopt;
  return out;
}

namespace {

std::optional<std::string> read_thread(Section& section) {
  std::optional<std::string> key = read_text(section, "thread", false);
  if (key && key->empty()) {
    section.error("thread", "a thread key cannot be empty; write check, incident or a text");
    return std::nullopt;
  }
  return key;
}

std::optional<Millis> read_time(Section& section, std::string_view key,
                                Settings::Range<Millis> range) {
  const Millis value = section.duration(key, range.least, range);
  return section.given(key) ? std::optional(value) : std::nullopt;
}

template <typename Number>
std::optional<Number> read_count(Section& section, std::string_view key,
                                 Settings::Range<std::int64_t> range) {
  const std::int64_t value = section.integer(key, range.least, range);
  if (!section.given(key)) return std::nullopt;
  return static_cast<Number>(value);
}

std::optional<Millis> read_reminder(Section& section) {
  const auto value = read_time(section, "remind_every", kReminder);
  if (!value || *value == Millis{0} || *value >= kLeastReminder) return value;
  section.error("remind_every", "must be 0 (never) or at least " + write_duration(kLeastReminder));
  return std::nullopt;
}

std::optional<CheckSeverity> read_severity(Section& section) {
  const std::string word = section.choice("severity", {"critical", "warning", "info"}, "critical");
  return section.given("severity") ? parse_severity(word) : std::nullopt;
}

void read_flapping(Section& section, Common& into) {
  Section flapping = section.child("flapping", "window");
  into.flap_window = read_time(flapping, "window", kFlapWindow);
  if (into.flap_window && *into.flap_window != Millis{0} && *into.flap_window < kLeastFlapWindow) {
    flapping.error("window",
                   "must be 0 (not looked for) or at least " + write_duration(kLeastFlapWindow));
    into.flap_window.reset();
  }
  into.flap_high = read_count<std::uint8_t>(flapping, "high", kFlapHigh);
  into.flap_low = read_count<std::uint8_t>(flapping, "low", kFlapLow);
}

std::optional<TimeWindowPtr> read_quiet_hours(Section& section, Windows& windows) {
  const Node* node = section.node("quiet_hours");
  if (node == nullptr) return std::nullopt;
  if (node->is(Node::Kind::scalar) && node->text() == "none") return TimeWindowPtr{};
  if (!node->is(Node::Kind::mapping)) {
    section.error("quiet_hours", "none or a mapping expected, such as {at: \"22:00\", lasts: 9h}");
    return std::nullopt;
  }
  Section hours = section.child("quiet_hours");
  TimeWindowPtr window = windows.read(hours);
  return window ? std::optional(std::move(window)) : std::nullopt;
}

bool is_label_key(std::string_view key) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
  return !key.empty() && key.size() <= kMostLabelKey &&
         key.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::vector<std::pair<std::string, std::string>> read_labels(Section& section) {
  std::vector<std::pair<std::string, std::string>> out;
  const Node* node = section.node("labels");
  if (node == nullptr || node->is(Node::Kind::null)) return out;
  if (node->is(Node::Kind::mapping) && node->entries().size() > kMostLabels) {
    section.error("labels", "more than " + std::to_string(kMostLabels) + " labels");
    return out;
  }
  Section labels = section.child("labels");
  if (!node->is(Node::Kind::mapping)) return out;
  for (const Entry& entry : node->entries()) {
    std::string value = labels.text(entry.key);
    if (!labels.given(entry.key)) continue;
    if (!is_label_key(entry.key)) {
      labels.error(entry.key, "a label's key is 1 to 64 letters, digits and ._/-; got \"" +
                                  printable(entry.key, 60) + "\"");
    } else if (characters(value) > kMostLabel || has_control(value, false)) {
      labels.error(entry.key,
                   "a label is at most " + std::to_string(kMostLabel) + " characters in one line");
    } else if (has_userinfo(value)) {
      labels.error(entry.key,
                   "a URL with a user or password cannot be used here, since this is shown");
    } else {
      out.emplace_back(entry.key, std::move(value));
    }
  }
  return out;
}

}  // namespace

Common read_common(Section& section, SharedParts& parts) {
  Common out;
  out.description = read_text(section, "description", true);
  out.labels = read_labels(section);
  out.runbook = read_text(section, "runbook", true);
  out.thread = read_thread(section);
  const bool enabled = section.flag("enabled", true);
  if (section.given("enabled")) out.enabled = enabled;
  out.interval = read_time(section, "interval", kInterval);
  out.timeout = read_time(section, "timeout", kTimeout);
  out.retry_interval = read_time(section, "retry_interval", kInterval);
  out.down_after = read_count<std::uint16_t>(section, "down_after", kAfter);
  out.up_after = read_count<std::uint16_t>(section, "up_after", kAfter);
  out.remind_every = read_reminder(section);
  out.severity = read_severity(section);
  read_flapping(section, out);
  out.notify = read_names(section, "notify");
  out.escalate = parts.escalation(section);
  out.quiet_hours = read_quiet_hours(section, parts.windows());
  out.depends_on = read_names(section, "depends_on");
  return out;
}

namespace {

template <typename T>
T pick(const std::optional<T>& mine, const std::optional<T>& theirs, T fallback) {
  return mine ? *mine : theirs.value_or(fallback);
}

}  // namespace

void set_flapping(Section& section, const Common& own, const Common& inherited, Timing& into) {
  const Timing built_in;
  into.flap_window = pick(own.flap_window, inherited.flap_window, built_in.flap_window);
  into.flap_high = pick(own.flap_high, inherited.flap_high, built_in.flap_high);
  into.flap_low = pick(own.flap_low, inherited.flap_low, built_in.flap_low);
  // What is inherited alone was told of where it stands.
  if (into.flap_low < into.flap_high || !(own.flap_high || own.flap_low)) return;
  Section flapping = section.child("flapping", "window");
  flapping.error(own.flap_low ? "low" : "high", "low must be less than high; they are " +
                                                    std::to_string(into.flap_low) + " and " +
                                                    std::to_string(into.flap_high));
}

Timing timing_of(Section& check, const Common& own, const Common& inherited,
                 const CheckType* type) {
  const Timing built_in;
  Timing out;
  out.interval = pick(own.interval, inherited.interval, built_in.interval);
  const Millis timeout = pick(own.timeout, inherited.timeout, built_in.timeout);
  const Millis retry = pick(own.retry_interval, inherited.retry_interval, built_in.retry_interval);
  const std::string longer =
      " is longer than the interval of " + write_duration(out.interval) + "; ";
  // Beside an interval that is wrong itself, nothing can be said of what is longer.
  const bool sure = own.interval || check.keys()->node->find("interval") == nullptr;
  if (sure && own.timeout && timeout > out.interval) {
    check.error("timeout",
                "timeout " + write_duration(timeout) + longer + "shorten it, or probe less often");
  }
  if (sure && own.retry_interval && retry > out.interval) {
    check.warn("retry_interval",
               "retry_interval " + write_duration(retry) + longer + "the interval is used");
  }
  out.timeout = std::min(timeout, out.interval);
  out.retry_interval = std::min(retry, out.interval);
  out.remind_every = pick(own.remind_every, inherited.remind_every, built_in.remind_every);
  const CheckType& its_type = type == nullptr ? CheckType{} : *type;
  const auto down_after = its_type.down_after ? its_type.down_after : inherited.down_after;
  const auto up_after = its_type.up_after ? its_type.up_after : inherited.up_after;
  out.down_after = pick(own.down_after, down_after, built_in.down_after);
  out.up_after = pick(own.up_after, up_after, built_in.up_after);
  set_flapping(check, own, inherited, out);
  return out;
}

}  // namespace tocsin
