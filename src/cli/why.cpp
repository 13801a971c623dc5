// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin why`: why people were told of a check, or were not.
#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <vector>

#include "cli/commands.h"
#include "cli/daemon_client.h"
#include "cli/json_text.h"
#include "cli/signal_text.h"
#include "util/hold_text.h"

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kMostRows = 30;

struct TimelineRow {
  std::string at;  // as JSON has it, which sorts by time
  std::string text;
};

std::string capitals(std::string word) {
  for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return word;
}

std::string reason_of(const Object::Ptr& row) {
  const Hold why = parse_hold(line_at(row, "why"));
  const std::string detail = line_at(row, "detail");
  // "switch-1 is down" says it all.
  return why == Hold::parent_down && !detail.empty() ? detail : hold_text(why, detail);
}

std::string withheld_row(const Object::Ptr& row) {
  std::string names;
  const Array::Ptr notifiers = row->getArray("notifiers");
  for (unsigned i = 0; notifiers && i < notifiers->size(); ++i) {
    names += (names.empty() ? "" : ", ") + shown_line(notifiers->getElement<std::string>(i));
  }
  return capitals(line_at(row, "kind")) + " not told" + (names.empty() ? "" : " to " + names) +
         ": " + reason_of(row);
}

std::string notification_row(const Object::Ptr& row) {
  const std::string status = line_at(row, "status");
  const std::string to = line_at(row, "notifier");
  const std::string error = line_at(row, "last_error");
  const std::string reason = line_at(row, "reason");
  std::string out = capitals(line_at(row, "kind"));
  if (status == "sent") return out + " told to " + to + (reason.empty() ? "" : ": " + reason);
  if (status == "folded") {
    return out + " told to " + to + " within notification " + line_at(row, "folded_into");
  }
  out += (status == "dead" ? " could not be told to " : " waits to be told to ") + to;
  return out + (error.empty() ? "" : ": " + error);
}

void add_rows(const std::string& json, const char* list, const char* at, const std::string& check,
              std::string (*text)(const Object::Ptr&), std::vector<TimelineRow>& into) {
  const Array::Ptr rows = parse_object(json)->getArray(list);
  if (!rows) throw Poco::DataFormatException("no list");
  for (unsigned i = 0; i < rows->size(); ++i) {
    const Object::Ptr row = rows->getObject(i);
    if (!row) throw Poco::DataFormatException("no row");
    if (row->optValue<std::string>("check", "") != check) continue;
    into.push_back({line_at(row, at) + "\n" + moment_text(row, at), text(row)});
  }
}

std::string standing(const Object::Ptr& check) {
  const std::string reason = line_at(check, "reason");
  std::string out = line_at(check, "name") + ": " + capitals(line_at(check, "state"));
  if (check->optValue("suspected", false)) out += " (suspected)";
  out += " since " + moment_text(check, "since") + (reason.empty() ? "" : ": " + reason) + "\n";
  if (const Object::Ptr held = check->getObject("held_back")) {
    const std::string changes = line_at(held, "changes");
    out += "  not told now: " + reason_of(held) + " (since " + moment_text(held, "since") + ", " +
           changes + (changes == "1" ? " change" : " changes") + " meanwhile)\n";
  } else {
    out += "  nothing holds its news back\n";
  }
  if (const std::string since = moment_text(check, "flapping_since"); !since.empty()) {
    out += "  flapping since " + since + "\n";
  }
  if (const Object::Ptr ack = check->getObject("acknowledged")) {
    const std::string by = line_at(ack, "by");
    const std::string why = line_at(ack, "why");
    out +=
        "  acknowledged" + (by.empty() ? "" : " by " + by) + (why.empty() ? "" : ": " + why) + "\n";
  }
  return out;
}

}  // namespace

std::string why_text(const WhyAnswers& answers) {
  const Object::Ptr check = parse_object(answers.check);
  const auto name = check->getValue<std::string>("name");
  std::vector<TimelineRow> rows;
  add_rows(answers.withheld, "withheld", "at", name, withheld_row, rows);
  add_rows(answers.notifications, "notifications", "created_at", name, notification_row, rows);
  // Both lists come newest first; what is of one moment keeps its order.
  std::reverse(rows.begin(), rows.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const TimelineRow& a, const TimelineRow& b) { return a.at < b.at; });
  std::string out = standing(check) + "\n";
  const std::size_t from = rows.size() - std::min(rows.size(), kMostRows);
  for (std::size_t i = from; i < rows.size(); ++i) {
    out += rows[i].at.substr(rows[i].at.find('\n') + 1) + "  " + rows[i].text + "\n";
  }
  return rows.empty() ? out + "nothing was told of it of late, and nothing held back\n" : out;
}

std::string why_json(const WhyAnswers& answers) {
  const Object::Ptr check = parse_object(answers.check);
  Object all;
  all.set("check", check);
  all.set("withheld", parse_object(answers.withheld)->getArray("withheld"));
  const Array::Ptr rows = parse_object(answers.notifications)->getArray("notifications");
  Array own;
  for (unsigned i = 0; rows && i < rows->size(); ++i) {
    const Object::Ptr row = rows->getObject(i);
    if (row && row->optValue<std::string>("check", "") == check->getValue<std::string>("name")) {
      own.add(row);
    }
  }
  all.set("notifications", own);
  std::ostringstream out;
  all.stringify(out);
  return out.str() + "\n";
}

int why(const WhyOptions& options) {
  const auto daemon = DaemonClient::find(options.file);
  if (!daemon) return 1;
  const std::string name = percent_encode(options.name);
  std::string bodies[3];
  const std::string paths[] = {"/api/v1/checks/" + name, "/api/v1/withheld?limit=100&check=" + name,
                               "/api/v1/notifications?limit=1000"};
  for (std::size_t i = 0; i < std::size(paths); ++i) {
    DaemonClient::Answer answer = daemon->get(paths[i]);
    if (!answer.trouble.empty()) {
      std::fprintf(stderr, "tocsin: %s\n", answer.trouble.c_str());
      return 1;
    }
    bodies[i] = std::move(answer.body);
  }
  try {
    const WhyAnswers answers{bodies[0], bodies[1], bodies[2]};
    std::fputs((options.json ? why_json(answers) : why_text(answers)).c_str(), stdout);
  } catch (const Poco::Exception&) {
    std::fprintf(stderr, "tocsin: what answers there is no Tocsin\n");
    return 1;
  }
  return 0;
}

}  // namespace tocsin
