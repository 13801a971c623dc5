// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>

#include "notify/http_sink.h"
#include "tocsin/settings.h"

namespace tocsin {

// A webhook's URL, which is a secret as a whole: whoever knows it can write there. Asks for the
// key; reports what is wrong with it without quoting it; adds the parts that give access (its
// path's and its query's) to `sink.secrets`. `example` shows people what is wanted, as in
// "https://hooks.slack.com/services/…". Empty after an error; a stand-in if it was left unresolved.
std::string parse_secret_url(Settings& settings, std::string_view key, std::string_view example,
                             HttpSink& sink);

}  // namespace tocsin
