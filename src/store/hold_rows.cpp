// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/hold_rows.h"

#include <Poco/Data/Statement.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "store/message_json.h"

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::bind;
using Poco::Data::Keywords::into;
using Poco::Data::Keywords::now;
using Poco::Data::Keywords::range;
using Poco::Data::Keywords::use;
using Number = Poco::Int64;
using Texts = std::vector<std::string>;
using Numerals = std::vector<Number>;

// A NUL would end the text when Poco reads it back.
std::string clean(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

Number millis(WallTime time) {
  return time.time_since_epoch().count();
}

WallTime time_of(Number millis) {
  return WallTime{Millis{millis}};
}

// As message_json.h has it: an unknown word reads as `daemon`.
Kind kind_of_word(const std::string& word) {
  for (const Kind kind : kKinds) {
    if (to_string(kind) == word) return kind;
  }
  return Kind::daemon;
}

// The variables of one row of withheld, and what they mean.
struct WithheldFields {
  Number id = 0, at = 0, incident = 0;
  std::string check, kind, to, why, detail, notifiers;

  void attach(Statement& select) {
    select, into(id), into(at), into(check), into(incident), into(kind), into(to), into(why),
        into(detail), into(notifiers), range(0, 1);
  }

  Withheld row() const {
    Withheld out;
    out.id = id;
    out.at = time_of(at);
    out.check = check;
    out.incident = incident;
    out.kind = kind_of_word(kind);
    out.to = parse_state(to).value_or(State::pending);
    out.why = parse_hold(why);
    out.detail = detail;
    out.notifiers = texts_from_json(notifiers);
    return out;
  }
};

// The list, if it is one of so many texts.
std::optional<Texts> whole_list(const std::string& json, Number length) {
  Texts texts = texts_from_json(json);
  if (static_cast<Number>(texts.size()) != length) return std::nullopt;
  return texts;
}

// The same for silences. SQLite counts the entries of the lists; -1: no list.
struct SilenceFields {
  Number id = 0, is_maintenance = 0, from = 0, until = 0, name_count = 0, label_count = 0;
  std::string names, labels, by, why;

  static std::string count_of(const std::string& column) {
    return "CASE WHEN NOT json_valid(" + column + ") THEN -1 WHEN json_type(" + column +
           ") <> 'array' THEN -1 ELSE json_array_length(" + column + ") END";
  }

  void attach(Statement& select) {
    select << "SELECT id, is_maintenance, names, " + count_of("names") + ", labels, " +
                  count_of("labels") +
                  ", from_at, until_at, made_by, why FROM silences ORDER BY id",
        into(id), into(is_maintenance), into(names), into(name_count), into(labels),
        into(label_count), into(from), into(until), into(by), into(why), range(0, 1);
  }

  std::optional<Selector> match() const {
    auto patterns = whole_list(names, name_count);
    auto pairs = whole_list(labels, label_count);
    if (!patterns || !pairs || pairs->size() % 2 != 0) return std::nullopt;
    Selector out;
    out.names = std::move(*patterns);
    for (std::size_t i = 0; i < pairs->size(); i += 2) {
      out.labels.emplace_back((*pairs)[i], (*pairs)[i + 1]);
    }
    return out;
  }

  void add_to(std::vector<Silence>& silences) const {
    auto meant = match();
    if (!meant) return;
    silences.push_back(
        {id, is_maintenance != 0, std::move(*meant), time_of(from), time_of(until), by, why});
  }
};

// The last word on each silence: put, or ended.
class SilenceColumns {
 public:
  void add(const Change& change) {
    for (const Silence& silence : change.silences) last_[silence.id] = &silence;
    for (const std::int64_t id : change.ended_silences) last_[id] = nullptr;
  }

  void write(Poco::Data::Session& session) {
    for (const auto& [id, silence] : last_) {
      if (silence == nullptr) {
        ended_.push_back(id);
      } else {
        add_row(*silence);
      }
    }
    if (!ended_.empty()) session << "DELETE FROM silences WHERE id = ?", use(ended_), now;
    if (id_.empty()) return;
    session << "INSERT OR REPLACE INTO silences (id, is_maintenance, names, labels, from_at,"
               " until_at, made_by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        use(id_), use(is_maintenance_), use(names_), use(labels_), use(from_), use(until_),
        use(by_), use(why_), now;
  }

 private:
  void add_row(const Silence& silence) {
    Texts pairs;
    for (const auto& [key, pattern] : silence.match.labels) {
      pairs.push_back(key);
      pairs.push_back(pattern);
    }
    id_.push_back(silence.id);
    is_maintenance_.push_back(silence.is_maintenance ? 1 : 0);
    names_.push_back(to_json(silence.match.names));
    labels_.push_back(to_json(pairs));
    from_.push_back(millis(silence.from));
    until_.push_back(millis(silence.until));
    by_.push_back(clean(silence.by));
    why_.push_back(clean(silence.why));
  }

  std::map<std::int64_t, const Silence*> last_;
  Numerals ended_, id_, is_maintenance_, from_, until_;
  Texts names_, labels_, by_, why_;
};

}  // namespace

std::vector<Withheld> read_withheld(SqliteSession& session, const WithheldQuery& query) {
  std::vector<Withheld> out;
  WithheldFields fields;
  Statement select(session.poco());
  const std::string of_check = query.check.empty() ? "" : " AND check_name = ?";
  select << "SELECT id, at, check_name, incident, kind, to_state, why, detail, notifiers"
            " FROM withheld WHERE id < ?" +
                of_check + " ORDER BY id DESC LIMIT " + std::to_string(query.limit);
  const Number before = query.before > 0 ? query.before : std::numeric_limits<Number>::max();
  select, bind(before);
  if (!query.check.empty()) select, bind(query.check);
  fields.attach(select);
  while (!select.done()) {
    if (select.execute() > 0) out.push_back(fields.row());
  }
  return out;
}

void write_withheld(SqliteSession& session, std::span<const Change> changes) {
  Numerals id, at, incident;
  Texts check, kind, to, why, detail, notifiers;
  for (const Change& change : changes) {
    for (const Withheld& row : change.withheld) {
      id.push_back(row.id);
      at.push_back(millis(row.at));
      check.push_back(clean(row.check));
      incident.push_back(row.incident);
      kind.emplace_back(to_string(row.kind));
      to.emplace_back(to_string(row.to));
      why.emplace_back(to_string(row.why));
      detail.push_back(clean(row.detail));
      notifiers.push_back(to_json(row.notifiers));
    }
  }
  if (id.empty()) return;
  session.poco() << "INSERT OR REPLACE INTO withheld (id, at, check_name, incident, kind,"
                    " to_state, why, detail, notifiers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      use(id), use(at), use(check), use(incident), use(kind), use(to), use(why), use(detail),
      use(notifiers), now;
}

std::vector<Silence> read_silences(SqliteSession& session) {
  std::vector<Silence> out;
  SilenceFields fields;
  Statement select(session.poco());
  fields.attach(select);
  while (!select.done()) {
    if (select.execute() > 0) fields.add_to(out);
  }
  return out;
}

void write_silences(SqliteSession& session, std::span<const Change> changes) {
  SilenceColumns silences;
  for (const Change& change : changes) silences.add(change);
  silences.write(session.poco());
}

}  // namespace tocsin
