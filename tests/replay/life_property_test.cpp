// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Random worlds through the whole daemon: checks that depend on each other, an uplink, windows,
// routes, escalation, flapping, sinks that are away, kills at any moment. What must hold is looked
// for in what sinks took and in what was recorded as withheld alone.
#include <rapidcheck/catch.h>

#include <map>
#include <random>
#include <set>

#include "replay/outage.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr Millis kEvents = 6h;  // how long things happen
constexpr Millis kDay = 30h;    // and then there is a quiet day
constexpr int kMostChecks = 8;

NameList list(Lines names) {
  return std::make_shared<const Lines>(std::move(names));
}

// A window that is open once.
TimeWindowPtr once(WallTime from, Millis lasts) {
  auto window = std::make_shared<TimeWindow>();
  window->shown = "once";
  window->lasts = lasts;
  window->next_after = [from](WallTime moment) {
    return moment < from ? std::optional(from) : std::nullopt;
  };
  return window;
}

// One random life. RapidCheck gives the seed and the switches, which shrink; what happens is drawn
// from the seed.
class Life {
 public:
  struct Ways {
    std::uint32_t seed = 0;
    int checks = 1;
    int troubles = 0;
    int restarts = 0;
    bool parents = false;
    bool uplink = false;
    bool flapping = false;
    bool windows = false;
    bool routes = false;
    bool away = false;
    bool reminders = false;
  };

  explicit Life(const Ways& ways) : ways_(ways), random_(ways.seed) {
    for (int i = 0; i < ways.checks; ++i) add_check(i);
    if (ways.uplink) outage_.config().uplink.checks = {name(0)};
    if (ways.uplink && ways.checks > 1) outage_.config().uplink.checks.push_back(name(1));
    if (ways.windows) add_windows();
    if (ways.routes) add_routes();
    for (int i = 0; i < ways.troubles; ++i) add_trouble();
    if (ways.away) {
      const Millis from = any(0ms, kEvents);
      outage_.sink("pager").away = {{outage_.at(from), outage_.at(from + any(1s, 2h))}};
    }
  }

  void live() {
    outage_.start(ways_.seed);
    std::vector<Millis> kills;
    for (int i = 0; i < ways_.restarts; ++i) kills.push_back(any(0ms, kEvents + 1h));
    std::sort(kills.begin(), kills.end());
    for (const Millis kill : kills) {
      outage_.run_until(kill);
      outage_.simulation().restart(any(0ms, 60s));
    }
    outage_.run_until(kDay);
  }

  Outage& outage() { return outage_; }
  Simulation& simulation() { return outage_.simulation(); }

 private:
  static std::string name(int number) { return "c-" + std::to_string(number); }
  std::uint32_t any(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  Millis any(Millis from, Millis until) {
    return from + Millis{random_() % static_cast<std::uint64_t>((until - from).count())};
  }

  void add_check(int number) {
    std::vector<std::string> parents;
    if (ways_.parents && number > 0 && any(3) != 0) {
      parents.push_back(name(static_cast<int>(any(static_cast<std::uint32_t>(number)))));
    }
    const auto check = outage_.add(name(number), parents);
    Timing& timing = check->timing;
    timing.interval = any(5s, 2min);
    timing.retry_interval = any(1s, 15s);
    timing.timeout = 3s;
    timing.down_after = static_cast<std::uint16_t>(1 + any(4));
    timing.up_after = static_cast<std::uint16_t>(1 + any(3));
    if (ways_.flapping) timing.flap_window = any(10min, 2h);
    if (ways_.reminders) timing.remind_every = any(10min, 3h);
    check->looks_here = any(4) == 0;
    check->notify = any(2) == 0 ? list({"ops"}) : list({"ops", "pager"});
    if (ways_.windows && any(2) == 0) check->quiet_hours = once(begin(kEvents), any(1min, 3h));
  }

  WallTime begin(Millis most) { return outage_.at(any(1min, most)); }

  void add_windows() {
    outage_.config().maintenance = {{"m", {{"c-[0-3]"}, {}}, once(begin(kEvents), any(1min, 2h))}};
  }

  void add_routes() {
    RouteRule route{.place = "t.yaml:1", .match = {{"c-[02468]"}, {}}, .states = {State::down}};
    route.notify = list({"pager"});
    route.goes_on = any(2) == 0;
    route.escalate = std::make_shared<const std::vector<EscalationStep>>(
        std::vector<EscalationStep>{{any(1min, 1h), list({"ops"})}});
    outage_.config().routes = {route};
  }

  void add_trouble() {
    const Millis from = any(0ms, kEvents);
    const Millis lasts = any(4) == 0 ? any(1min, 2h) : any(1s, 5min);
    const Verdict verdict = std::vector{Verdict::down, Verdict::down, Verdict::degraded,
                                        Verdict::unknown, Verdict::up}[any(5)];
    const Micros took{static_cast<std::int32_t>(1'000 + any(3'000'000))};
    const int first = static_cast<int>(any(static_cast<std::uint32_t>(ways_.checks)));
    // One check, or a whole part of them at once.
    const int last = any(3) == 0 ? ways_.checks - 1 : first;
    for (int i = first; i <= last; ++i) {
      outage_.find(name(i), from, std::min(lasts, kEvents - from), verdict, "reason", took);
    }
  }

  Ways ways_;
  std::mt19937_64 random_;
  Outage outage_;
};

Life::Ways any_ways() {
  Life::Ways ways;
  ways.seed = *rc::gen::arbitrary<std::uint32_t>();
  ways.checks = *rc::gen::inRange(1, kMostChecks + 1);
  ways.troubles = *rc::gen::inRange(0, 25);
  ways.restarts = *rc::gen::inRange(0, 6);
  for (bool* way : {&ways.parents, &ways.uplink, &ways.flapping, &ways.windows, &ways.routes,
                    &ways.away, &ways.reminders}) {
    *way = *rc::gen::arbitrary<bool>();
  }
  RC_LOG() << "seed " << ways.seed << ", " << ways.checks << " checks, " << ways.troubles
           << " troubles, " << ways.restarts << " restarts, parents " << ways.parents << ", uplink "
           << ways.uplink << ", flapping " << ways.flapping << ", windows " << ways.windows
           << ", routes " << ways.routes << ", away " << ways.away << ", reminders "
           << ways.reminders << "\n";
  return ways;
}

bool opens(Kind kind) {
  return kind == Kind::down || kind == Kind::degraded || kind == Kind::unknown ||
         kind == Kind::flapping;
}

// What one notifier was told of one incident.
using Story = std::vector<const Message*>;
using Stories = std::map<std::pair<std::int64_t, std::string>, Story>;

Stories stories_of(const Simulation& simulation) {
  Stories out;
  for (const ToldMessage& told : simulation.told()) {
    const Message& message = *told.what->message;
    if (message.incident != 0) out[{message.incident, told.what->notifier}].push_back(&message);
  }
  return out;
}

// For RapidCheck's account of a failure.
void log_all(Life& life) {
  for (const std::string& line : life.outage().told()) RC_LOG() << line << "\n";
  for (const Withheld& row : life.simulation().withheld()) {
    RC_LOG() << "  withheld " << human_time(row.at) << " " << to_string(row.kind) << " "
             << row.check << ": " << to_string(row.why) << " (" << row.detail << ")\n";
  }
  for (const Change& change : life.outage().changes()) {
    for (const CheckRecord& it : change.checks) {
      RC_LOG() << "  record " << it.name << " " << to_string(it.state) << " since "
               << human_time(it.since) << ", told " << to_string(it.told) << ", "
               << to_string(it.held.why) << "\n";
    }
  }
}

bool closes(Kind kind) {
  return kind == Kind::up || kind == Kind::over;
}

void every_story_ends_once(const Stories& stories) {
  for (const auto& [key, story] : stories) {
    RC_ASSERT(opens(story.front()->kind) || story.front()->kind == Kind::over);
    RC_ASSERT(closes(story.back()->kind));
    const auto ends = std::count_if(story.begin(), story.end(),
                                    [](const Message* it) { return closes(it->kind); });
    RC_ASSERT(ends == 1);
  }
}

// The same state is not news again to anybody, unless it was another one meanwhile that others were
// told of.
void nothing_is_told_twice(const std::vector<Change>& changes) {
  struct Last {
    Kind kind = Kind::test;
    std::size_t others = 0;  // how much else had been told of it then
  };
  std::map<std::pair<std::int64_t, std::string>, Last> last;
  std::map<std::int64_t, std::map<Kind, std::size_t>> counts;
  for (const Change& change : changes) {
    for (const auto& it : change.notifications) {
      const Message& message = *it->message;
      const bool is_state = opens(message.kind) || message.kind == Kind::up;
      if (message.incident == 0 || !is_state) continue;
      ++counts[message.incident][message.kind];
      std::size_t others = 0;
      for (const auto& [kind, count] : counts[message.incident]) {
        if (kind != message.kind) others += count;
      }
      Last& known = last[{message.incident, it->notifier}];
      const bool again = known.kind == message.kind && known.others == others;
      RC_ASSERT(!again);
      known = {message.kind, others};
    }
  }
}

void no_uid_comes_twice(const Simulation& simulation) {
  std::set<std::string> uids;
  for (const ToldMessage& told : simulation.told()) RC_ASSERT(uids.insert(told.what->uid).second);
}

bool is_accounted(const Change& change, const std::string& check) {
  return std::any_of(change.notifications.begin(), change.notifications.end(),
                     [&](const auto& it) { return it->message->check == check; }) ||
         std::any_of(change.withheld.begin(), change.withheld.end(),
                     [&](const Withheld& row) { return row.check == check; });
}

// Every bad state that was entered was told, or is what people know already, or it was written down
// why not, at the latest when it was left; but what was still being found out when another bad
// state overtook it, a moment later.
void nothing_is_hushed_up(const std::vector<Change>& changes) {
  std::map<std::string, State> states;
  std::map<std::string, bool> accounted;
  std::map<std::string, bool> awaiting;
  for (const Change& change : changes) {
    for (const auto& it : change.notifications) accounted[it->message->check] = true;
    for (const Withheld& row : change.withheld) {
      accounted[row.check] = true;
      const bool has_reason = row.why != Hold::none;
      RC_ASSERT(has_reason);
    }
    for (const CheckRecord& record : change.checks) {
      const State before = std::exchange(states[record.name], record.state);
      const bool waited = std::exchange(awaiting[record.name], is_awaiting(record.held.why));
      if (before == record.state) continue;
      const bool overtaken = waited && is_bad(record.state);
      if (is_bad(before) && !overtaken) RC_ASSERT(accounted[record.name]);
      // What this very change tells is of the new state.
      const bool is_known = record.told == record.state;
      accounted[record.name] = is_known || is_accounted(change, record.name);
    }
  }
  for (const auto& [name, state] : states) {
    if (is_bad(state)) RC_ASSERT(accounted[name]);
  }
}

// Where each check stands at the end, all is well, and nothing is held back or waits.
void all_is_told_at_the_end(Simulation& simulation) {
  RC_ASSERT(simulation.waiting() == std::size_t{0});
  const auto snapshot = simulation.core().snapshot();
  for (const auto& view : snapshot->checks) {
    const bool is_up = view->state == State::up;
    const bool is_held = view->held.why != Hold::none;
    RC_ASSERT(is_up);
    RC_ASSERT(!is_held);
    RC_ASSERT(!view->incident.has_value());
    RC_ASSERT(!view->flapping_since.has_value());
  }
}

}  // namespace

TEST_CASE("replay: whatever happens, told is what is so", "[replay]") {
  rc::prop("each who was told of an incident is told its end, once", [] {
    Life life(any_ways());
    life.live();
    log_all(life);
    every_story_ends_once(stories_of(life.simulation()));
  });
  rc::prop("no state is told twice in a row to anybody", [] {
    Life life(any_ways());
    life.live();
    log_all(life);
    nothing_is_told_twice(life.outage().changes());
    no_uid_comes_twice(life.simulation());
  });
  rc::prop("nothing is withheld without a reason that is written down", [] {
    Life life(any_ways());
    life.live();
    log_all(life);
    nothing_is_hushed_up(life.outage().changes());
  });
  rc::prop("after a quiet day all is told, and up", [] {
    Life life(any_ways());
    life.live();
    log_all(life);
    all_is_told_at_the_end(life.simulation());
  });
}
