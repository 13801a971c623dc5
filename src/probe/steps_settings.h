// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probe/http_settings.h"
#include "probe/step_capture.h"
#include "probe/step_template.h"
#include "tocsin/settings.h"

namespace tocsin {

// One step of a visit. Immutable once parsed.
struct VisitStep {
  std::string name;
  HttpQuestion question;  // its headers and body are in the templates below
  StepTemplate url;       // absolute
  std::string origin;     // the URL up to where placeholders may stand
  std::vector<std::pair<std::string, StepTemplate>> headers;
  StepTemplate body;
  Encoding body_encoding = Encoding::none;  // by its Content-Type
  bool always = false;                      // also after a step that failed
  std::vector<StepCapture> captures;
};

// A scripted visit: its steps, and what they share.
struct StepsSettings {
  std::vector<VisitStep> steps;
  int redirects = 5;
  std::size_t body_limit = 1024 * 1024;
  std::unique_ptr<const HttpTransport> transport;  // null: as by default
  std::unique_ptr<const HttpAuth> auth;            // null: none
  Millis response_time{0};                         // of the whole visit; 0: no limit
};

StepsSettings parse_steps(Settings& settings, Millis timeout);

}  // namespace tocsin
