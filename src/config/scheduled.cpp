// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/scheduled.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "config/address.h"
#include "config/calendar_times.h"
#include "config/common.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kGrace = std::chrono::hours{1};
constexpr Settings::Range<Millis> kGraceRange{std::chrono::minutes{1}, std::chrono::hours{24}};
constexpr Millis kLeastDistance = std::chrono::minutes{1};  // between two occasions

// One entry while it is read.
class ScheduledReader {
 public:
  ScheduledReader(Loading& loading, Section& section, Names& notifiers)
      : loading_(loading), section_(section), notifiers_(notifiers) {}

  ScheduledMessagePtr read(const std::vector<std::string>& inherited);
  Shown shown() const;

 private:
  void read_times();
  void read_notify(const std::vector<std::string>& inherited);
  void read_message();
  std::string line(std::string_view key, std::size_t most);

  Loading& loading_;
  Section& section_;
  Names& notifiers_;
  std::shared_ptr<ScheduledMessage> out_ = std::make_shared<ScheduledMessage>();
  std::string at_;  // as it is written
  std::string zone_;
};

void ScheduledReader::read_times() {
  const auto times = tocsin::read_times(
      section_,
      "a scheduled message needs the times at which it is told; add \"at\", such as at: \"Mon "
      "09:00\", or a crontab's \"0 9 * * 1\"");
  out_->grace = section_.duration("grace", kGrace, kGraceRange);
  if (!times) return;
  at_ = times->at;
  zone_ = times->zone;
  out_->at = at_ + " (" + zone_ + ")";
  out_->next_after = times->next_after;
  const Upcoming upcoming = look_ahead(*times);
  if (!upcoming.any) section_.warn("at", "none of these times is still to come");
  if (upcoming.least && *upcoming.least < kLeastDistance) {
    section_.error("at", "these times are less than a minute apart; nobody reads that");
  }
}

void ScheduledReader::read_notify(const std::vector<std::string>& inherited) {
  const auto own = read_names(section_, "notify");
  if (!own) out_->notify = inherited;
  if (own) {
    for (const PlacedText& name : *own) {
      notifiers_.find(name);
      out_->notify.push_back(name.text);
    }
  }
  const bool broken = section_.node("notify") != nullptr && !own;
  if (!out_->notify.empty() || broken || !out_->enabled || !loading_.complete) return;
  loading_.problems.error(section_.place(), "scheduled message " + in_quotes(out_->name) +
                                                " tells nobody; give it \"notify\", or set it in "
                                                "\"defaults\"");
}

std::string ScheduledReader::line(std::string_view key, std::size_t most) {
  std::string value = read_text(section_, key, false).value_or("");
  if (value.size() > most) {
    section_.error(key, "longer than " + std::to_string(most) + " bytes; shorten it");
  }
  return value;
}

// Of a text of several lines the first is the text, and the others go before the details.
void ScheduledReader::read_message() {
  OwnMessage& message = out_->message;
  message.thread = line("thread", OwnMessage::kMostThread);
  if (message.thread.empty()) message.thread = out_->name;
  const auto given = read_text(section_, "text", true);
  const std::string text = given.value_or("");
  const std::string details = read_text(section_, "details", true).value_or("");
  const std::size_t end = std::min(text.find('\n'), text.size());
  message.text = trim(std::string_view(text).substr(0, end));
  message.details = trim(std::string_view(text).substr(end));
  if (!message.details.empty() && !details.empty()) message.details += '\n';
  message.details += details;
  if (message.details.size() > OwnMessage::kMostDetails) {
    section_.error("details", "longer than " + std::to_string(OwnMessage::kMostDetails) +
                                  " bytes together with the text's further lines; shorten it");
  }
  if (message.text.size() > OwnMessage::kMostText) {
    section_.error("text", "its first line is longer than " +
                               std::to_string(OwnMessage::kMostText) + " bytes; shorten it");
  }
  const bool missing = section_.node("text") == nullptr;
  if (missing || (given && message.text.empty())) {
    section_.error("text", "a scheduled message needs a text; add \"text: …\"");
  }
  message.link = line("link", OwnMessage::kMostLink);
  const std::string mistake =
      message.link.empty() ? "" : url_mistake(message.link, {"https", "http"});
  if (!mistake.empty()) section_.error("link", mistake);
}

ScheduledMessagePtr ScheduledReader::read(const std::vector<std::string>& inherited) {
  out_->name = read_name(section_, "scheduled message");
  out_->enabled = section_.flag("enabled", true);
  read_times();
  read_notify(inherited);
  read_message();
  section_.finish();
  return out_;
}

Shown ScheduledReader::shown() const {
  Shown out = Shown::mapping();
  out.add("name", Shown::of(out_->name));
  out.add("enabled", Shown::of(out_->enabled ? "true" : "false"));
  out.add("at", Shown::of(at_));
  out.add("time_zone", Shown::of(zone_));
  out.add("grace", Shown::of(write_duration(out_->grace)));
  out.add("notify", Shown::texts(out_->notify));
  out.add("thread", Shown::of(escape_dollars(out_->message.thread)));
  out.add("text", Shown::of(escape_dollars(out_->message.text)));
  out.add("details", Shown::of(escape_dollars(out_->message.details)));
  out.add("link", Shown::of(escape_dollars(out_->message.link)));
  return out;
}

}  // namespace

void read_scheduled(Loading& loading, std::vector<Section>& files, Names& notifiers,
                    const std::vector<std::string>& inherited, Config& config) {
  Names names(loading, "scheduled message");
  Shown shown;
  shown.kind = Shown::Kind::list;
  for (Section& file : files) {
    for (const Node* mapping : file.mappings("scheduled_messages")) {
      Section section = file.item("scheduled_messages", mapping);
      ScheduledReader entry(loading, section, notifiers);
      config.scheduled_messages.push_back(entry.read(inherited));
      names.add(config.scheduled_messages.back()->name, section.place("name"));
      if (loading.record) shown.list.push_back(entry.shown());
    }
  }
  loading.document.add("scheduled_messages", std::move(shown));
}

}  // namespace tocsin
