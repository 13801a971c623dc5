// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string_view>
#include <vector>

#include "config/loading.h"
#include "config/section.h"
#include "tocsin/config.h"

namespace tocsin {

// The file that gives a key which only one of them may give; the first file if none does. Reports
// the others, with both places. There is at least one file.
Section& sole(Loading& loading, std::vector<Section>& files, std::string_view key);

// The keys that are about the daemon itself: instance, state_dir, log, web, probe_threads,
// storm_threshold.
void read_daemon(Loading& loading, std::vector<Section>& files, Config& config);

// The section `web` alone.
WebSettings read_web_settings(Loading& loading, std::vector<Section>& files);

}  // namespace tocsin
