// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/registry.h"

#include <array>

#include "notify/types.h"

namespace tocsin {

NotifierTypes notifier_types() noexcept {
  static const std::array kTypes{
      kConsoleNotifier,
      kEmailNotifier,
      kExecNotifier,
      kGoogleChatNotifier,
      kSlackNotifier,
      kWebhookNotifier,
  };
  return kTypes;
}

}  // namespace tocsin
