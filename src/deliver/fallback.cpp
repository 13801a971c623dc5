// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/fallback.h"

#include <memory>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kVersionAt = 14;  // xxxxxxxx-xxxx-Vxxx-…
constexpr char kMark = '8';

}  // namespace

NotificationPtr make_fallback(const Notification& rejected, const std::string& notifier,
                              std::int64_t id) {
  auto out = std::make_shared<Notification>(rejected);
  out->id = id;
  out->uid = random_uuid();
  out->uid[kVersionAt] = kMark;
  out->notifier = notifier;
  return out;
}

bool is_fallback(const Notification& notification) noexcept {
  return notification.uid.size() > kVersionAt && notification.uid[kVersionAt] == kMark;
}

}  // namespace tocsin
