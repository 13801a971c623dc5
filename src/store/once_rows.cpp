// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/once_rows.h"

#include <Poco/Data/Statement.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "store/message_json.h"

namespace tocsin {
namespace {

using Poco::Data::Statement;
using Poco::Data::Keywords::into;
using Poco::Data::Keywords::now;
using Poco::Data::Keywords::range;
using Poco::Data::Keywords::use;
using Texts = std::vector<std::string>;

// A NUL would end the text when Poco reads it back.
std::string clean(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

// "12 1f0e7c1e-… ops" each; what is not that is left out.
std::vector<MadeNotification> made_of(const std::string& json) {
  std::vector<MadeNotification> out;
  for (const std::string& text : texts_from_json(json)) {
    MadeNotification made;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, made.id);
    if (error != std::errc{} || stop == end || *stop != ' ') continue;
    const std::string rest(stop + 1, end);
    const std::size_t blank = rest.find(' ');
    if (blank == std::string::npos) continue;
    made.uid = rest.substr(0, blank);
    made.notifier = rest.substr(blank + 1);
    out.push_back(std::move(made));
  }
  return out;
}

// The last word on each key: put, or forgotten.
class OnceColumns {
 public:
  void add(const Change& change) {
    for (const ToldOnce& once : change.told_once) last_[once.key] = &once;
    for (const std::string& key : change.forgotten_once) last_[key] = nullptr;
  }

  void write(Poco::Data::Session& session) {
    for (const auto& [key, once] : last_) {
      if (once == nullptr) {
        gone_.emplace_back(key);
      } else {
        add_row(*once);
      }
    }
    if (!gone_.empty()) session << "DELETE FROM told_once WHERE key = ?", use(gone_), now;
    if (key_.empty()) return;
    session << "INSERT OR REPLACE INTO told_once (key, at, content, notifications)"
               " VALUES (?, ?, ?, ?)",
        use(key_), use(at_), use(content_), use(notifications_), now;
  }

 private:
  void add_row(const ToldOnce& once) {
    Texts made;
    for (const MadeNotification& it : once.notifications) {
      made.push_back(std::to_string(it.id) + " " + it.uid + " " + it.notifier);
    }
    at_.push_back(once.at.time_since_epoch().count());
    content_.push_back(clean(once.content));
    notifications_.push_back(to_json(made));
    key_.push_back(clean(once.key));
  }

  std::map<std::string_view, const ToldOnce*> last_;
  Texts gone_, key_, content_, notifications_;
  std::vector<Poco::Int64> at_;
};

}  // namespace

std::vector<ToldOnce> read_told_once(SqliteSession& session) {
  std::vector<ToldOnce> out;
  ToldOnce row;
  Poco::Int64 at = 0;
  std::string made;
  Statement select(session.poco());
  select << "SELECT key, at, content, notifications FROM told_once", into(row.key), into(at),
      into(row.content), into(made), range(0, 1);
  while (!select.done()) {
    if (select.execute() == 0) continue;
    row.at = WallTime{Millis{at}};
    row.notifications = made_of(made);
    out.push_back(row);
  }
  return out;
}

void write_told_once(SqliteSession& session, std::span<const Change> changes) {
  OnceColumns once;
  for (const Change& change : changes) once.add(change);
  once.write(session.poco());
}

}  // namespace tocsin
