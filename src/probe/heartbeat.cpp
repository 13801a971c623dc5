// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// heartbeat: looks at nothing by itself. Jobs tell, by requests that carry the check's secret
// (src/web/heartbeat.cpp); the core keeps what they told (src/core/core_heartbeat.cpp) and shows it
// on a board, has the check looked at at once, and again when something falls due. A look is one
// judgement of what is on the board.
#include <optional>
#include <utility>

#include "probe/heartbeat_judge.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kGrace = std::chrono::minutes{5};
constexpr Settings::Range<Millis> kPeriod{std::chrono::seconds{1}, std::chrono::days{400}};

// RFC 3986's unreserved characters: those that stand in a URL as they are.
constexpr std::string_view kSecretCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-";

// --- parsing
// ----------------------------------------------------------------------------------------

Secret parse_secret(Settings& settings) {
  Secret secret = settings.secret("secret");
  const std::string& text = secret.reveal();
  if (!settings.has("secret")) {
    settings.error(
        "'secret' is missing: what jobs send to be known, such as 32 characters from "
        "\"openssl rand -hex 16\"");
  } else if (text.size() < HeartbeatSettings::kLeastSecret ||
             text.size() > HeartbeatSettings::kMostSecret) {
    settings.error("secret",
                   "a secret of 16 to 200 characters expected, so that nobody guesses "
                   "it; \"openssl rand -hex 16\" makes one");
  } else if (text.find_first_not_of(kSecretCharacters) != std::string::npos) {
    settings.error("secret", "letters, digits and . _ ~ - only, since it stands in a URL");
  }
  return secret;
}

// `written` is the notation of the calendar, for people.
void parse_calendar(Settings& settings, const char* key, ParsedCalendar (*parse)(std::string_view),
                    HeartbeatPlan& plan, std::string& written) {
  const std::string text = settings.text(key);
  if (!settings.has(key)) return;
  ParsedCalendar parsed = parse(text);
  if (!parsed.calendar) return settings.error(key, parsed.mistake);
  plan.calendar = std::move(parsed.calendar);
  written = text;
}

void parse_zone(Settings& settings, HeartbeatPlan& plan) {
  const std::string name = settings.text("time_zone");
  if (!settings.has("time_zone")) {
    if (plan.calendar) plan.zone = TimeZone::local();
    return;
  }
  if (!settings.has("schedule") && !settings.has("calendar")) {
    return settings.error("time_zone", "it needs 'schedule' or 'calendar'");
  }
  const auto zone = TimeZone::find(name);
  if (zone) {
    plan.zone = *zone;
  } else {
    settings.error("time_zone", "no time zone is called \"" + printable(name, 60) +
                                    "\"; one is called Europe/Berlin");
  }
}

HeartbeatPlan parse_plan(Settings& settings, std::string& written) {
  HeartbeatPlan plan;
  plan.every = settings.duration("every", Millis{0}, kPeriod);
  parse_calendar(settings, "schedule", Calendar::parse_cron, plan, written);
  parse_calendar(settings, "calendar", Calendar::parse_systemd, plan, written);
  parse_zone(settings, plan);
  plan.grace = settings.duration("grace", kGrace, {Millis{0}, kPeriod.most});
  plan.longest = settings.duration("longest", Millis{0}, kPeriod);
  int ways = 0;
  for (const char* key : {"every", "schedule", "calendar"}) ways += settings.has(key) ? 1 : 0;
  if (ways != 1) {
    settings.error(
        "one of 'every' (1h), 'schedule' (a cron line) and 'calendar' (as systemd has "
        "it) expected: when the job is to tell");
  }
  if (plan.calendar &&
      !plan.calendar->next_after(std::chrono::floor<Millis>(std::chrono::system_clock::now()),
                                 plan.zone)) {
    settings.error(settings.has("schedule") ? "schedule" : "calendar",
                   "none of these times is still to come");
  }
  return plan;
}

// --- judging
// ----------------------------------------------------------------------------------------

class HeartbeatProber final : public Prober {
 public:
  HeartbeatProber(HeartbeatPlan plan, std::string shown)
      : plan_(std::move(plan)), shown_(std::move(shown)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  void explain(const HeartbeatRecordPtr& record, Result& result) const;

  const HeartbeatPlan plan_;
  const std::string shown_;
};

asio::awaitable<Result> HeartbeatProber::probe(ProbeContext& context) const {
  HeartbeatRecordPtr record;
  if (context.heartbeats != nullptr) record = context.heartbeats->find(context.check);
  Result result;
  if (record) {
    result = judge_heartbeat(plan_, *record, context.clock.wall());
    if (record->run_time) {
      const double time = std::chrono::duration<double>(*record->run_time).count();
      result.metrics.push_back({.name = "run_time", .value = time, .unit = "s"});
    }
  } else {
    result.reason = "only the running daemon hears heartbeats: see its page, or /api/v1/checks";
  }
  if (context.explain) explain(record, result);
  co_return result;
}

void HeartbeatProber::explain(const HeartbeatRecordPtr& record, Result& result) const {
  result.notes.push_back("expected: " + shown_);
  if (!record) return;
  const auto add = [&](const char* what, const std::optional<WallTime>& at) {
    if (at) result.notes.push_back(std::string(what) + ": " + human_time(*at));
  };
  add("known since", record->known_since);
  add("last start", record->started_at);
  add("last success", record->succeeded_at);
  add("last failure", record->failed_at);
}

ParsedCheck parse(Settings& settings, Millis) {
  auto heartbeat = std::make_shared<HeartbeatSettings>();
  heartbeat->secret = parse_secret(settings);
  std::string written;
  HeartbeatPlan plan = parse_plan(settings, written);
  heartbeat->announce = settings.flag("announce", false);
  std::string shown = show(plan, written);
  return {std::make_shared<HeartbeatProber>(std::move(plan), shown), shown, std::move(heartbeat)};
}

}  // namespace

const CheckType kHeartbeatCheck{
    .name = "heartbeat",
    .short_key = "",
    .summary = "hears from a job that it ran: too late, failed and too long are told apart",
    .parse = parse,
    .down_after = 1,  // a second look at the same words says nothing new
    .up_after = 1,
    .needs_daemon = true,
};

}  // namespace tocsin
