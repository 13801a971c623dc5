// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// /api/v1/silences: for a time, nothing bad of some checks is told. Who asks must say of which: a
// silence of everything is asked for by its name, "*", and never by leaving something out.
#include <Poco/JSON/Array.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "util/text.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/json_body.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::string_view kKeys[] = {"match", "lasts_seconds", "by", "why", "maintenance"};
constexpr std::string_view kMatchKeys[] = {"name", "labels"};
constexpr double kLongestSeconds = 366.0 * 86'400;
constexpr std::size_t kMostPatterns = 64;
constexpr std::size_t kMostLabels = 32;  // as a check may have
constexpr std::size_t kLongestPattern = 128;

// A pattern as people see it; what is not printable could never fit a name.
std::string read_pattern(JsonBody& json, const Var& given, const char* what) {
  if (!given.isString()) {
    json.wrong(std::string(what) + " must be a text");
    return {};
  }
  const auto text = given.extract<std::string>();
  std::string out(trim(printable(text, text.size() * 3 + 1)));
  if (out.empty()) json.wrong(std::string(what) + " is blank");
  if (out.size() > kLongestPattern) {
    json.wrong(std::string(what) + " may have " + std::to_string(kLongestPattern) +
               " bytes at the most");
  }
  return out;
}

void read_names(JsonBody& json, const Var& given, Selector& into) {
  constexpr const char* kWhat = "a pattern of \"name\"";
  if (given.isEmpty()) return;
  if (given.type() != typeid(Array::Ptr)) {
    into.names.push_back(read_pattern(json, given, kWhat));
    return;
  }
  const auto list = given.extract<Array::Ptr>();
  if (list->size() > kMostPatterns) {
    return json.wrong("\"name\" may have " + std::to_string(kMostPatterns) +
                      " patterns at the most");
  }
  for (const Var& one : *list) into.names.push_back(read_pattern(json, one, kWhat));
}

void read_labels(JsonBody& json, const Var& given, Selector& into) {
  if (given.isEmpty()) return;
  if (given.type() != typeid(Object::Ptr)) {
    return json.wrong("\"labels\" must be an object: {\"team\": \"shop\"}");
  }
  const auto labels = given.extract<Object::Ptr>();
  if (labels->size() > kMostLabels) {
    return json.wrong("\"labels\" may have " + std::to_string(kMostLabels) + " at the most");
  }
  for (const auto& [key, value] : *labels) {
    std::string name = read_pattern(json, Var(key), "a label's key");
    into.labels.emplace_back(std::move(name), read_pattern(json, value, "a label's value"));
  }
}

Selector read_match(JsonBody& json) {
  Selector out;
  const Object::Ptr match = json.object("match", kMatchKeys);
  if (!match) return out;
  read_names(json, match->get("name"), out);
  read_labels(json, match->get("labels"), out);
  if (out.names.empty() && out.labels.empty()) {
    json.wrong(
        "\"match\" must say which checks: a pattern in \"name\", or \"labels\"; for every check, "
        "{\"name\": \"*\"}");
  }
  return out;
}

Millis read_time(JsonBody& json) {
  const Var given = json.value("lasts_seconds");
  const bool number = given.isNumeric() && !given.isBoolean();
  const double seconds = number ? given.convert<double>() : 0;
  if (seconds >= 1 && seconds <= kLongestSeconds) return Millis{std::llround(seconds * 1000)};
  json.wrong(given.isEmpty()
                 ? "\"lasts_seconds\" is missing: every silence ends"
                 : "\"lasts_seconds\" must be a number of seconds, from 1 to 31622400 (366 days)");
  return {};
}

SilenceWish read(JsonBody& json) {
  SilenceWish wish;
  wish.match = read_match(json);
  wish.lasts = read_time(json);
  wish.by = json.line("by", Silence::kMostBy);
  wish.why = json.line("why", Silence::kMostWhy);
  wish.is_maintenance = json.flag("maintenance");
  return wish;
}

void write_silence(JsonWriter& json, const Silence& silence) {
  json.begin_object();
  json.field("id", silence.id);
  json.field("maintenance", silence.is_maintenance);
  json.key("match");
  json.begin_object();
  json.field("name", silence.match.names);
  json.field("labels", silence.match.labels);
  json.end_object();
  json.field("from", silence.from);
  json.field("until", silence.until);
  json.field("by", silence.by);
  json.field("why", silence.why);
  json.end_object();
}

Response done(const SilenceAnswer& answer) {
  Response response{200, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  json.begin_object();
  json.key("silence");
  write_silence(json, answer.silence);
  json.field("checks", answer.checks);
  json.field("durable", answer.fate == SilenceAnswer::Fate::durable);
  json.end_object();
  response.body += '\n';
  return response;
}

// A name that was written out and is not there is most likely mistyped.
std::string near_name(const Selector& match, const Services& services) {
  const auto snapshot = services.control.snapshot();
  if (!snapshot || match.names.size() != 1) return {};
  std::vector<std::string_view> known;
  for (const auto& view : snapshot->checks) known.push_back(view->check->name);
  const std::string_view near = nearest(match.names[0], known);
  if (near.empty() || near == match.names[0]) return {};
  return "; did you mean \"" + std::string(near) + "\"?";
}

Response answer_of(const SilenceAnswer& answer, const std::string& none_is) {
  switch (answer.fate) {
    case SilenceAnswer::Fate::durable:
    case SilenceAnswer::Fate::memory: return done(answer);
    case SilenceAnswer::Fate::matches_none:
    case SilenceAnswer::Fate::no_such: return problem(404, none_is);
    case SilenceAnswer::Fate::too_many:
      return problem(409, std::to_string(Silence::kMostOpen) +
                              " silences are open, and there may be no more; end one, or say with "
                              "fewer which checks are meant");
    case SilenceAnswer::Fate::late: break;
  }
  Response response = problem(503, "the daemon is too busy to answer; ask it again");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace

Response get_silences(const Request& request, const Services& services) {
  if (auto refusal = Query(request).refusal()) return std::move(*refusal);
  const auto snapshot = services.control.snapshot();
  if (!snapshot) return not_ready();
  Response response{200, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  json.begin_object();
  json.key("silences");
  json.begin_array();
  for (const Silence& silence : snapshot->silences) write_silence(json, silence);
  json.end_array();
  json.end_object();
  response.body += '\n';
  return response;
}

Response post_silence(const Request& request, const Services& services) {
  if (auto refusal = Query(request).refusal()) return std::move(*refusal);
  JsonBody json(request.body, kKeys);
  const SilenceWish wish = read(json);
  if (!json.mistake().empty()) return problem(400, json.mistake());
  const SilenceAnswer answer = services.control.silence(wish);
  if (answer.fate != SilenceAnswer::Fate::matches_none) return answer_of(answer, {});
  return answer_of(
      answer, "no check is meant by this, so nothing was done" + near_name(wish.match, services));
}

Response post_silence_end(const Request& request, const Services& services) {
  if (auto refusal = Query(request).refusal()) return std::move(*refusal);
  const JsonBody json(request.body, {});
  if (!json.mistake().empty()) return problem(400, json.mistake());
  const std::string& given = request.parameter;
  std::int64_t id = 0;
  const char* const end = given.data() + given.size();
  const auto [stop, error] = std::from_chars(given.data(), end, id);
  if (error != std::errc{} || stop != end || id < 1) {
    return problem(400, "a silence is named by its number; got '" + printable(given, 60) + "'");
  }
  return answer_of(
      services.control.end_silence(id),
      "no silence " + std::to_string(id) + " is open; GET /api/v1/silences lists those that are");
}

}  // namespace tocsin
