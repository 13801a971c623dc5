// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The keys of an `expect` section. How an answer is held against them is in http_expect.cpp.
#include "probe/http_expect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "probe/header_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestWanted = 120;

std::string quoted(std::string_view text) {
  return '"' + printable(text, kLongestWanted) + '"';
}

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
      settings.error("status", "not a status (200) or a class of them (2xx): " + quoted(text));
    }
  }
}

// A pattern in a place where Settings cannot check it.
struct PatternPlace {
  std::string_view key;
  const std::string& of;
  bool hidden = false;  // RE2's reason quotes it
};

// Nothing if it is none, which is reported.
std::optional<Pattern> pattern_at(Settings& settings, const PatternPlace& place,
                                  const std::string& source) {
  try {
    return Pattern(source);
  } catch (const std::runtime_error& error) {
    const std::string why = place.hidden ? std::string() : std::string(": ") + error.what();
    settings.error(place.key, place.of + ": not a pattern (RE2)" + why);
    return std::nullopt;
  }
}

HttpExpect::Json parse_condition(std::string path, std::string_view condition) {
  using Is = HttpExpect::Json::Is;
  struct Operator {
    std::string_view sign;
    Is is;
  };
  // Longer signs first.
  static constexpr std::array<Operator, 8> kOperators{{{"<=", Is::at_most},
                                                       {">=", Is::at_least},
                                                       {"!=", Is::unequal},
                                                       {"!~", Is::not_matching},
                                                       {"==", Is::equal},
                                                       {"<", Is::less},
                                                       {">", Is::more},
                                                       {"~", Is::matching}}};
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

void take_steps(Settings& settings, std::string_view key, HttpExpect::Json& json) {
  auto steps = parse_json_path(json.path);
  if (!steps) {
    settings.error(
        key, "not a path such as db.status, items[0].name or items[-1]: " + quoted(json.path));
  }
  json.steps = std::move(steps).value_or(JsonPath{});
}

void parse_json(Settings& settings, HttpExpect& expect) {
  using Is = HttpExpect::Json::Is;
  for (const auto& [path, condition] : settings.map("json")) {
    if (condition.hides_something()) {
      settings.error("json", "a secret cannot be expected of an answer: " + path);
      continue;
    }
    HttpExpect::Json json = parse_condition(path, condition.value());
    take_steps(settings, "json", json);
    const bool matches = json.is == Is::matching || json.is == Is::not_matching;
    const bool compares = !matches && json.is != Is::equal && json.is != Is::unequal;
    if (compares && !number_in(json.value)) {
      settings.error(
          "json", path + ": " + quoted(condition.value()) + " compares with what is not a number");
    }
    if (matches) json.pattern = pattern_at(settings, {"json", path}, json.value);
    expect.json.push_back(std::move(json));
  }
  for (const std::string& path : settings.list("json_absent")) {
    HttpExpect::Json json;
    json.path = path;
    json.is = Is::absent;
    json.shown = "absent";
    take_steps(settings, "json_absent", json);
    expect.json.push_back(std::move(json));
  }
}

void check_name(Settings& settings, std::string_view key, const std::string& name) {
  if (!is_header_name(name)) settings.error(key, "not a header's name: " + quoted(name));
}

std::vector<std::string> header_names(Settings& settings, std::string_view key) {
  std::vector<std::string> names = settings.list(key);
  for (const std::string& name : names) check_name(settings, key, name);
  return names;
}

void parse_headers(Settings& settings, HttpExpect& expect) {
  HttpExpect::Headers headers;
  headers.equal = settings.map("header");
  for (const auto& [name, value] : headers.equal) check_name(settings, "header", name);
  for (const auto& [name, source] : settings.map("header_matches")) {
    check_name(settings, "header_matches", name);
    const bool hidden = source.hides_something();
    auto pattern = pattern_at(settings, {"header_matches", name, hidden}, source.value());
    if (pattern) headers.matching.push_back({name, *std::move(pattern), hidden});
  }
  headers.present = header_names(settings, "header_present");
  headers.absent = header_names(settings, "header_absent");
  if (headers.empty()) return;
  expect.headers = std::make_unique<const HttpExpect::Headers>(std::move(headers));
}

std::vector<std::string> parse_texts(Settings& settings, std::string_view key) {
  std::vector<std::string> texts = settings.list(key);
  const bool empty =
      std::any_of(texts.begin(), texts.end(), [](const std::string& text) { return text.empty(); });
  if (empty) settings.error(key, "an empty text is in every body");
  return texts;
}

void parse_body(Settings& settings, HttpExpect& expect) {
  expect.body_contains = parse_texts(settings, "body_contains");
  expect.body_not_contains = parse_texts(settings, "body_not_contains");
  const std::string matches = settings.pattern("body_matches");
  if (!matches.empty()) expect.body_matches.emplace(matches);
  const std::string not_matches = settings.pattern("body_not_matches");
  if (!not_matches.empty()) expect.body_not_matches.emplace(not_matches);
}

}  // namespace

HttpExpect parse_http_expect(Settings& settings, Millis timeout) {
  HttpExpect expect;
  parse_statuses(settings, expect);
  parse_headers(settings, expect);
  parse_body(settings, expect);
  parse_json(settings, expect);
  expect.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  expect.certificate_days = static_cast<int>(settings.integer("certificate_days", -1, {0, 3650}));
  const std::string tls = settings.choice("tls_version", {"1.2", "1.3", "any"}, "any");
  if (tls != "any") expect.least_tls = tls == "1.2" ? 12 : 13;
  return expect;
}

}  // namespace tocsin
