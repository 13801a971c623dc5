// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What keeps a message from being told twice is one row, written in the transaction that makes its
// notifications. A crash before that transaction: nobody was told, and it is still due, or the
// caller has no answer and posts again. A crash after it: the row says so. There is nothing in
// between.
#include "core/own_messages.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include "schedule/occasion.h"
#include "util/duration.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kOnTime = std::chrono::minutes{1};  // what is told within this is not called late
constexpr Millis kForgetEvery = std::chrono::minutes{1};
constexpr std::string_view kPosted = "posted ";
constexpr std::string_view kScheduled = "scheduled ";

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

// What tells one message from another; a NUL stands in none of the parts.
std::string digest_of(const OwnMessage& message, const std::vector<std::string>& to) {
  std::string all = joined(to);
  for (const std::string* part :
       {&message.thread, &message.text, &message.details, &message.link}) {
    all += '\0' + *part;
  }
  char hex[24];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(spread_hash(all)));
  return hex;
}

std::vector<MadeNotification> made_since(std::size_t first, const Change& change) {
  std::vector<MadeNotification> out;
  for (std::size_t i = first; i < change.notifications.size(); ++i) {
    const Notification& it = *change.notifications[i];
    out.push_back({it.id, it.uid, it.notifier});
  }
  return out;
}

PostAnswer refused(std::string mistake) {
  PostAnswer out;
  out.fate = PostAnswer::Fate::refused;
  out.mistake = std::move(mistake);
  return out;
}

// Why these cannot be told; empty if they can.
std::string mistake_in(const std::vector<std::string>& to, const Config& config) {
  std::vector<std::string_view> known;
  for (const NotifierEntry& entry : config.notifiers) known.push_back(entry.name);
  if (known.empty()) return "there are no notifiers; add one to the configuration";
  if (to.empty())
    return "there are several notifiers: name those that are to be told (\"to\", or --to)";
  for (const std::string& name : to) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view near = nearest(name, known);
    return "no notifier is named \"" + printable(name, 200) + '"' +
           (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?");
  }
  return {};
}

// What a message that is told late begins its details with; empty if it is in time.
std::string remark_of(const DueOccasion& due, WallTime now) {
  std::string out;
  if (now - *due.tell > kOnTime) {
    out =
        "was due " + human_time(*due.tell) + ", told " + human_duration(now - *due.tell) + " late";
  }
  if (due.earlier == 0) return out;
  const std::string count = std::to_string(due.earlier);
  return out + (out.empty() ? "" : "; ") + "stands for " + count + " earlier " +
         (due.earlier == 1 ? "one" : "ones") + " that " + (due.earlier == 1 ? "was" : "were") +
         " missed";
}

}  // namespace

OwnMessages::OwnMessages(std::vector<ToldOnce> saved) {
  for (ToldOnce& once : saved) {
    if (once.key.starts_with(kPosted)) {
      std::string id = once.key.substr(kPosted.size());
      posted_.emplace(std::move(id), std::move(once));
    } else if (once.key.starts_with(kScheduled)) {
      std::string name = once.key.substr(kScheduled.size());
      planned_[std::move(name)].record = std::move(once);
    }
  }
}

void OwnMessages::take_config(const Config& config, WallTime now, Change& change) {
  auto before = std::exchange(planned_, {});
  for (const ScheduledMessagePtr& message : config.scheduled_messages) {
    if (!message->enabled) continue;
    Planned planned;
    const auto known = before.find(message->name);
    if (known != before.end()) {
      planned = std::move(known->second);
      before.erase(known);
    }
    planned.message = message;
    ToldOnce& record = planned.record;
    if (record.key.empty() || record.content != message->at) {
      record.key = once_key(OnceKind::scheduled, message->name);
      record.content = message->at;
      record.at = std::max(record.at, now);
      change.told_once.push_back(record);
    }
    planned.next = message->next_after(record.at);
    planned_.emplace(message->name, std::move(planned));
  }
  for (const auto& [name, planned] : before) change.forgotten_once.push_back(planned.record.key);
}

void OwnMessages::turn(SteadyTime steady, const Desk& desk, Change& change) {
  for (auto& [name, planned] : planned_) {
    if (is_ahead(planned, steady, desk.now, change)) continue;
    if (planned.next && desk.now >= *planned.next) tell_due(planned, desk, change);
  }
  if (!looked_for_old_ids_at_ || steady - *looked_for_old_ids_at_ >= kForgetEvery) {
    looked_for_old_ids_at_ = steady;
    forget_ids(desk.now, change);
  }
}

bool OwnMessages::is_ahead(Planned& planned, SteadyTime steady, WallTime now, Change& change) {
  ToldOnce& record = planned.record;
  if (record.at - now <= kAhead) {
    planned.ahead_at.reset();
    return false;
  }
  if (!planned.ahead_at) planned.ahead_at = steady;
  if (steady - *planned.ahead_at < kAheadPatience) return true;
  log(LogLevel::warn, "scheduled_message", "name", planned.message->name, "told_until",
      rfc3339(record.at), "effect", "the clock was ahead then: its occasions begin anew now");
  planned.ahead_at.reset();
  record.at = now;
  planned.next = planned.message->next_after(now);
  change.told_once.push_back(record);
  return false;
}

void OwnMessages::tell_due(Planned& planned, const Desk& desk, Change& change) {
  const ScheduledMessage& message = *planned.message;
  ToldOnce& record = planned.record;
  const DueOccasion due = due_occasion(message.next_after, record.at, desk.now, message.grace);
  record.at = due.done;
  planned.next = due.next;
  if (due.skipped) {
    log(LogLevel::warn, "scheduled_message", "name", message.name, "due", rfc3339(*due.skipped),
        "effect", "not told: missed for longer than its grace of " + write_duration(message.grace));
  }
  if (due.tell) {
    OwnMessage own = message.message;
    const std::string remark = remark_of(due, desk.now);
    if (!remark.empty()) own.details = remark + (own.details.empty() ? "" : "\n") + own.details;
    const std::size_t first = change.notifications.size();
    tell_own_message(own, message.notify, desk, change);
    record.notifications = made_since(first, change);
    log(LogLevel::info, "scheduled_message", "name", message.name, "due", rfc3339(*due.tell), "to",
        joined(message.notify), "thread", own.thread);
  }
  change.told_once.push_back(record);
}

void OwnMessages::forget_ids(WallTime now, Change& change) {
  std::erase_if(posted_, [&](const auto& entry) {
    if (std::chrono::abs(now - entry.second.at) < kIdKept) return false;
    change.forgotten_once.push_back(entry.second.key);
    return true;
  });
}

// Nothing if the id is free.
std::optional<PostAnswer> OwnMessages::answer_known(const PostedMessage& posted,
                                                    const std::string& content, WallTime now) {
  PostAnswer out;
  const auto known = posted_.find(posted.id);
  if (known == posted_.end()) {
    if (posted_.size() < kMostIds) return std::nullopt;
    out.fate = PostAnswer::Fate::too_many;
    return out;
  }
  if (std::chrono::abs(now - known->second.at) >= kIdKept) return std::nullopt;
  out.repeated = known->second.content == content;
  out.fate = out.repeated ? PostAnswer::Fate::durable : PostAnswer::Fate::id_taken;
  if (out.repeated) out.notifications = known->second.notifications;
  return out;
}

PostAnswer OwnMessages::post(const PostedMessage& posted, const Config& config, const Desk& desk,
                             Change& change) {
  std::vector<std::string> to = posted.to;
  if (to.empty() && config.notifiers.size() == 1) to = {config.notifiers.front().name};
  std::string mistake = mistake_in(to, config);
  if (!mistake.empty()) return refused(std::move(mistake));
  const std::string content = digest_of(posted.message, to);
  if (!posted.id.empty()) {
    if (auto known = answer_known(posted, content, desk.now)) return std::move(*known);
  }
  PostAnswer out;
  out.fate = PostAnswer::Fate::durable;
  const std::size_t first = change.notifications.size();
  tell_own_message(posted.message, to, desk, change);
  out.notifications = made_since(first, change);
  log(LogLevel::info, "message", "to", joined(to), "thread", posted.message.thread, "id",
      posted.id);
  if (posted.id.empty()) return out;
  ToldOnce& once = posted_[posted.id];
  once = {once_key(OnceKind::posted, posted.id), desk.now, content, out.notifications};
  change.told_once.push_back(once);
  return out;
}

void OwnMessages::add_all(Change& change) const {
  for (const auto& [id, once] : posted_) change.told_once.push_back(once);
  for (const auto& [name, planned] : planned_) change.told_once.push_back(planned.record);
}

}  // namespace tocsin
