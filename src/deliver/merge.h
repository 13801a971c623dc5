// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <vector>

#include "deliver/row.h"
#include "tocsin/notification.h"

namespace tocsin {

// Waiting rows that are to be told as one. Points into the caller's rows.
struct Unit {
  // In the order of decisions, never empty; but reminders that a waiting state makes needless stand
  // before it.
  std::vector<const Row*> rows;
  // An incident that opened and closed: told by a new notification that is made of all. Otherwise
  // the last row is told as it is, and those before it are reminders that it has overtaken.
  bool over = false;
  // Whether a digest may name it: nothing of its thread that must be told by itself comes first,
  // and none has named it yet.
  bool foldable = false;

  const Message& last() const noexcept { return *rows.back()->notification->message; }
  // A digest has told all of it: only its own line is still to come.
  bool named() const noexcept { return rows.back()->named(); }
  // An incident's end is told at the end's turn.
  Place place() const noexcept { return rows.back()->place; }
};

// Groups the rows, which come in the order of their places; so do the units. Pure.
std::vector<Unit> group(const std::vector<const Row*>& rows);

// The facts of an incident that is over, from the rows that told of its parts. REQUIRES unit.over.
Message over_message(const Unit& unit);

}  // namespace tocsin
