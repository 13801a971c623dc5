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
      kDiscordNotifier,
      kEmailNotifier,
      kExecNotifier,
      kFileNotifier,
      kGoogleChatNotifier,
      kGotifyNotifier,
      kJournaldNotifier,
      kMatrixNotifier,
      kMattermostNotifier,
      kNtfyNotifier,
      kOpsgenieNotifier,
      kPagerdutyNotifier,
      kPushoverNotifier,
      kRocketchatNotifier,
      kSlackNotifier,
      kSyslogNotifier,
      kTeamsNotifier,
      kTelegramNotifier,
      kWebhookNotifier,
      kZulipNotifier,
  };
  return kTypes;
}

}  // namespace tocsin
