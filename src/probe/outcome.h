// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "net/http_client.h"
#include "tocsin/result.h"

namespace tocsin {

// The rules that all network probers share on what a finding makes of a result. All functions are
// pure.

// `unknown` for what is our own side's fault (no resolver, no descriptors), else `down`.
Verdict verdict_of(NetError error) noexcept;
// Makes the result one of a probe that failed so.
void set_failure(Result& result, NetError error, std::string reason);
// Makes the result `down` for an answer that is not the wanted one.
void set_down(Result& result, std::string reason);

// Makes a result that is up `degraded`; adds the reason to one that is degraded already; leaves any
// other alone.
void degrade(Result& result, std::string reason);

// The two that may degrade a result that is up, and leave any other alone. Both may speak: the
// reasons are joined.
// Slower than `most` is degraded; zero: no limit.
void judge_response_time(Result& result, Millis most);
// Fewer days than `least` until the certificate ends is degraded, an end that is past is down
// (where verification did not say so already); negative: not asked for.
void judge_certificate(Result& result, int least);

// What the other side sent, quoted in a reason: made printable and cut; "nothing" if it is empty.
std::string quote(std::string_view sent);

}  // namespace tocsin
