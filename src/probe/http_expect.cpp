// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_expect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "net/errno_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

// Of what the other side sent, in a reason.
constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestWanted = 120;

std::string quoted(std::string_view text, std::size_t most) {
  return '"' + printable(text, most) + '"';
}

std::optional<double> number_in(std::string_view text) noexcept {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

// --- parsing

std::optional<HttpExpect::Statuses> parse_status(std::string_view text) noexcept {
  if (text.size() != 3) return std::nullopt;
  if (text[0] >= '1' && text[0] <= '5' && (text.substr(1) == "xx" || text.substr(1) == "XX")) {
    const int hundreds = (text[0] - '0') * 100;
    return HttpExpect::Statuses{hundreds, hundreds + 99};
  }
  int status = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), status);
  if (parsed.ptr != text.data() + text.size() || status < 100 || status > 599) return std::nullopt;
  return HttpExpect::Statuses{status, status};
}

void parse_statuses(Settings& settings, HttpExpect& expect) {
  for (const std::string& text : settings.list("status")) {
    if (const auto status = parse_status(text)) {
      expect.status.push_back(*status);
    } else {
      settings.error(
          "status", "not a status (200) or a class of them (2xx): " + quoted(text, kLongestWanted));
    }
  }
}

HttpExpect::Json parse_condition(std::string path, std::string_view condition) {
  using Is = HttpExpect::Json::Is;
  struct Operator {
    std::string_view sign;
    Is is;
  };
  // Longer signs first.
  static constexpr std::array<Operator, 6> kOperators{{{"<=", Is::at_most},
                                                       {">=", Is::at_least},
                                                       {"!=", Is::unequal},
                                                       {"==", Is::equal},
                                                       {"<", Is::less},
                                                       {">", Is::more}}};
  HttpExpect::Json out;
  out.path = std::move(path);
  out.shown = condition;
  for (const Operator& candidate : kOperators) {
    if (!condition.starts_with(candidate.sign)) continue;
    out.is = candidate.is;
    condition = trim(condition.substr(candidate.sign.size()));
    break;
  }
  out.value = condition;
  return out;
}

void parse_json(Settings& settings, HttpExpect& expect) {
  using Is = HttpExpect::Json::Is;
  for (const auto& [path, condition] : settings.map("json")) {
    if (condition.hides_something()) {
      settings.error("json", "a secret cannot be expected of an answer: " + path);
      continue;
    }
    HttpExpect::Json json = parse_condition(path, condition.value());
    const auto steps = parse_json_path(path);
    if (!steps) {
      settings.error(
          "json", "not a path such as db.status or items[0].name: " + quoted(path, kLongestWanted));
    }
    const bool compares = json.is != Is::equal && json.is != Is::unequal;
    if (compares && !number_in(json.value)) {
      settings.error("json", path + ": " + quoted(condition.value(), kLongestWanted) +
                                 " compares with what is not a number");
    }
    json.steps = steps.value_or(JsonPath{});
    expect.json.push_back(std::move(json));
  }
}

// --- judging

std::string wanted_status(const HttpExpect& expect) {
  std::string out;
  for (const auto& [least, most] : expect.status) {
    if (!out.empty()) out += " or ";
    out += least == most ? std::to_string(least) : std::to_string(least / 100) + "xx";
  }
  return out.empty() ? "2xx" : out;
}

std::string unmet_status(const HttpExpect& expect, const HttpResponse& response) {
  const auto good = [&](const HttpExpect::Statuses& wanted) {
    return response.status >= wanted.least && response.status <= wanted.most;
  };
  const bool met = expect.status.empty()
                       ? good(HttpExpect::Statuses{})
                       : std::any_of(expect.status.begin(), expect.status.end(), good);
  if (met) return {};
  return "status " + std::to_string(response.status) + ", " + wanted_status(expect) + " expected";
}

// The media type alone, unless the wanted one has parameters too.
bool same_content_type(std::string_view got, std::string_view wanted) {
  if (wanted.find(';') == std::string_view::npos) got = trim(got.substr(0, got.find(';')));
  std::string left = to_lower(got);
  std::string right = to_lower(wanted);
  std::erase(left, ' ');
  std::erase(right, ' ');
  return left == right;
}

std::string unmet_header(const HttpExpect& expect, const HttpResponse& response) {
  for (const auto& [name, wanted] : expect.headers) {
    const std::string key = to_lower(name);
    const std::string* last = nullptr;
    bool met = false;
    for (const auto& [got_name, got] : response.headers) {
      if (to_lower(got_name) != key) continue;
      last = &got;
      met = met || (key == "content-type" ? same_content_type(got, wanted.value())
                                          : got == wanted.value());
    }
    if (met) continue;
    const std::string should = quoted(wanted.shown(), kLongestWanted) + " expected";
    if (last == nullptr) return "no header " + name + ", " + should;
    // What came instead of a secret may be nearly it.
    if (wanted.hides_something()) return "header " + name + " is not what is expected";
    return "header " + name + " is " + quoted(*last, kLongestQuote) + ", " + should;
  }
  return {};
}

std::string seen(const HttpResponse& response, bool may_quote) {
  if (response.body.empty()) return "; it is empty";
  if (!may_quote) return {};
  return "; it begins " + quoted(response.body, kLongestQuote);
}

std::string unmet_body(const HttpExpect& expect, const HttpResponse& response, bool may_quote) {
  const std::string cut =
      response.body_cut ? " in its first " + std::to_string(response.body_size) + " bytes" : "";
  if (response.body.find(expect.body_contains) == std::string::npos) {
    return "body does not contain " + quoted(expect.body_contains, kLongestWanted) + cut +
           seen(response, may_quote);
  }
  if (expect.body_matches && !expect.body_matches->matches(response.body)) {
    return "body does not match /" + printable(expect.body_matches->source(), kLongestWanted) +
           "/" + cut + seen(response, may_quote);
  }
  return {};
}

bool holds(const HttpExpect::Json& wanted, const JsonValue& got) {
  using Is = HttpExpect::Json::Is;
  const auto wanted_number = number_in(wanted.value);
  const auto got_number = got.kind == JsonValue::Kind::number ? got.number : number_in(got.text);
  const bool numbers = wanted_number && got_number;
  const bool equal = got.text == wanted.value || (numbers && got.kind == JsonValue::Kind::number &&
                                                  *got_number == *wanted_number);
  if (wanted.is == Is::equal) return equal;
  if (wanted.is == Is::unequal) return !equal;
  if (!numbers) return false;
  switch (wanted.is) {
    case Is::less: return *got_number < *wanted_number;
    case Is::at_most: return *got_number <= *wanted_number;
    case Is::more: return *got_number > *wanted_number;
    default: return *got_number >= *wanted_number;
  }
}

std::string show(const JsonValue& value, bool may_quote) {
  switch (value.kind) {
    case JsonValue::Kind::missing: return "missing";
    case JsonValue::Kind::object: return "an object";
    case JsonValue::Kind::list: return "a list";
    case JsonValue::Kind::text:
      return may_quote ? quoted(value.text, kLongestQuote) : "another text";
    default: return printable(value.text, kLongestQuote);
  }
}

std::string unmet_json(const HttpExpect& expect, const HttpResponse& response, bool may_quote) {
  if (expect.json.empty()) return {};
  if (response.body_cut) return "body is longer than body_limit: its JSON is incomplete";
  std::vector<JsonPath> paths;
  for (const auto& json : expect.json) paths.push_back(json.steps);
  std::vector<JsonValue> values;
  try {
    values = pick_json(response.body, paths);
  } catch (const std::runtime_error&) {
    return "body is not JSON" + seen(response, may_quote);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const HttpExpect::Json& wanted = expect.json[i];
    const JsonValue& got = values[i];
    const bool plain = got.kind != JsonValue::Kind::missing &&
                       got.kind != JsonValue::Kind::object && got.kind != JsonValue::Kind::list;
    if (plain && holds(wanted, got)) continue;
    return "JSON " + printable(wanted.path, kLongestWanted) + " is " + show(got, may_quote) + ", " +
           printable(wanted.shown, kLongestWanted) + " expected";
  }
  return {};
}

}  // namespace

HttpExpect parse_http_expect(Settings& settings, Millis timeout) {
  HttpExpect expect;
  parse_statuses(settings, expect);
  expect.body_contains = settings.text("body_contains");
  const std::string pattern = settings.pattern("body_matches");
  if (!pattern.empty()) expect.body_matches.emplace(pattern);
  parse_json(settings, expect);
  expect.headers = settings.map("header");
  expect.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  expect.certificate_days = static_cast<int>(settings.integer("certificate_days", -1, {0, 3650}));
  return expect;
}

std::string unmet(const HttpExpect& expect, const HttpResponse& response, bool may_quote) {
  std::string reason = unmet_status(expect, response);
  if (reason.empty()) reason = unmet_header(expect, response);
  if (reason.empty() && expect.needs_body()) reason = unmet_body(expect, response, may_quote);
  if (reason.empty()) reason = unmet_json(expect, response, may_quote);
  return reason.empty() ? reason : with_address(std::move(reason), response.address);
}

}  // namespace tocsin
