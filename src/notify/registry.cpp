// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/registry.h"

#include <array>

#include "notify/types.h"

namespace tocsin {

NotifierTypes notifier_types() noexcept {
  static const std::array kTypes{
      kAlertmanagerNotifier,
      kConsoleNotifier,
      kEmailNotifier,
      kExecNotifier,
      kFileNotifier,
      kGoogleChatNotifier,
      kJournaldNotifier,
      kOpsgenieNotifier,
      kPagerdutyNotifier,
      kSlackNotifier,
      kSyslogNotifier,
      kWebhookNotifier,
  };
  return kTypes;
}

}  // namespace tocsin
