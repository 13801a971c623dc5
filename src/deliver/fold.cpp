// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Two steps. Merging looks at one incident at a time and always takes place. Folding begins only in
// a storm: a digest per notifier names what waits. What it names stays in its thread and waits on,
// with the digest's id as `folded_into`, until there is time for its own line; an incident that is
// over is first merged, and then named as one. So a thread is complete in the end, and each row is
// told by its own number, whatever becomes of the digest.
//
// A digest takes the place of the earliest row that it tells. A row that is made in the place of
// others is as old as the oldest of them: that makes it late in time, and puts it in its place when
// it is found at a start.
#include "deliver/fold.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "deliver/digest.h"
#include "deliver/merge.h"
#include "util/text.h"

namespace tocsin {
namespace {

// Of the notes that go with a digest's page, which has so much less room for it.
constexpr std::size_t kMostNotes = 3;
constexpr std::size_t kLongestNote = 200;  // bytes
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kNotesBytes = kMostNotes * (kLongestNote + kLongestName + 3) + 40;

struct Word {
  int rank;
  std::string text;
};

std::string in_capitals(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

State worst_of(const Unit& unit) {
  return unit.over ? over_message(unit).worst : unit.last().worst;
}

Word word_of(const Unit& unit) {
  if (unit.over) return {4, in_capitals(to_string(worst_of(unit))) + " and UP"};
  const Message& message = unit.last();
  switch (message.kind) {
    case Kind::down: return {0, "DOWN"};
    case Kind::degraded: return {1, "DEGRADED"};
    case Kind::unknown: return {2, "UNKNOWN"};
    case Kind::flapping: return {3, "FLAPPING"};
    case Kind::reminder: return {3, "still " + in_capitals(to_string(message.to))};
    case Kind::over: return {4, in_capitals(to_string(message.worst)) + " and UP"};
    case Kind::up: return {5, "UP"};
    case Kind::acknowledged: return {4, "ACKNOWLEDGED"};
    case Kind::info: return {7, "INFO"};
    default: return {6, "NO LONGER WATCHED"};
  }
}

// What the digest says of a check's reason: an UP is about what it was.
std::string reason_of(const Unit& unit) {
  if (unit.over) return over_message(unit).worst_reason;
  const Message& message = unit.last();
  const bool past = message.kind == Kind::up || message.kind == Kind::over;
  return past && !message.worst_reason.empty() ? message.worst_reason : message.reason;
}

// Builds one Folding.
class Folder {
 public:
  Folder(const FoldRules& rules, const Numbers& numbers) : rules_(rules), numbers_(numbers) {}

  // One row in the place of the unit's.
  void merge(const Unit& unit) {
    const Row& last = *unit.rows.back();
    if (unit.over) {
      add(unit.rows, unit.place().first, last.notification->thread_key, over_message(unit));
      for (const Row* row : unit.rows) take(*row, folding_.added.back().notification->id);
      if (unit.named()) name_added(last.delivery.folded_into, last.delivery.next_at);
      return;
    }
    for (const Row* row : unit.rows) {
      if (row != &last) take(*row, last.notification->id);
    }
  }

  // All of one notifier. What does not go on its pages is left for the next one.
  void digest(const std::vector<const Unit*>& units);
  bool has_named(const Unit& unit) const { return named_.contains(&unit); }

  std::optional<Folding> result() {
    if (folding_.removed.empty() && folding_.named.empty()) return std::nullopt;
    return std::move(folding_);
  }

 private:
  void take(const Row& row, std::int64_t into) {
    DeliveryRecord record = row.delivery;
    record.status = DeliveryStatus::folded;
    record.folded_into = into;
    record.next_at.reset();
    folding_.change.deliveries.push_back(std::move(record));
    folding_.removed.push_back(row.place);
  }

  // This digest tells of the unit: so its row waits behind all that was told in no form.
  void name(const Unit& unit, std::int64_t digest) {
    named_.insert(&unit);
    merge(unit);
    if (unit.over) {
      name_added(digest, rules_.lines_from);
      return;
    }
    const Row& last = *unit.rows.back();
    DeliveryRecord record = last.delivery;
    record.folded_into = digest;
    record.next_at = rules_.lines_from;
    folding_.named.emplace_back(last.place, record);
    folding_.change.deliveries.push_back(std::move(record));
  }

  void name_added(std::int64_t digest, std::optional<WallTime> next_at) {
    DeliveryRecord& record = folding_.added.back().delivery;
    record.folded_into = digest;
    record.next_at = next_at;
    folding_.change.deliveries.push_back(record);
  }

  // A new row that tells these.
  void add(const std::vector<const Row*>& rows, std::int64_t place, std::string_view thread_key,
           Message message) {
    auto made = std::make_shared<Notification>();
    made->id = numbers_.next_id();
    made->uid = numbers_.new_uid();
    made->notifier = rows.front()->notification->notifier;
    made->thread_key = thread_key;
    made->created_at = rows.front()->notification->created_at;
    for (const Row* row : rows) {
      made->created_at = std::min(made->created_at, row->notification->created_at);
    }
    made->message = std::make_shared<const Message>(std::move(message));
    folding_.change.notifications.push_back(made);
    Row row = make_row(std::move(made));
    row.foldable = rows.front()->foldable;
    row.place = {place, row.notification->id};
    folding_.added.push_back(std::move(row));
  }

  const FoldRules& rules_;
  const Numbers& numbers_;
  Folding folding_;
  std::set<const Unit*> named_;
};

// The units of one check, in order.
using Checks = std::vector<std::vector<const Unit*>>;

Checks by_check(const std::vector<const Unit*>& units) {
  Checks out;
  std::map<std::string_view, std::size_t> index;
  for (const Unit* unit : units) {
    const auto [at, is_new] = index.try_emplace(unit->last().check, out.size());
    if (is_new) out.emplace_back();
    out[at->second].push_back(unit);
  }
  return out;
}

// What a check's line in the digest says: where it stands now. News of a job is no state, and must
// not hide one.
const Unit& newest_state(const std::vector<const Unit*>& units) {
  const auto is_state = [](const Unit* unit) { return unit->last().kind != Kind::info; };
  const auto found = std::find_if(units.rbegin(), units.rend(), is_state);
  return found == units.rend() ? *units.back() : **found;
}

std::vector<DigestEntry> entries_of(const Checks& checks) {
  std::vector<DigestEntry> out;
  out.reserve(checks.size());
  for (const auto& units : checks) {
    const Unit& now = newest_state(units);
    Word word = word_of(now);
    std::size_t events = 1;
    if (units.size() > 1) {
      events = 0;
      for (const Unit* unit : units) events += unit->over ? 2 : 1;
    }
    out.push_back({word.rank, std::move(word.text), now.last().check, reason_of(now), events,
                   &now.last().labels});
  }
  return out;
}

// The notes of what a page tells: each once, with its check, or with how many have the same.
std::string notes_of(const std::vector<const Unit*>& units) {
  struct Noted {
    std::string line;
    std::string_view check;
    std::size_t count;
  };
  std::vector<Noted> all;
  std::map<std::string, std::size_t> index;
  for (const Unit* unit : units) {
    const std::string note = unit->over ? over_message(*unit).note : unit->last().note;
    if (note.empty()) continue;
    std::string line = printable(note, kLongestNote);
    const auto [at, is_new] = index.try_emplace(line, all.size());
    if (is_new) {
      all.push_back({std::move(line), unit->last().check, 1});
    } else if (all[at->second].check != unit->last().check) {
      ++all[at->second].count;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNotes); ++i) {
    const Noted& one = all[i];
    out += i == 0 ? "" : "\n";
    out += one.count > 1 ? one.line + " (" + std::to_string(one.count) + " checks)"
                         : printable(one.check, kLongestName) + ": " + one.line;
  }
  if (all.size() > kMostNotes) {
    out += "\nand notes of " + std::to_string(all.size() - kMostNotes) + " more";
  }
  return out;
}

// The facts of a page: who speaks, how bad it is now, when it began and was decided.
Message digest_message(const std::vector<const Unit*>& units, std::string text) {
  Message out;
  out.kind = Kind::digest;
  out.instance = units.front()->last().instance;
  out.reason = std::move(text);
  out.to = State::up;
  out.since = units.front()->last().since;
  for (const Unit* unit : units) {
    const Message& told = unit->last();
    if (badness(told.to) > badness(out.to)) out.to = told.to;
    if (badness(worst_of(*unit)) > badness(out.worst)) out.worst = worst_of(*unit);
    out.since = std::min(out.since, told.since);
    out.decided_at = std::max(out.decided_at, told.decided_at);
    for (const Row* row : unit->rows) {
      out.durable = out.durable && row->notification->message->durable;
    }
  }
  if (badness(out.to) > badness(out.worst)) out.worst = out.to;
  out.note = notes_of(units);
  return out;
}

// What is news of a unit: an incident's beginning may have been named before.
std::vector<const Row*> news_of(const Unit& unit) {
  std::vector<const Row*> out;
  for (const Row* row : unit.rows) {
    if (!row->named()) out.push_back(row);
  }
  return out;
}

void Folder::digest(const std::vector<const Unit*>& units) {
  const Checks checks = by_check(units);
  static const LabelTotals kNone;
  const LabelTotals& totals = rules_.totals != nullptr ? *rules_.totals : kNone;
  DigestLimits limits;
  limits.pages = rules_.pages;
  const bool noted = std::any_of(units.begin(), units.end(), [](const Unit* unit) {
    return unit->over ? !over_message(*unit).note.empty() : !unit->last().note.empty();
  });
  if (noted) limits.bytes -= kNotesBytes;
  std::vector<DigestPage> pages = write_digest(entries_of(checks), limits, totals);

  std::int64_t place = units.front()->place().first;
  for (const Unit* unit : units) {
    for (const Row* row : news_of(*unit)) place = std::min(place, row->place.first);
  }
  for (DigestPage& page : pages) {
    std::vector<const Unit*> told;
    std::vector<const Row*> news;
    for (const std::size_t entry : page.entries) {
      for (const Unit* unit : checks[entry]) {
        told.push_back(unit);
        for (const Row* row : news_of(*unit)) news.push_back(row);
      }
    }
    add(news, place, kStormThread, digest_message(told, std::move(page.text)));
    const std::int64_t id = folding_.added.back().notification->id;
    for (const Unit* unit : told) name(*unit, id);
  }
}

// The units that a digest is to name, by notifier.
std::map<std::string_view, std::vector<const Unit*>> storm(const std::vector<Unit>& units,
                                                           const FoldRules& rules) {
  std::map<std::string_view, std::vector<const Unit*>> out;
  if (!rules.digests) return out;
  std::size_t count = 0;
  for (const Unit& unit : units) {
    if (!unit.foldable) continue;
    ++count;
    out[unit.rows.back()->notification->notifier].push_back(&unit);
  }
  if (rules.least == 0 && count <= rules.storm_threshold) return {};
  // A digest of one is one message more, and says nothing that its thread does not say.
  const std::size_t least = rules.least == 0 ? 2 : rules.least;
  std::erase_if(out, [&](const auto& entry) { return entry.second.size() < least; });
  return out;
}

}  // namespace

std::optional<Folding> fold(const std::vector<const Row*>& rows, const FoldRules& rules,
                            const Numbers& numbers) {
  if (rows.size() < 2 && rules.least != 1) return std::nullopt;
  std::vector<Unit> units = group(rows);
  const auto digests = storm(units, rules);
  Folder folder(rules, numbers);
  for (const auto& [notifier, members] : digests) folder.digest(members);
  for (const Unit& unit : units) {
    if (unit.rows.size() > 1 && !folder.has_named(unit)) folder.merge(unit);
  }
  return folder.result();
}

void put_in_place(std::vector<Row>& rows) {
  std::map<std::string_view, std::int64_t> last_digest;
  for (Row& row : rows) {
    const Kind kind = row.notification->message->kind;
    if (kind != Kind::digest && kind != Kind::over) continue;
    const auto younger = std::find_if(rows.begin(), rows.end(), [&](const Row& other) {
      return other.notification->created_at > row.notification->created_at;
    });
    std::int64_t place = row.notification->id;
    if (younger != rows.end()) place = std::min(place, younger->notification->id - 1);
    if (kind == Kind::digest) {
      std::int64_t& last = last_digest[row.notification->notifier];
      place = last = std::max(place, last);
    }
    row.place = {place, row.notification->id};
  }
}

}  // namespace tocsin
