// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "probe/json_pick.h"
#include "probe/step_template.h"
#include "tocsin/settings.h"
#include "util/pattern.h"

namespace tocsin {

// What a step takes out of its answer for later steps. Immutable once parsed.
struct StepCapture {
  enum class From : std::uint8_t { json, header, pattern };

  std::string name;
  From from = From::json;
  std::string source;  // a JSON path or a header's name, as written
  JsonPath path;
  std::optional<Pattern> pattern;  // its first group, else all that matched
};

// Reads a step's section `capture` and reports mistakes.
std::vector<StepCapture> parse_captures(Settings& step);

// Takes them all out of the answer. Returns why that cannot be done, naming the capture and never
// its value; empty if it could.
std::string capture(const std::vector<StepCapture>& wanted, const HttpResponse& response,
                    Captured& into);

}  // namespace tocsin
