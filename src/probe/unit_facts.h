// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/bus.h"
#include "tocsin/time.h"

namespace tocsin {

// What systemd says of a unit, by the interface that it publishes (org.freedesktop.systemd1(5)).
// All functions are pure.

// The state proper: what decides whether a signal is worth a look.
struct UnitStanding {
  std::string active_state;    // active, reloading, inactive, failed, activating, deactivating …
  std::string sub_state;       // running, auto-restart, dead, mounted, waiting …
  std::string result;          // success, exit-code, signal …; empty for types that have none
  std::uint64_t restarts = 0;  // NRestarts: by systemd itself, since it was started last
  auto operator<=>(const UnitStanding&) const = default;
};

struct UnitFacts {
  UnitStanding standing;
  std::string id;          // the name proper, where another one was asked for
  std::string load_state;  // loaded, not-found, bad-setting, error, masked
  std::string load_error;
  std::string file_state;  // enabled, disabled, static, masked …
  bool conditions_met = true;
  bool needs_reload = false;  // the file has changed since it was read
  // When it left `inactive`, became active, left `active`, changed at all; zero: never.
  WallTime inactive_exit{};
  WallTime active_enter{};
  WallTime active_exit{};
  WallTime changed{};
  // Services, and what they left behind.
  bool oneshot = false;  // and not RemainAfterExit
  int code = 0;          // CLD_EXITED, CLD_KILLED, CLD_DUMPED of the main process; 0: it runs
  int status = 0;        // its exit status, or the signal's number
  std::string command;   // another command of the unit that failed: "ExecStartPre /usr/sbin/nginx"
  int command_code = 0;
  int command_status = 0;
  std::string status_text;              // what it says of itself by sd_notify
  std::optional<std::uint64_t> memory;  // bytes
  std::optional<std::uint64_t> tasks;
  std::optional<std::uint64_t> cpu;  // nanoseconds
  // Timers.
  std::string triggers;     // the unit that it starts
  WallTime last_trigger{};  // zero: never
};

// The types of units by their suffix; interface and Result alike for all but a few.
bool is_unit_suffix(std::string_view suffix) noexcept;
std::string_view suffix_of(std::string_view name) noexcept;
// "org.freedesktop.systemd1.Service" of "nginx.service".
std::string interface_of(std::string_view name);
// "/org/freedesktop/systemd1/unit/nginx_2eservice".
std::string unit_path(std::string_view name);

// "nginx" is nginx.service, "/srv/data" is srv-data.mount, as systemctl(1) takes them. `error` says
// what is wrong with it otherwise.
std::string unit_name(std::string_view text, std::string& error);

// Whether UnitFacts is made of this property.
bool is_unit_fact(std::string_view property);
UnitFacts unit_facts(const BusProperties& unit, const BusProperties& own);
// Takes over what a PropertiesChanged signal says; false if that leaves it as it was.
bool update(UnitStanding& standing, const BusProperties& changed);

// "exit-code, status 1/FAILURE", "killed by SIGSEGV (core dumped)", "start-limit-hit: …"; empty if
// it did not fail.
std::string failure_text(const UnitFacts& facts);

}  // namespace tocsin
