// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/wording.h"

#include "notify/text.h"

namespace tocsin {

Wording parse_wording(Settings&) {
  return {};
}

Words words_of(const Delivery& delivery, const Wording&) {
  const Notification& notification = delivery.notification;
  const Message& message = *notification.message;
  const WallTime now = delivery.clock.wall();
  Words out;
  out.title = first_line(message);
  out.lines = body_lines(message, now, late_by(notification, now, delivery.late));
  if (message.runbook.starts_with("https://") || message.runbook.starts_with("http://")) {
    out.link = message.runbook;
  }
  return out;
}

std::string joined(const Words& words) {
  std::string out = words.title;
  for (const std::string& line : words.lines) out += "\n" + line;
  return out;
}

}  // namespace tocsin
