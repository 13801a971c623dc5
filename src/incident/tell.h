// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "incident/incident.h"

// What the files of this room share: how a message begins, and how it becomes notifications.

namespace tocsin {

// The word for a bad state; Kind::up for any other.
Kind kind_of(State state) noexcept;

// Adds those who are not in the list yet, in their order.
void add_missing(const std::vector<std::string>& names, std::vector<std::string>& list);
std::vector<std::string> without_repeats(const std::vector<std::string>& names);

// What every message about the held check begins with. `kind` and the states are the caller's.
Message message_of(const Case& held, const Finding& finding, const Desk& desk);
Message message_of(const Check& check, const Case& held, const Finding& finding, const Desk& desk);

// One notification each, about one shared message.
void tell(Message message, const std::vector<std::string>& notifiers, const std::string& key,
          const Desk& desk, Change& change);

// Who is to hear of the check in this state now.
std::vector<std::string> listeners(const Check& check, State state, const Desk& desk);
// They are told, and so will hear the incident's end.
void note_told(const std::vector<std::string>& names, IncidentRecord& incident, const Desk& desk);

// Where all of an incident is told: where it began, so that an end is found by those who look there
// although `thread` may have changed meanwhile.
const std::string& thread_of(const Check& check, IncidentRecord& incident);

// Notes that a message of this kind is not told, and why not.
void withhold(Kind kind, const HoldReason& hold, const std::vector<std::string>& names,
              const Case& held, const Desk& desk, Change& change);

}  // namespace tocsin
