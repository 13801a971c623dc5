// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// systemd emits signals for whoever has called Subscribe. One match takes the changes of all units:
// their number is small beside that of looks, it is the same for one check and for a thousand, and
// it is in place before the first look, so that nothing falls between the two.
//
// A signal leads to a look only if the state in it differs from the one that the last look saw. So
// a service that reports its status every second costs no look a second, and our own look, which
// makes systemd load and then unload an idle unit, does not lead to the next one.
#include "probe/units.h"

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kQuiet{250};
constexpr std::chrono::minutes kNameKept{10};
constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

std::vector<std::string> matches() {
  const std::string from = "type='signal',sender='org.freedesktop.systemd1',";
  return {
      from +
          "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
          "path_namespace='/org/freedesktop/systemd1/unit'",
      from +
          "interface='org.freedesktop.systemd1.Manager',member='UnitRemoved',"
          "path='/org/freedesktop/systemd1'",
      "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
      "member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
  };
}

bool is_error(const Bus::Answer& answer, std::string_view name) {
  return answer.error == "org.freedesktop.DBus.Error." + std::string(name);
}

std::string trouble_of(const Bus::Answer& answer) {
  switch (answer.fault) {
    case Bus::Fault::none: return {};
    case Bus::Fault::no_library: return answer.text + "; install libsystemd0";
    case Bus::Fault::unreachable:
      return "cannot reach the bus: " + answer.text + "; is dbus running?";
    case Bus::Fault::lost: return "the bus or systemd went away: " + answer.text;
    case Bus::Fault::late: return "systemd did not answer in time";
    case Bus::Fault::refused: break;
  }
  const bool absent = is_error(answer, "ServiceUnknown") || is_error(answer, "NameHasNoOwner") ||
                      answer.error.find(".Spawn.") != std::string::npos;
  if (absent) return "systemd is not on this bus: it is not the init here, or of no such user";
  if (is_error(answer, "AccessDenied")) {
    return "the bus does not let this user ask systemd: " + answer.text;
  }
  return "systemd refused to tell: " + answer.text + " (" + answer.error + ")";
}

bool is_no_such_unit(const Bus::Answer& answer) {
  return is_error(answer, "UnknownObject") || answer.error == "org.freedesktop.systemd1.NoSuchUnit";
}

}  // namespace

// --- restarts
// ---------------------------------------------------------------------------------------

void RestartLog::note(std::uint64_t restarts, SteadyTime now) {
  const std::uint64_t before = last_.value_or(restarts);
  const std::uint64_t more = restarts >= before ? restarts - before : restarts;
  last_ = restarts;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(more, kMost); ++i) times_.push_back(now);
  while (times_.size() > kMost) times_.pop_front();
}

std::size_t RestartLog::since(SteadyTime from) const noexcept {
  const auto first = std::lower_bound(times_.begin(), times_.end(), from);
  return static_cast<std::size_t>(times_.end() - first);
}

// --- one manager
// ------------------------------------------------------------------------------------

class Units::Manager final : public Bus::Listener {
 public:
  Manager(Units& units, const std::string& address)
      : units_(units), bus_(units.loop_, address, matches(), *this) {}

  asio::awaitable<Look> look(std::string name, SteadyTime deadline);
  asio::awaitable<std::string> nearest_to(std::string name, SteadyTime deadline);
  bool connected() const noexcept { return bus_.connected(); }

  // Which checks watch a unit, by its path.
  std::multimap<std::string, std::uint32_t> watchers;

 private:
  asio::awaitable<std::string> ask(std::string name, UnitFacts& into, SteadyTime deadline);
  asio::awaitable<Bus::Answer> all_properties(std::string path, std::string interface,
                                              SteadyTime deadline);
  asio::awaitable<void> list(std::string member, std::string pattern, SteadyTime deadline,
                             std::vector<std::string>& into);
  void on_connected() override { subscribe(); }
  void on_signal(const Bus::Signal& signal) override;
  void on_lost() override { tell_all(); }
  void on_change(const std::string& path, const BusProperties& changed);
  void subscribe();
  void tell_all();

  struct Near {
    std::string name;
    SteadyTime until;
  };
  Units& units_;
  Bus bus_;
  std::map<std::string, Near> near_;
};

asio::awaitable<Units::Look> Units::Manager::look(std::string name, SteadyTime deadline) {
  Look out;
  out.trouble = co_await ask(name, out.facts, deadline);
  const bool timer = suffix_of(name) == "timer";
  if (!out.trouble.empty() || !timer || out.facts.triggers.empty()) co_return out;
  out.triggered_name = out.facts.triggers;
  out.trouble = co_await ask(out.triggered_name, out.triggered.emplace(), deadline);
  co_return out;
}

// Fills the facts; what comes back is why it could not. The unit's own interface is asked last, so
// that what it says of a failure is not older than the failure.
asio::awaitable<std::string> Units::Manager::ask(std::string name, UnitFacts& into,
                                                 SteadyTime deadline) {
  const std::string path = unit_path(name);
  const std::string common = "org.freedesktop.systemd1.Unit";
  const Bus::Answer unit = co_await all_properties(path, common, deadline);
  if (is_no_such_unit(unit)) {
    into.id = name;
    into.load_state = "not-found";
    into.standing.active_state = "inactive";
    co_return std::string();
  }
  if (unit.fault != Bus::Fault::none) co_return trouble_of(unit);
  const std::string interface = interface_of(name);
  const Bus::Answer own = co_await all_properties(path, interface, deadline);
  if (own.fault != Bus::Fault::none) co_return trouble_of(own);
  if (unit.values.empty() || own.values.empty()) {
    co_return std::string("systemd's answer is not understood");
  }
  into = unit_facts(bus_properties(unit.values.front()), bus_properties(own.values.front()));
  co_return std::string();
}

// Once more if the connection was lost meanwhile: the bus, or systemd, may just have been
// restarted.
asio::awaitable<Bus::Answer> Units::Manager::all_properties(std::string path, std::string interface,
                                                            SteadyTime deadline) {
  Bus::Call call{kSystemd, std::move(path), kProperties, "GetAll", {}, &is_unit_fact};
  call.arguments.emplace_back(std::move(interface));
  Bus::Answer answer = co_await bus_.call(call, deadline);
  if (answer.fault == Bus::Fault::lost) answer = co_await bus_.call(call, deadline);
  co_return answer;
}

asio::awaitable<std::string> Units::Manager::nearest_to(std::string name, SteadyTime deadline) {
  const SteadyTime now = std::chrono::steady_clock::now();
  std::erase_if(near_, [now](const auto& entry) { return entry.second.until < now; });
  const auto known = near_.find(name);
  if (known != near_.end()) co_return known->second.name;
  const std::string pattern = "*." + std::string(suffix_of(name));
  std::vector<std::string> names;
  co_await list("ListUnitsByPatterns", pattern, deadline, names);
  co_await list("ListUnitFilesByPatterns", pattern, deadline, names);
  std::erase(names, name);
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string near(nearest(name, views));
  near_.insert_or_assign(name, Near{near, now + kNameKept});
  co_return near;
}

// Both methods take states and patterns, and give rows that begin with a name, or a file's path.
asio::awaitable<void> Units::Manager::list(std::string member, std::string pattern,
                                           SteadyTime deadline, std::vector<std::string>& into) {
  Bus::Call call{kSystemd, kManagerPath, kManager, std::move(member), {}, nullptr};
  call.arguments.emplace_back(std::vector<std::string>());
  call.arguments.emplace_back(std::vector<std::string>{std::move(pattern)});
  const Bus::Answer answer = co_await bus_.call(call, deadline);
  if (answer.values.empty()) co_return;
  for (const BusValue& row : answer.values.front().list()) {
    const BusValue::List& columns = row.list();
    if (columns.empty()) continue;
    // A unit that was asked for is loaded, even if it is not there at all.
    if (columns.size() > 2 && columns[2].text() == "not-found") continue;
    const std::string& name = columns.front().text();
    into.push_back(printable(name.substr(name.rfind('/') + 1), 255));
  }
}

void Units::Manager::subscribe() {
  bus_.send({kSystemd, kManagerPath, kManager, "Subscribe", {}, nullptr});
}

void Units::Manager::on_signal(const Bus::Signal& signal) {
  const auto& values = signal.values;
  if (signal.member == "PropertiesChanged" && values.size() >= 2) {
    on_change(signal.path, bus_properties(values[1]));
  } else if (signal.member == "UnitRemoved" && values.size() >= 2) {
    // Whatever is unloaded does not run; mostly that was told before.
    BusProperties gone;
    gone["ActiveState"].value = std::string("inactive");
    on_change(values[1].text(), gone);
  } else if (signal.member == "NameOwnerChanged" && values.size() >= 3 &&
             !values[2].text().empty()) {
    subscribe();
    tell_all();
  }
}

void Units::Manager::on_change(const std::string& path, const BusProperties& changed) {
  const auto [first, last] = watchers.equal_range(path);
  for (auto at = first; at != last; ++at) {
    Watcher& watcher = units_.watchers_[at->second];
    for (Watched& unit : watcher.units) {
      if (unit.path == path && update(unit.standing, changed)) units_.tell(at->second, watcher);
    }
  }
}

void Units::Manager::tell_all() {
  for (const auto& [path, check] : watchers) units_.tell(check, units_.watchers_[check]);
}

// --- Units
// ------------------------------------------------------------------------------------------

Units::Units(asio::io_context& loop, std::function<void(std::uint32_t)> look_again)
    : loop_(loop), look_again_(std::move(look_again)), timer_(loop) {}

Units::~Units() = default;

std::shared_ptr<Units::Manager> Units::manager(const std::string& bus) {
  std::shared_ptr<Manager>& at = managers_[bus];
  if (!at) at = std::make_shared<Manager>(*this, bus);
  return at;
}

asio::awaitable<Units::Look> Units::look(std::string bus, std::string name, SteadyTime deadline) {
  const std::shared_ptr<Manager> held = manager(bus);
  co_return co_await held->look(std::move(name), deadline);
}

asio::awaitable<std::string> Units::nearest_to(std::string bus, std::string name,
                                               SteadyTime deadline) {
  const std::shared_ptr<Manager> held = manager(bus);
  co_return co_await held->nearest_to(std::move(name), deadline);
}

void Units::watch(std::uint32_t check, const std::string& bus, std::vector<Seen> seen) {
  std::vector<Watched> units;
  for (Seen& one : seen) units.push_back({unit_path(one.name), std::move(one.standing)});
  Watcher& watcher = watchers_[check];
  const auto same_path = [](const Watched& a, const Watched& b) { return a.path == b.path; };
  const bool same =
      watcher.bus == bus &&
      std::equal(units.begin(), units.end(), watcher.units.begin(), watcher.units.end(), same_path);
  if (!same) {
    unwatch(check, watcher);
    watcher.bus = bus;
    for (const Watched& unit : units) manager(bus)->watchers.emplace(unit.path, check);
  }
  watcher.units = std::move(units);
}

void Units::unwatch(std::uint32_t check, const Watcher& watcher) {
  const auto manager = managers_.find(watcher.bus);
  if (manager == managers_.end()) return;
  std::erase_if(manager->second->watchers,
                [check](const auto& entry) { return entry.second == check; });
}

void Units::forget(std::uint32_t check) {
  const auto at = watchers_.find(check);
  if (at == watchers_.end()) return;
  unwatch(check, at->second);
  const auto manager = managers_.find(at->second.bus);
  // Whoever still looks holds it.
  const bool idle = manager != managers_.end() && manager->second->watchers.empty();
  if (idle) managers_.erase(manager);
  watchers_.erase(at);
}

std::size_t Units::connections() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(managers_.begin(), managers_.end(),
                    [](const auto& entry) { return entry.second->connected(); }));
}

// The first change is told at once; what follows within kQuiet is told once, at its end.
void Units::tell(std::uint32_t check, Watcher& watcher) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (watcher.owed) return;
  if (now >= watcher.quiet_until) {
    watcher.quiet_until = now + kQuiet;
    look_again_(check);
    return;
  }
  watcher.owed = true;
  arm(watcher.quiet_until);
}

void Units::arm(SteadyTime when) {
  if (armed_ <= when) return;
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) tell_owed();
  });
}

void Units::tell_owed() {
  armed_ = SteadyTime::max();
  const SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime next = SteadyTime::max();
  for (auto& [check, watcher] : watchers_) {
    if (!watcher.owed) continue;
    if (now < watcher.quiet_until) {
      next = std::min(next, watcher.quiet_until);
      continue;
    }
    watcher.owed = false;
    watcher.quiet_until = now + kQuiet;
    look_again_(check);
  }
  if (next != SteadyTime::max()) arm(next);
}

}  // namespace tocsin
