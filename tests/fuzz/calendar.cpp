// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Calendars as people write them: a mistake is told, or a next time is later than now.
#include "util/calendar.h"

#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

void look(const ParsedCalendar& parsed) {
  require(parsed.calendar.has_value() == parsed.mistake.empty(), "it is a calendar or a mistake");
  require_printable(parsed.mistake, 1024);
  if (!parsed.calendar) return;
  static const TimeZone berlin = TimeZone::find("Europe/Berlin").value_or(TimeZone::utc());
  WallTime now{std::chrono::seconds{1'774'745'000}};  // just before clocks are put forward
  for (int i = 0; i < 3; ++i) {
    const auto next = parsed.calendar->next_after(now, berlin);
    if (!next) return;
    require(*next > now, "the next time is later");
    now = *next;
  }
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::look(Calendar::parse_cron(text));
  fuzz::look(Calendar::parse_systemd(text));
  return 0;
}
