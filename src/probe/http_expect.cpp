// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_expect.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "net/errno_text.h"
#include "probe/http_settings.h"
#include "util/text.h"

namespace tocsin {
namespace {

// Of what the other side sent, in a reason.
constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestWanted = 120;

std::string quoted(std::string_view text, std::size_t most) {
  return '"' + printable(text, most) + '"';
}

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

const std::string* last_header(const HttpResponse& response, const std::string& name) {
  const std::string key = to_lower(name);
  const std::string* last = nullptr;
  for (const auto& [got_name, got] : response.headers) {
    if (to_lower(got_name) == key) last = &got;
  }
  return last;
}

std::string header_words(const std::string& name, const std::string* got, bool shown,
                         const std::string& should) {
  if (got == nullptr) return "no header " + name + ", " + should;
  // What came instead of a secret may be nearly it; what came for a secret may hold it.
  if (!shown) return "header " + name + " is not what is expected";
  return "header " + name + " is " + quoted(*got, kLongestQuote) + ", " + should;
}

bool may_show(const std::string& header_name, Quoting quoting) {
  if (to_lower(header_name) == "content-type") return true;
  return quoting != Quoting::nothing && !carries_credentials(header_name);
}

std::string unmet_header(const HttpExpect& expect, const HttpResponse& response, Quoting quoting) {
  for (const auto& [name, wanted] : expect.headers->equal) {
    const std::string key = to_lower(name);
    const auto is_wanted = [&, &value = wanted](const std::string& got) {
      return key == "content-type" ? same_content_type(got, value.value()) : got == value.value();
    };
    const bool met =
        std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
          return to_lower(header.first) == key && is_wanted(header.second);
        });
    if (met) continue;
    const bool shown = !wanted.hides_something() && may_show(name, quoting);
    return header_words(name, last_header(response, name), shown,
                        quoted(wanted.shown(), kLongestWanted) + " expected");
  }
  return {};
}

std::string unmet_header_form(const HttpExpect& expect, const HttpResponse& response,
                              Quoting quoting) {
  for (const auto& [name, pattern, hidden] : expect.headers->matching) {
    const std::string key = to_lower(name);
    const bool met =
        std::any_of(response.headers.begin(), response.headers.end(),
                    [&, &wanted = pattern](const auto& header) {
                      return to_lower(header.first) == key && wanted.matches(header.second);
                    });
    if (met) continue;
    const std::string form = hidden ? "***" : printable(pattern.source(), kLongestWanted);
    return header_words(name, last_header(response, name), !hidden && may_show(name, quoting),
                        "/" + form + "/ expected");
  }
  for (const std::string& name : expect.headers->present) {
    if (last_header(response, name) == nullptr) return "no header " + name;
  }
  for (const std::string& name : expect.headers->absent) {
    if (last_header(response, name) != nullptr) return "header " + name + " is there";
  }
  return {};
}

std::string unmet_tls(const HttpExpect& expect, const HttpResponse& response) {
  if (expect.least_tls == 0) return {};
  // OpenSSL's names sort as they should: "", "TLSv1", "TLSv1.1", …
  const std::string least = expect.least_tls == 12 ? "TLSv1.2" : "TLSv1.3";
  if (response.tls_version >= least) return {};
  const std::string got = response.tls_version.empty() ? "no TLS" : response.tls_version;
  return got + ", at least " + least + " expected";
}

std::string seen(const HttpResponse& response, Quoting quoting) {
  if (response.body.empty()) return "; it is empty";
  if (quoting != Quoting::all) return {};
  return "; it begins " + quoted(response.body, kLongestQuote);
}

std::string unmet_text(const HttpExpect& expect, const HttpResponse& response, Quoting quoting) {
  const std::string cut =
      response.body_cut ? " in its first " + std::to_string(response.body_size) + " bytes" : "";
  for (const std::string& text : expect.body_contains) {
    if (response.body.find(text) != std::string::npos) continue;
    return "body does not contain " + quoted(text, kLongestWanted) + cut + seen(response, quoting);
  }
  for (const std::string& text : expect.body_not_contains) {
    if (response.body.find(text) == std::string::npos) continue;
    return "body contains " + quoted(text, kLongestWanted);
  }
  return {};
}

std::string unmet_pattern(const HttpExpect& expect, const HttpResponse& response, Quoting quoting) {
  const std::string cut =
      response.body_cut ? " in its first " + std::to_string(response.body_size) + " bytes" : "";
  const auto written = [](const Pattern& pattern) {
    return "/" + printable(pattern.source(), kLongestWanted) + "/";
  };
  if (expect.body_matches && !expect.body_matches->matches(response.body)) {
    return "body does not match " + written(*expect.body_matches) + cut + seen(response, quoting);
  }
  if (!expect.body_not_matches) return {};
  const auto found = expect.body_not_matches->first_group(response.body);
  if (!found) return {};
  std::string text = "body matches " + written(*expect.body_not_matches);
  if (quoting == Quoting::all) text += ": " + quoted(*found, kLongestQuote);
  return text;
}

bool holds(const HttpExpect::Json& wanted, const JsonValue& got) {
  using Is = HttpExpect::Json::Is;
  if (wanted.is == Is::matching) return wanted.pattern->matches(got.text);
  if (wanted.is == Is::not_matching) return !wanted.pattern->matches(got.text);
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

std::string show(const JsonValue& value, Quoting quoting) {
  switch (value.kind) {
    case JsonValue::Kind::missing: return "missing";
    case JsonValue::Kind::object: return "an object";
    case JsonValue::Kind::list: return "a list";
    case JsonValue::Kind::text:
      return quoting == Quoting::all ? quoted(value.text, kLongestQuote) : "another text";
    default:
      return quoting == Quoting::nothing ? "another value" : printable(value.text, kLongestQuote);
  }
}

// Why one condition is not met; empty if it is.
std::string unmet_condition(const HttpExpect::Json& wanted, const JsonValue& got, Quoting quoting) {
  using Kind = JsonValue::Kind;
  const std::string name = "JSON " + printable(wanted.path, kLongestWanted);
  if (wanted.is == HttpExpect::Json::Is::absent) {
    return got.kind == Kind::missing ? "" : name + " is there, absent expected";
  }
  const bool plain =
      got.kind != Kind::missing && got.kind != Kind::object && got.kind != Kind::list;
  if (plain && holds(wanted, got)) return {};
  return name + " is " + show(got, quoting) + ", " + printable(wanted.shown, kLongestWanted) +
         " expected";
}

std::string unmet_json(const HttpExpect& expect, const HttpResponse& response, Quoting quoting) {
  if (expect.json.empty()) return {};
  if (response.body_cut) return "body is longer than body_limit: its JSON is incomplete";
  std::vector<JsonPath> paths;
  for (const auto& json : expect.json) paths.push_back(json.steps);
  std::vector<JsonValue> values;
  try {
    values = pick_json(response.body, paths);
  } catch (const std::runtime_error&) {
    return "body is not JSON" + seen(response, quoting);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::string reason = unmet_condition(expect.json[i], values[i], quoting);
    if (!reason.empty()) return reason;
  }
  return {};
}

}  // namespace

std::string unmet(const HttpExpect& expect, const HttpResponse& response, Quoting quoting) {
  std::string reason = unmet_status(expect, response);
  if (reason.empty()) reason = unmet_tls(expect, response);
  if (reason.empty() && expect.headers) reason = unmet_header(expect, response, quoting);
  if (reason.empty() && expect.headers) reason = unmet_header_form(expect, response, quoting);
  if (reason.empty()) reason = unmet_text(expect, response, quoting);
  if (reason.empty()) reason = unmet_pattern(expect, response, quoting);
  if (reason.empty()) reason = unmet_json(expect, response, quoting);
  return reason.empty() ? reason : with_address(std::move(reason), response.address);
}

std::optional<double> number_in(std::string_view text) noexcept {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

}  // namespace tocsin
