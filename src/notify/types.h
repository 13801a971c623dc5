// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/registry.h"

namespace tocsin {

// What each notifier's file exports: one constant, a line of registry.cpp.
extern const NotifierType kAlertmanagerNotifier;
extern const NotifierType kConsoleNotifier;
extern const NotifierType kDiscordNotifier;
extern const NotifierType kEmailNotifier;
extern const NotifierType kExecNotifier;
extern const NotifierType kFileNotifier;
extern const NotifierType kGoogleChatNotifier;
extern const NotifierType kGotifyNotifier;
extern const NotifierType kJournaldNotifier;
extern const NotifierType kMatrixNotifier;
extern const NotifierType kMattermostNotifier;
extern const NotifierType kNtfyNotifier;
extern const NotifierType kOpsgenieNotifier;
extern const NotifierType kPagerdutyNotifier;
extern const NotifierType kPushoverNotifier;
extern const NotifierType kRocketchatNotifier;
extern const NotifierType kSlackNotifier;
extern const NotifierType kSyslogNotifier;
extern const NotifierType kTeamsNotifier;
extern const NotifierType kTelegramNotifier;
extern const NotifierType kWebhookNotifier;
extern const NotifierType kZulipNotifier;

}  // namespace tocsin
