// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace tocsin {

// A place's offset from UTC through the years, by the IANA database that the machine has
// (/usr/share/zoneinfo), which is read once per zone: an update of it is seen after a restart. The
// library behind this knows the changes that are listed there, which end with 2037, and no rule for
// the years after.
// A cheap value; safe from every thread.
class TimeZone {
 public:
  // By its name in the database, "Europe/Berlin"; nothing if there is none of that name.
  static std::optional<TimeZone> find(std::string_view name);
  // This machine's (/etc/localtime); UTC where that cannot be told.
  static TimeZone local();
  static TimeZone utc() { return TimeZone("UTC", nullptr); }

  const std::string& name() const noexcept { return name_; }

  // A stretch of time in which the clocks there are `offset` ahead of UTC. `end` is not part of it.
  struct Span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;
  };
  // The one that holds this moment. Neighbours may have the same offset.
  Span at(std::chrono::sys_seconds moment) const;
  // What the clocks there are called then: "CET", "CEST", or "+03" where there is no name.
  std::string abbreviation(std::chrono::sys_seconds moment) const;

 private:
  TimeZone(std::string name, const date::time_zone* zone) : name_(std::move(name)), zone_(zone) {}

  std::string name_;
  const date::time_zone* zone_;  // null: UTC. The database lives as long as the process.
};

}  // namespace tocsin
