// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/step_capture.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "probe/header_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestShown = 100;

std::string quoted(std::string_view text) {
  return '"' + printable(text, kLongestShown) + '"';
}

StepCapture parse_one(Settings& section, const std::string& name) {
  StepCapture out;
  out.name = name;
  const std::string json = section.text("json");
  const std::string header = section.text("header");
  const std::string pattern = section.pattern("pattern");
  const int ways =
      int{section.has("json")} + int{section.has("header")} + int{section.has("pattern")};
  if (ways != 1) section.error("give exactly one of 'json', 'header' and 'pattern'");
  if (section.has("header")) {
    out.from = StepCapture::From::header;
    out.source = header;
    if (!is_header_name(header)) {
      section.error("header", "not a header's name: " + quoted(header));
    }
  } else if (section.has("pattern")) {
    out.from = StepCapture::From::pattern;
    if (!pattern.empty()) out.pattern.emplace(pattern);
  } else if (section.has("json")) {
    out.source = json;
    auto path = parse_json_path(json);
    if (!path) {
      section.error("json", "not a path such as data.token or items[0].id: " + quoted(json));
    }
    out.path = std::move(path).value_or(JsonPath{});
  }
  return out;
}

// A value that was found, or why there is none.
struct Found {
  std::string value;
  std::string trouble;
};

Found from_json(const StepCapture& wanted, const HttpResponse& response) {
  if (response.body_cut) return {{}, "the body is longer than body_limit: its JSON is incomplete"};
  JsonValue value;
  try {
    value = pick_json(response.body, {wanted.path}).front();
  } catch (const std::runtime_error&) {
    return {{}, "the body is not JSON"};
  }
  const std::string path = "JSON " + printable(wanted.source, kLongestShown);
  switch (value.kind) {
    case JsonValue::Kind::missing: return {{}, path + " is missing"};
    case JsonValue::Kind::null: return {{}, path + " is null"};
    case JsonValue::Kind::object: return {{}, path + " is an object"};
    case JsonValue::Kind::list: return {{}, path + " is a list"};
    default: return {std::move(value.text), {}};
  }
}

Found from_header(const StepCapture& wanted, const HttpResponse& response) {
  const std::string key = to_lower(wanted.source);
  for (const auto& [name, value] : response.headers) {
    if (to_lower(name) == key) return {value, {}};
  }
  return {{}, "there is no header " + wanted.source};
}

Found from_pattern(const StepCapture& wanted, const HttpResponse& response) {
  const auto found = wanted.pattern->first_group(response.body);
  if (found) return {std::string(*found), {}};
  return {{},
          "the body does not match /" + printable(wanted.pattern->source(), kLongestShown) + "/"};
}

Found find(const StepCapture& wanted, const HttpResponse& response) {
  switch (wanted.from) {
    case StepCapture::From::json: return from_json(wanted, response);
    case StepCapture::From::header: return from_header(wanted, response);
    default: return from_pattern(wanted, response);
  }
}

}  // namespace

std::vector<StepCapture> parse_captures(Settings& step) {
  const auto section = step.section("capture");
  std::vector<StepCapture> out;
  for (const std::string& name : section->names()) {
    const auto one = section->short_section(name, "json");
    if (!is_capture_name(name)) {
      section->error(name, "not a name to put in braces: letters, digits and _, no digit first");
    }
    out.push_back(parse_one(*one, name));
  }
  return out;
}

std::string capture(const std::vector<StepCapture>& wanted, const HttpResponse& response,
                    Captured& into) {
  for (const StepCapture& one : wanted) {
    Found found = find(one, response);
    if (!found.trouble.empty()) return "no " + one.name + ": " + found.trouble;
    const std::string trouble = unusable(found.value);
    if (!trouble.empty()) return "no " + one.name + ": what came for it is of no use: " + trouble;
    into.insert_or_assign(one.name, std::move(found.value));
  }
  return {};
}

}  // namespace tocsin
