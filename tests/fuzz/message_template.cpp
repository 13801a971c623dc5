// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A notifier's template, and behind a zero byte what a target put into the values: there is a
// mistake that people can read, or lines that no value has broken out of.
#include "notify/message_template.h"

#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'767'323'045}};

Notification a_notification(std::string_view value, Kind kind) {
  Message message;
  message.kind = kind;
  message.check = message.reason = message.worst_reason = message.target = value;
  message.details = message.note = message.instance = message.type = message.description = value;
  message.labels = {{"team", std::string(value)}, {std::string(value), "x"}};
  message.to = State::down;
  message.since = kNow - Millis{90'000};
  message.decided_at = kNow;
  Notification out;
  out.created_at = kNow;
  out.thread_key = value;
  out.message = std::make_shared<const Message>(std::move(message));
  return out;
}

void look(const MessageTemplate& value, std::string_view hostile) {
  static const Locale locale;
  for (const Kind kind : {Kind::down, Kind::over, Kind::flapping, Kind::info}) {
    const Notification notification = a_notification(hostile, kind);
    const auto lines = value.fill({notification, kNow, true, locale});
    require(lines.size() <= MessageTemplate::kMostLines, "lines are bounded");
    for (const std::string& line : lines) {
      require_printable(line, MessageTemplate::kMostLineBytes);
      require(!trim(line).empty(), "no line is empty");
    }
  }
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const auto [text, hostile] = fuzz::two_parts(fuzz::text_of(data, size));
  const ParsedTemplate parsed = MessageTemplate::parse(text);
  for (const std::string& mistake : parsed.mistakes) fuzz::require_printable(mistake, 600);
  if (!parsed.mistakes.empty()) {
    fuzz::require(parsed.value.empty(), "what is mistaken is not used");
    return 0;
  }
  fuzz::look(parsed.value, hostile);
  return 0;
}
