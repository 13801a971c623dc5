// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "tocsin/settings.h"
#include "tocsin/time.h"

namespace tocsin {

// The keys of a `grpc` check. Immutable once parsed.
struct GrpcSettings {
  std::string address;  // as it is shown
  std::string service;  // empty: the server as a whole
  bool tls = false;
  HttpRequest request;  // all of it but the deadline and what follows from that; full of secrets
  std::vector<std::pair<std::string, std::string>> shown_metadata;
  // Whether what the server says may be quoted: not if it was sent secrets, which it could repeat.
  bool quotable = true;
  std::vector<std::string> statuses{"SERVING"};  // one of them is expected
  int certificate_days = -1;
  Millis response_time{0};
};

// The keys as the file has them; mistakes are reported.
GrpcSettings parse_grpc(Settings& settings, Millis timeout);

}  // namespace tocsin
