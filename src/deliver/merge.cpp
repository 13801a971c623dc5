// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Which waiting rows belong together. Rows of one incident in one thread form a chain. A chain that
// holds both a bad state and the UP becomes one message, even if it flapped in between; a reminder
// with anything of its incident behind it is out of date, and one behind a state that waits itself
// is needless. A row that a sink may already have taken (found at the start, or an attempt without
// an answer) is told as it is, and cuts its chain: what comes behind it must not be told before it.
// A digest may name it all the same: its own line follows as it is.
#include "deliver/merge.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace tocsin {
namespace {

using ThreadKey = std::pair<std::string_view, std::string_view>;
using ChainKey = std::tuple<std::string_view, std::string_view, std::string_view, std::int64_t>;

ThreadKey thread_of(const Row& row) noexcept {
  return {row.notification->notifier, row.notification->thread_key};
}

ChainKey chain_of(const Row& row) noexcept {
  const Notification& it = *row.notification;
  return {it.notifier, it.thread_key, it.message->check, it.message->incident};
}

bool tells_bad(Kind kind) noexcept {
  return kind == Kind::down || kind == Kind::degraded || kind == Kind::unknown;
}

bool joins(const Row& row) noexcept {
  const Message& message = *row.notification->message;
  return row.untold() && message.incident != 0 && !message.check.empty() &&
         (tells_bad(message.kind) || message.kind == Kind::up || message.kind == Kind::reminder ||
          message.kind == Kind::flapping);
}

Kind kind_of(const Row* row) noexcept {
  return row->notification->message->kind;
}

// Each line of the text that `to` does not have yet.
void add_lines(std::string& to, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string framed = "\n" + std::string(line) + "\n";
    if (line.empty() || ("\n" + to + "\n").find(framed) != std::string::npos) continue;
    to += (to.empty() ? "" : "\n") + std::string(line);
  }
}

// What was noted of the incident's parts. That it flapped would be news of the past: it is a line.
std::string note_of(const Unit& unit) {
  std::string note;
  for (const Row* row : unit.rows) {
    const Message& part = *row->notification->message;
    if (part.kind == Kind::reminder) continue;
    add_lines(note, part.note);
    if (part.kind == Kind::flapping) add_lines(note, "was FLAPPING meanwhile");
  }
  return note;
}

// A chain's rows into units; empties it.
void close_chain(std::vector<const Row*>& chain, std::vector<Unit>& units) {
  if (chain.empty()) return;
  const bool bad = std::any_of(chain.begin(), chain.end(),
                               [](const Row* row) { return tells_bad(kind_of(row)); });
  if (bad && kind_of(chain.back()) == Kind::up) {
    units.push_back({std::exchange(chain, {}), true, false});
    return;
  }
  // Reminders behind a state that nobody has been told of yet say no more than it does: it is told
  // in their place.
  const auto state = std::find_if(chain.rbegin(), chain.rend(),
                                  [](const Row* row) { return kind_of(row) != Kind::reminder; });
  if (state != chain.rend()) std::rotate(std::prev(state.base()), state.base(), chain.end());
  Unit unit;
  for (const Row* row : chain) {
    unit.rows.push_back(row);
    if (kind_of(row) == Kind::reminder && row != chain.back()) continue;
    units.push_back(std::exchange(unit, {}));
  }
  chain.clear();
}

bool folds_by_itself(const Unit& unit) noexcept {
  switch (unit.last().kind) {
    case Kind::digest:
    case Kind::daemon:
    case Kind::test: return false;
    default: break;
  }
  return !unit.last().check.empty() && !unit.named() &&
         std::all_of(unit.rows.begin(), unit.rows.end(), [&](const Row* row) {
           return row->foldable && !row->delivery.in_doubt &&
                  (unit.over || row->delivery.attempts == 0);
         });
}

void mark_foldable(std::vector<Unit>& units) {
  std::vector<std::pair<const Row*, Unit*>> rows;
  for (Unit& unit : units) {
    unit.foldable = folds_by_itself(unit);
    for (const Row* row : unit.rows) rows.emplace_back(row, &unit);
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.first->place < b.first->place; });
  std::set<ThreadKey> held;
  for (auto& [row, unit] : rows) {
    if (held.contains(thread_of(*row))) unit->foldable = false;
    if (!unit->foldable && !unit->named()) held.insert(thread_of(*row));
  }
}

}  // namespace

std::vector<Unit> group(const std::vector<const Row*>& rows) {
  std::vector<Unit> units;
  std::map<ChainKey, std::vector<const Row*>> chains;
  for (const Row* row : rows) {
    std::vector<const Row*>& chain = chains[chain_of(*row)];
    if (!joins(*row)) {
      close_chain(chain, units);
      units.push_back({{row}, false, false});
      continue;
    }
    chain.push_back(row);
    if (kind_of(row) == Kind::up) close_chain(chain, units);
  }
  for (auto& [key, chain] : chains) close_chain(chain, units);
  std::sort(units.begin(), units.end(),
            [](const Unit& a, const Unit& b) { return a.place() < b.place(); });
  mark_foldable(units);
  return units;
}

Message over_message(const Unit& unit) {
  Message out = unit.last();
  out.kind = Kind::over;
  for (const Row* row : unit.rows) {
    const Message& part = *row->notification->message;
    out.durable = out.durable && part.durable;
    out.failed_probes = std::max(out.failed_probes, part.failed_probes);
    if (!tells_bad(part.kind)) continue;
    if (badness(part.to) > badness(out.worst) || out.worst_reason.empty()) {
      out.worst = part.to;
      out.worst_reason = part.reason;
    }
    if (part.since != WallTime{} && (out.since == WallTime{} || part.since < out.since)) {
      out.since = part.since;
    }
  }
  out.from = unit.rows.front()->notification->message->from;
  out.note = note_of(unit);
  return out;
}

}  // namespace tocsin
