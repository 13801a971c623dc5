// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// POST /api/v1/acknowledgements: somebody looks after a check's incident, or no longer does.
#include <Poco/JSON/Array.h>

#include <cmath>
#include <utility>

#include "util/text.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/json_body.h"

namespace tocsin {
namespace {

constexpr std::string_view kKeys[] = {"check", "by", "why", "for_seconds", "withdraw"};
constexpr std::size_t kLongestName = 128;
constexpr double kLongestSeconds = 366.0 * 86'400;

// Nothing: until the incident is over.
std::optional<Millis> read_time(JsonBody& json) {
  const Poco::Dynamic::Var given = json.value("for_seconds");
  if (given.isEmpty()) return std::nullopt;
  const double seconds = given.isNumeric() && !given.isBoolean() ? given.convert<double>() : 0;
  if (!(seconds >= 1 && seconds <= kLongestSeconds)) {
    json.wrong("\"for_seconds\" must be a number of seconds, from 1 to a year's");
    return std::nullopt;
  }
  return Millis{std::llround(seconds * 1000)};
}

struct Wanted {
  std::string check;
  std::optional<AckWish> wish;  // nothing: it is taken back
};

Wanted read(JsonBody& json) {
  Wanted out;
  out.check = json.line("check", kLongestName);
  if (out.check.empty()) json.wrong("\"check\" is missing: the check's name");
  AckWish wish;
  wish.by = json.line("by", Acknowledgement::kMostBy);
  wish.why = json.line("why", Acknowledgement::kMostWhy);
  wish.lasts = read_time(json);
  if (json.flag("withdraw")) {
    if (!wish.why.empty() || wish.lasts) json.wrong("\"withdraw\" takes no why and no time");
    return out;
  }
  out.wish = std::move(wish);
  return out;
}

Response no_such_check(const std::string& name, const Services& services) {
  std::string detail = "no check is named \"" + name + '"';
  if (const auto snapshot = services.control.snapshot()) {
    std::vector<std::string_view> known;
    for (const auto& view : snapshot->checks) known.push_back(view->check->name);
    const std::string_view near = nearest(name, known);
    if (!near.empty()) detail += "; did you mean \"" + std::string(near) + "\"?";
  }
  return problem(404, detail);
}

Response done(const Wanted& wanted, bool durable) {
  Response response{200, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  json.begin_object();
  json.field("check", wanted.check);
  json.field("acknowledged", wanted.wish.has_value());
  json.key("lasts_seconds");
  json.value(wanted.wish ? wanted.wish->lasts : std::nullopt);
  json.field("durable", durable);
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace

void write_acknowledgement(JsonWriter& json, const std::optional<Acknowledgement>& ack) {
  json.key("acknowledged");
  if (!ack) return json.null();
  json.begin_object();
  json.field("by", ack->by);
  json.field("why", ack->why);
  json.field("at", ack->at);
  json.field("until", ack->until);
  json.end_object();
}

Response post_acknowledgement(const Request& request, const Services& services) {
  if (auto refusal = Query(request).refusal()) return std::move(*refusal);
  JsonBody json(request.body, kKeys);
  const Wanted wanted = read(json);
  if (!json.mistake().empty()) return problem(400, json.mistake());
  switch (services.control.acknowledge(wanted.check, wanted.wish)) {
    case AckFate::durable: return done(wanted, true);
    case AckFate::memory: return done(wanted, false);
    case AckFate::no_such_check: return no_such_check(wanted.check, services);
    case AckFate::nothing_open:
      return problem(409, wanted.check + " has no open incident: there is nothing to look after");
    case AckFate::not_acknowledged:
      return problem(409, wanted.check + " is not acknowledged: there is nothing to take back");
    case AckFate::late: break;
  }
  Response response = problem(503, "the daemon is too busy to answer; ask it again");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace tocsin
