// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/registry.h"

namespace tocsin {

// Every type of notifier, sorted by name. Constant data.
NotifierTypes notifier_types() noexcept;

}  // namespace tocsin
