// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// steps: a visit of several HTTP requests, each judged as `http` judges its one, with values taken
// out of answers for later requests. The first step that fails ends the visit and is named in the
// reason; only steps marked `always` (a logout) are still made, and change nothing in the verdict.
//
// Cookies are kept within the visit: libcurl's rules say which request gets which. Captured values
// and cookies are secrets that servers gave us: no answer is quoted that may hold one, and none
// goes to another origin by a redirect. Who we are (`auth`, a client's certificate) and where we go
// instead (`connect_to`, `unix_socket`, `server_name`) is meant for the origin of the first step,
// and is not used for any other.
#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "net/http_target.h"
#include "probe/http_judge.h"
#include "probe/http_look.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/steps_settings.h"
#include "probe/types.h"

namespace tocsin {
namespace {

// A visit under way.
struct Visit {
  explicit Visit(ProbeContext& with) : context(with) {}

  ProbeContext& context;
  Result result;
  Captured captured;
  std::vector<std::string> cookies;
  bool failed = false;
};

class StepsProber final : public Prober {
 public:
  explicit StepsProber(StepsSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<void> take(Visit& visit, const VisitStep& step) const;
  HttpRequest request_for(Visit& visit, const VisitStep& step, bool own) const;

  StepsSettings settings_;
};

bool all_captured(const VisitStep& step, const Captured& captured) {
  const auto known = [&captured](const StepTemplate& text) {
    const auto names = text.names();
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return captured.contains(name); });
  };
  return known(step.url) && known(step.body) &&
         std::all_of(step.headers.begin(), step.headers.end(),
                     [&](const auto& header) { return known(header.second); });
}

bool sends_captured(const VisitStep& step) {
  return step.url.has_names() || step.body.has_names() ||
         std::any_of(step.headers.begin(), step.headers.end(),
                     [](const auto& header) { return header.second.has_names(); });
}

// Of a step's answer, by what it may hold.
Quoting quoting_of(const VisitStep& step, const Visit& visit, bool secretive) {
  if (!step.captures.empty() || sends_captured(step)) return Quoting::nothing;
  return secretive || !visit.captured.empty() ? Quoting::plain : Quoting::all;
}

// The step's own finding becomes part of the visit's.
void add(Visit& visit, const VisitStep& step, const Result& found) {
  Result& result = visit.result;
  add_phases(result.phases, found.phases);
  result.metrics.push_back({step.name, static_cast<double>(found.took.count()) / 1e6, "s"});
  if (found.certificate_days) {
    const int days = *found.certificate_days;
    result.certificate_days = std::min(result.certificate_days.value_or(days), days);
  }
  const bool good = found.verdict == Verdict::up || found.verdict == Verdict::degraded;
  const bool first = !visit.failed && (result.verdict == Verdict::up || !good);
  if (!visit.failed) result.address = found.address;
  if (first && found.verdict != Verdict::up) {
    result.verdict = found.verdict;
    result.reason = "step " + step.name + ": " + found.reason;
  }
  visit.failed = visit.failed || !good;
}

void note(Visit& visit, std::string text) {
  if (visit.context.explain) visit.result.notes.push_back(std::move(text));
}

// Takes what later steps need out of the answer; if that cannot be done, the step is down.
void take_captures(Visit& visit, const VisitStep& step, const HttpResponse& response,
                   Result& found) {
  if (step.captures.empty()) return;
  if (found.verdict != Verdict::up && found.verdict != Verdict::degraded) return;
  std::string trouble = capture(step.captures, response, visit.captured);
  if (!trouble.empty()) return set_down(found, with_address(std::move(trouble), found.address));
  for (const StepCapture& one : step.captures) note(visit, "captured: " + one.name);
}

// A later step has what is left of the visit's time: its own limit would puzzle.
void explain_limit(const Visit& visit, const HttpAnswer& answer, Result& found) {
  const NetError error = answer.response.error;
  const bool late = error == NetError::timeout || error == NetError::connect_timeout;
  if (late && !visit.result.metrics.empty()) {
    found.reason += "; the steps before it had used up the rest of the timeout";
  }
}

HttpRequest StepsProber::request_for(Visit& visit, const VisitStep& step, bool own) const {
  HttpRequest request;
  request.deadline = visit.context.deadline;
  request.body_limit = settings_.body_limit;
  request.cookies = &visit.cookies;
  if (settings_.transport) settings_.transport->apply_to(request);
  if (!own) forget_own_origin(request);
  want_for(step.question.wanted(), visit.context.explain, request);
  for (const StepCapture& one : step.captures) {
    const bool header = one.from == StepCapture::From::header;
    request.want_headers = request.want_headers || header;
    request.want_body = request.want_body || !header;
  }
  return request;
}

asio::awaitable<void> StepsProber::take(Visit& visit, const VisitStep& step) const {
  const bool own = same_origin(step.origin, settings_.steps.front().origin);
  const Text url = step.url.fill(visit.captured, Encoding::percent);
  const Text body = step.body.fill(visit.captured, step.body_encoding);
  std::vector<std::pair<std::string, Text>> headers;
  for (const auto& [name, value] : step.headers) {
    headers.emplace_back(name, value.fill(visit.captured, Encoding::none));
  }
  const HttpCall call{step.question.method, url, headers, body};
  HttpLook look{call, request_for(visit, step, own), nullptr, settings_.transport.get(), {}};
  if (own) look.auth = settings_.auth.get();
  const bool secretive = settings_.auth || call.sends_secrets() || !visit.cookies.empty();
  look.rules.redirects = settings_.redirects;
  look.rules.secretive = secretive || !step.captures.empty() || !visit.captured.empty();
  if (visit.context.explain) look.rules.notes = &visit.result.notes;
  note(visit, "step " + step.name);
  const HttpAnswer answer = co_await look_at(visit.context, std::move(look));
  Result found = judge(step.question.wanted(), answer, quoting_of(step, visit, secretive));
  explain_limit(visit, answer, found);
  take_captures(visit, step, answer.response, found);
  if (!visit.cookies.empty()) {
    note(visit, "cookies kept: " + std::to_string(visit.cookies.size()));
  }
  if (found.verdict != Verdict::up) note(visit, "judged: " + found.reason);
  add(visit, step, found);
}

asio::awaitable<Result> StepsProber::probe(ProbeContext& context) const {
  const SteadyTime begun = std::chrono::steady_clock::now();
  Visit visit(context);
  visit.result.verdict = Verdict::up;
  for (const VisitStep& step : settings_.steps) {
    if (visit.failed && !step.always) {
      note(visit, "step " + step.name + ": left out");
    } else if (!all_captured(step, visit.captured)) {
      note(visit, "step " + step.name + ": left out, for want of what was to be captured");
    } else {
      co_await take(visit, step);
    }
  }
  visit.result.took = micros_between(begun, std::chrono::steady_clock::now());
  judge_response_time(visit.result, settings_.response_time);
  co_return std::move(visit.result);
}

// What is visited: the first step's origin, without a user.
std::string target_of(const StepsSettings& settings) {
  if (settings.steps.empty()) return {};
  const auto target = http_target(settings.steps.front().origin);
  if (!target) return {};
  const bool v6 = target->literal && target->literal->is_v6();
  const int usual = target->https ? 443 : 80;
  std::string out = target->https ? "https://" : "http://";
  out += v6 ? "[" + target->host + "]" : target->host;
  if (target->port != usual) out += ":" + std::to_string(target->port);
  const std::size_t steps = settings.steps.size();
  return out + " (" + std::to_string(steps) + (steps == 1 ? " step)" : " steps)");
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  StepsSettings parsed = parse_steps(settings, timeout);
  std::string target = target_of(parsed);
  return {std::make_shared<const StepsProber>(std::move(parsed)), std::move(target)};
}

}  // namespace

const CheckType kStepsCheck{
    .name = "steps",
    .short_key = "steps",
    .summary = "makes a scripted visit: several HTTP requests in order, values carried along",
    .parse = parse,
};

}  // namespace tocsin
