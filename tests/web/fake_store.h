// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tocsin/store.h"

namespace tocsin {

// Keeps its rows newest first and answers as the contract in tocsin/store.h says.
class FakeStore final : public Store {
 public:
  Saved load() override { return {}; }
  void commit(Change, std::function<void(bool)>) override {}
  std::vector<Withheld> withheld(const std::string& check, std::int64_t before,
                                 int limit) override {
    std::vector<Withheld> out;
    for (const Withheld& row : withheld_rows) {
      if (before != 0 && row.id >= before) continue;
      if (!check.empty() && row.check != check) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(row);
    }
    return out;
  }
  void flush() override {}
  std::string trouble() const override { return {}; }

  std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only) override {
    if (broken) throw std::runtime_error("disk I/O error at /secret/path");
    std::vector<IncidentRecord> out;
    for (const IncidentRecord& row : incident_rows) {
      if (before != 0 && row.id >= before) continue;
      if (open_only && row.closed_at) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(row);
    }
    return out;
  }
  std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                             std::optional<DeliveryStatus> status) override {
    std::vector<NotificationRow> out;
    for (const NotificationRow& row : notification_rows) {
      if (before != 0 && row.notification->id >= before) continue;
      if (status && row.delivery.status != *status) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(row);
    }
    return out;
  }

  std::vector<IncidentRecord> incident_rows;
  std::vector<NotificationRow> notification_rows;
  std::vector<Withheld> withheld_rows;
  std::atomic<bool> broken{false};
};

}  // namespace tocsin
