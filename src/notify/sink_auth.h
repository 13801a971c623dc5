// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "notify/http_sink.h"
#include "tocsin/settings.h"

namespace tocsin {

// The value of an Authorization header: asks for `token` (Bearer, RFC 6750) and for `user` and
// `password` (Basic, RFC 7617), of which one or none may be there, and reports what is wrong with
// them. What is secret of it is added to `sink.secrets`. Empty if there is none.
std::string parse_authorization(Settings& settings, HttpSink& sink);

}  // namespace tocsin
