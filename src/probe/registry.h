// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/registry.h"

namespace tocsin {

// Every type of check, sorted by name. Constant data.
CheckTypes check_types() noexcept;

}  // namespace tocsin
