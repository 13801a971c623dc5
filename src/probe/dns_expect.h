// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "net/dns_exchange.h"
#include "probe/dns_settings.h"
#include "tocsin/result.h"

namespace tocsin {

// What an answer makes of a result. All functions are pure.

// The result is up before. `own_resolver`: nobody named the server that said so, so that what it
// refuses to do is our side's fault.
void judge_dns(Result& result, const DnsSettings& settings, const DnsReply& reply,
               bool own_resolver);

// The records of that type among the answers, whichever name of a chain of CNAMEs they are at.
std::vector<const DnsRecord*> records_of(const DnsMessage& message, std::uint16_t type);

// For `tocsin probe`: the code, the flags, and every record, a line each.
void explain_dns(Result& result, const DnsReply& reply);

}  // namespace tocsin
