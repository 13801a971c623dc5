// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string_view>

namespace tocsin {

// What may stand in a header of HTTP, so that a configuration cannot smuggle lines into a request.
// Pure functions.

// A token: RFC 9110, section 5.6.2.
bool is_header_name(std::string_view name) noexcept;
// No control character but the tab.
bool is_header_value(std::string_view value) noexcept;

}  // namespace tocsin
