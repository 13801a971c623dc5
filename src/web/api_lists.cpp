// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <limits>

#include "web/handlers.h"
#include "web/json.h"

// The store's lists, newest first, page by page: `before` is the number of the last row of the page
// before, which `next` of that page names. One row more than asked for is fetched, to know whether
// there is a next page.

namespace tocsin {
namespace {

constexpr std::int64_t kDefaultLimit = 100;
constexpr std::int64_t kMostAtOnce = 1000;

struct Window {
  std::int64_t before;  // 0: from the newest
  int limit;
};

Window read_window(Query& query) {
  const std::int64_t before =
      query.integer("before", 0, 1, std::numeric_limits<std::int64_t>::max());
  return {before, static_cast<int>(query.integer("limit", kDefaultLimit, 1, kMostAtOnce))};
}

constexpr std::string_view to_string(DeliveryStatus status) noexcept {
  switch (status) {
    case DeliveryStatus::waiting: return "waiting";
    case DeliveryStatus::sent: return "sent";
    case DeliveryStatus::dead: return "dead";
    case DeliveryStatus::folded: return "folded";
  }
  return "waiting";
}

std::optional<DeliveryStatus> read_status(Query& query) {
  const auto given = query.text("status");
  if (!given) return std::nullopt;
  for (const DeliveryStatus status : {DeliveryStatus::waiting, DeliveryStatus::sent,
                                      DeliveryStatus::dead, DeliveryStatus::folded}) {
    if (to_string(status) == *given) return status;
  }
  query.mistake("'status' must be waiting, sent, dead or folded");
  return std::nullopt;
}

void write_row(JsonWriter& json, const IncidentRecord& incident) {
  json.begin_object();
  json.field("id", incident.id);
  json.field("check", incident.check);
  json.field("open", !incident.closed_at.has_value());
  json.field("since", incident.since);
  json.field("opened_at", incident.opened_at);
  json.field("closed_at", incident.closed_at);
  json.field("worst", tocsin::to_string(incident.worst));
  json.field("reason", incident.reason);
  json.field("details", incident.details);
  json.field("thread", incident.thread_key);
  json.field("told", incident.told);
  json.field("reminders", incident.reminders);
  json.field("reminded_at", incident.reminded_at);
  write_acknowledgement(json, incident.acknowledged);
  json.end_object();
}

void write_message(JsonWriter& json, const Message& message) {
  json.field("kind", tocsin::to_string(message.kind));
  json.key("check");
  message.check.empty() ? json.null() : json.value(message.check);
  json.field("reason", message.reason);
  json.field("note", message.note);
  json.field("from", tocsin::to_string(message.from));
  json.field("to", tocsin::to_string(message.to));
  json.field("decided_at", message.decided_at);
  json.key("incident");
  message.incident == 0 ? json.null() : json.value(message.incident);
  json.field("durable", message.durable);
}

// A moment that has not come yet is kept as zero by the store.
void write_moment(JsonWriter& json, std::string_view name, WallTime at) {
  json.key(name);
  at == WallTime{} ? json.null() : json.value(at);
}

void write_delivery(JsonWriter& json, const DeliveryRecord& delivery) {
  json.field("status", to_string(delivery.status));
  json.field("attempts", delivery.attempts);
  json.field("in_doubt", delivery.in_doubt);
  json.field("last_error", delivery.last_error);
  write_moment(json, "last_attempt_at", delivery.at);
  json.field("next_attempt_at", delivery.next_at);
  json.field("thread_ref", delivery.thread_ref);
  json.field("message_ref", delivery.message_ref);
  json.key("folded_into");
  delivery.folded_into == 0 ? json.null() : json.value(delivery.folded_into);
}

void write_row(JsonWriter& json, const NotificationRow& row) {
  const Notification& notification = *row.notification;
  json.begin_object();
  json.field("id", notification.id);
  json.field("uid", notification.uid);
  json.field("notifier", notification.notifier);
  json.field("thread_key", notification.thread_key);
  json.field("created_at", notification.created_at);
  write_message(json, *notification.message);
  write_delivery(json, row.delivery);
  json.end_object();
}

void write_row(JsonWriter& json, const Withheld& row) {
  json.begin_object();
  json.field("id", row.id);
  json.field("at", row.at);
  json.field("check", row.check);
  json.key("incident");
  row.incident == 0 ? json.null() : json.value(row.incident);
  json.field("kind", tocsin::to_string(row.kind));
  json.field("to", tocsin::to_string(row.to));
  json.field("why", tocsin::to_string(row.why));
  json.field("detail", row.detail);
  json.field("notifiers", row.notifiers);
  json.end_object();
}

std::int64_t id_of(const Withheld& row) {
  return row.id;
}

std::int64_t id_of(const IncidentRecord& incident) {
  return incident.id;
}

std::int64_t id_of(const NotificationRow& row) {
  return row.notification->id;
}

template <typename Row>
Response list(std::string_view name, const std::vector<Row>& rows, int limit) {
  const auto most = static_cast<std::size_t>(limit);
  Response response{200, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  json.begin_object();
  json.key(name);
  json.begin_array();
  for (std::size_t i = 0; i < std::min(most, rows.size()); ++i) write_row(json, rows[i]);
  json.end_array();
  json.key("next");
  rows.size() > most ? json.value(id_of(rows[most - 1])) : json.null();
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace

Response get_incidents(const Request& request, const Services& services) {
  Query query(request);
  const Window window = read_window(query);
  const bool open_only = query.flag("open");
  if (auto refusal = query.refusal()) return std::move(*refusal);
  return list("incidents", services.store.incidents(window.before, window.limit + 1, open_only),
              window.limit);
}

Response get_notifications(const Request& request, const Services& services) {
  Query query(request);
  const Window window = read_window(query);
  const auto status = read_status(query);
  if (auto refusal = query.refusal()) return std::move(*refusal);
  return list("notifications",
              services.store.notifications(window.before, window.limit + 1, status), window.limit);
}

Response get_withheld(const Request& request, const Services& services) {
  Query query(request);
  const Window window = read_window(query);
  const std::string check(query.text("check").value_or(""));
  if (auto refusal = query.refusal()) return std::move(*refusal);
  return list("withheld", services.store.withheld(check, window.before, window.limit + 1),
              window.limit);
}

}  // namespace tocsin
