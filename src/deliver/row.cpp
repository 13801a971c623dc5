// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/row.h"

#include <memory>
#include <utility>

namespace tocsin {

Row make_row(NotificationPtr notification) {
  Row row;
  row.delivery.notification = notification->id;
  row.place = {notification->id, 0};
  row.notification = std::move(notification);
  return row;
}

NotificationPtr not_durable(const Notification& notification) {
  auto message = std::make_shared<Message>(*notification.message);
  message->durable = false;
  auto out = std::make_shared<Notification>(notification);
  out->message = std::move(message);
  return out;
}

}  // namespace tocsin
