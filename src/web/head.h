// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin {

// A request's head (request line and headers) may have this many bytes.
inline constexpr std::size_t kMostHead = 16 * 1024;

// What the first bytes of a connection amount to.
enum class Head {
  more,       // the beginning of a head, as far as it goes
  complete,   // a head that Poco's parser takes, without reading on
  bad,        // never a head, whatever follows
  too_large,  // no end within kMostHead
};

// Looks at what has arrived so far. Pure. A head that is complete by this is read later by Poco's
// server from the same bytes, so that its blocking read returns at once.
Head judge_head(std::string_view arrived);

}  // namespace tocsin
