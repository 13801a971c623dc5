// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "notify/sink_text.h"
#include "notify/wording.h"
#include "tocsin/notification.h"

namespace tocsin {

// What notifiers have in common whose sink keeps one alert a thread, open until it is told
// otherwise. Pure functions.

// What a message means to such an alert.
enum class AlertMove : std::uint8_t {
  raise,        // open it, or tell that it still is
  acknowledge,  // somebody looks after it
  close,        // the incident ended, or nobody watches any more
  tell,         // it is about no alert
};
AlertMove alert_move(Kind kind) noexcept;

// The alert's name: the thread key, and the check's name where several checks share a thread. Each
// has to be closed for itself: else the first one's UP would close what is still DOWN.
std::string alert_key(const Notification& notification);

// How bad the message is: the state that it tells of; for what ends an incident, the worst it was;
// for what flaps, the worse of the states that it changes between.
State alert_state(const Message& message) noexcept;

// The incident goes on in another bad state than was told before.
bool changed_while_open(const Message& message) noexcept;

// What is told below the title, a line each, filled into what is left of `out`.
std::string text_below(const Words& words, FittedText out);

}  // namespace tocsin
