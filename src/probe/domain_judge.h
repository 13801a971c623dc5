// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "probe/domain_settings.h"
#include "probe/rdap.h"
#include "tocsin/result.h"

namespace tocsin {

// What a registration makes of a result that is up. Everything that is wrong is told, what makes it
// down first. Pure.
void judge_domain(Result& result, const DomainSettings& settings, const RdapDomain& domain,
                  WallTime now);

// For `tocsin probe`.
void explain_domain(Result& result, const RdapDomain& domain);

}  // namespace tocsin
