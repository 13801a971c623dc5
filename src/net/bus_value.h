// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string_view>
#include <vector>

#include "net/bus.h"
#include "net/sd_bus_library.h"

namespace tocsin {

// All values of a message, in order; what comes after a place that cannot be read is left out.
// Pure.
std::vector<BusValue> read_values(const SdBusLibrary& library, sd_bus_message* message,
                                  bool (*keep)(std::string_view key));

}  // namespace tocsin
