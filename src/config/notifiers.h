// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <vector>

#include "config/loading.h"
#include "config/names.h"
#include "config/section.h"
#include "tocsin/config.h"

namespace tocsin {

// The notifiers of all files, joined. Those whose settings are wrong have no Notifier, but their
// names count. `names` gets them all; it refers to the entries' own texts.
std::vector<NotifierEntry> read_notifiers(Loading& loading, std::vector<Section>& files,
                                          Names& names);

}  // namespace tocsin
