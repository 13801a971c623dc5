// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "notify/notifier.h"
#include "notify/wording.h"
#include "tocsin/settings.h"

namespace tocsin {

// A message as an alert of Alertmanager's API v2. The labels are the alert's identity: alertname,
// instance (the check), severity, the check's own labels, the notifier's, and the thread key where
// it is not the check's name. Whatever else changes is an annotation. Pure functions.

struct AlertmanagerLook {
  std::string alertname;
  std::string down;  // values of the label severity; empty: no such label
  std::string degraded;
  std::string unknown;
  std::string daemon;
  std::string info;
  std::vector<std::pair<std::string, std::string>> labels;
  Millis expires_after{};
  Wording wording;
};

// Asks for alertname, severity, labels, expires_after and the wording's keys.
AlertmanagerLook parse_alertmanager_look(Settings& settings);

// Firing, or ended in the past.
Poco::JSON::Object alert_now(const AlertmanagerLook& look, const Delivery& delivery);
// The same incident in the state it was in before, ended, if its severity made it another alert.
std::optional<Poco::JSON::Object> alert_before(const AlertmanagerLook& look,
                                               const Delivery& delivery);

// Short, and equal for equal labels.
std::string alert_fingerprint(const AlertmanagerLook& look, const Notification& notification);

}  // namespace tocsin
