// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A placeholder may stand in a URL only behind its authority, so that no server that is visited
// chooses whom is spoken to next; what is filled in there is percent-encoded and so stays where it
// was put. Each placeholder must have been captured by an earlier step that is sure to have run.
#include "probe/steps_settings.h"

#include <algorithm>
#include <set>

#include "net/http_target.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostSteps = 50;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestShown = 100;

using Names = std::set<std::string, std::less<>>;

std::string quoted(std::string_view text) {
  return '"' + printable(text, kLongestShown) + '"';
}

// Where the authority of an absolute URL ends; nothing if it is none.
std::size_t end_of_origin(std::string_view url) noexcept {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return 0;
  return std::min(url.find_first_of("/?#", begin + 3), url.size());
}

// The base's text without a slash at its end, and the step's behind it.
Text joined(const Text& base, const Text& url) {
  const auto without_slash = [](std::string text) {
    if (text.ends_with('/')) text.pop_back();
    return text;
  };
  std::string value = without_slash(base.value()) + url.value();
  if (!base.hides_something() && !url.hides_something()) return Text(std::move(value));
  return {std::move(value), without_slash(base.shown()) + url.shown()};
}

class Reader {
 public:
  Reader(const Text& base, Millis timeout) : base_(base), timeout_(timeout) {}

  VisitStep read(Settings& section, std::size_t number);

 private:
  void read_name(Settings& section, std::size_t number, VisitStep& step);
  void read_url(Settings& section, VisitStep& step);
  StepTemplate template_of(Settings& section, std::string_view key, const Text& text);
  void check_names(Settings& section, std::string_view key, const StepTemplate& text);

  const Text& base_;
  Millis timeout_;
  Names names_;     // of steps
  Names captured_;  // so far
};

void Reader::read_name(Settings& section, std::size_t number, VisitStep& step) {
  step.name = section.text("name");
  if (!section.has("name")) step.name = std::to_string(number);
  const bool plain = !step.name.empty() && step.name.size() <= kLongestName &&
                     printable(step.name, kLongestName) == step.name;
  if (!plain) section.error("name", "not a step's name: 1 to 64 printable characters");
  if (!names_.insert(step.name).second) {
    section.error("name", "another step has this name: " + quoted(step.name));
  }
}

StepTemplate Reader::template_of(Settings& section, std::string_view key, const Text& text) {
  std::string mistake;
  StepTemplate out(text, mistake);
  if (!mistake.empty()) section.error(key, mistake);
  check_names(section, key, out);
  return out;
}

void Reader::check_names(Settings& section, std::string_view key, const StepTemplate& text) {
  for (const std::string& name : text.names()) {
    if (captured_.contains(name)) continue;
    if (text.is_hidden()) return section.error(key, "no earlier step captures a name in it");
    const std::vector<std::string_view> known(captured_.begin(), captured_.end());
    const std::string_view meant = nearest(name, known);
    std::string message = "no earlier step captures {" + name + "}";
    message += meant.empty() ? "; {{ is a brace" : "; did you mean {" + std::string(meant) + "}?";
    section.error(key, std::move(message));
  }
}

void Reader::read_url(Settings& section, VisitStep& step) {
  const Text written = section.text_with_secrets("url");
  if (!section.has("url")) return section.error("'url' is missing");
  const bool relative = written.value().starts_with('/');
  if (relative && base_.empty()) {
    return section.error("url", "a path needs a 'base_url' beside 'steps'");
  }
  const Text url = relative ? joined(base_, written) : written;
  step.origin = url.value().substr(0, end_of_origin(url.value()));
  if (step.origin.find_first_of("{}") != std::string::npos) {
    return section.error(
        "url", "a captured value cannot choose scheme, host or port: it stands behind them");
  }
  if (written.value().starts_with("//") || !http_target(step.origin)) {
    return section.error("url", "neither an http or https URL nor a path that begins with /");
  }
  step.url = template_of(section, "url", url);
  // With something harmless in the places of what is captured.
  Captured nothing;
  for (const std::string& name : step.url.names()) nothing[name] = "x";
  if (!http_target(step.url.fill(nothing, Encoding::percent).value())) {
    section.error("url", "the URL is malformed");
  }
}

// By the Content-Type that goes with it.
Encoding encoding_of(const HttpQuestion& question) {
  for (const auto& [name, value] : question.headers) {
    if (to_lower(name) != "content-type") continue;
    const std::string type = to_lower(value.value());
    if (type.find("json") != std::string::npos) return Encoding::json;
    if (type.starts_with("application/x-www-form-urlencoded")) return Encoding::percent;
  }
  return Encoding::none;
}

VisitStep Reader::read(Settings& section, std::size_t number) {
  VisitStep step;
  read_name(section, number, step);
  read_url(section, step);
  step.question = parse_http_question(section, timeout_);
  for (const auto& [name, value] : step.question.headers) {
    step.headers.emplace_back(name, template_of(section, "headers", value));
  }
  step.body = template_of(section, "body", step.question.body);
  step.body_encoding = encoding_of(step.question);
  step.always = section.flag("always", false);
  step.captures = parse_captures(section);
  if (step.always && !step.captures.empty()) {
    section.error("capture", "a step that runs 'always' is not waited for by later ones");
  }
  if (step.question.method == "HEAD" &&
      std::any_of(step.captures.begin(), step.captures.end(),
                  [](const StepCapture& one) { return one.from != StepCapture::From::header; })) {
    section.error("capture", "the answer to HEAD has no body to capture something of");
  }
  for (const StepCapture& one : step.captures) captured_.insert(one.name);
  // Their texts are in the templates.
  step.question.headers.clear();
  step.question.body = {};
  return step;
}

void check_auth(Settings& settings, const std::vector<std::unique_ptr<Settings>>& sections,
                const std::vector<VisitStep>& steps) {
  if (!settings.has("auth")) return;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (names_a_user(steps[i].origin)) {
      settings.error("auth", "a step's URL has a user already; leave out one of the two");
    }
    for (const auto& [name, value] : steps[i].headers) {
      const bool own = same_origin(steps[i].origin, steps.front().origin);
      if (!own || to_lower(name) != "authorization") continue;
      sections[i]->error("headers", name + " is not to be set: it is set by 'auth'");
    }
  }
}

}  // namespace

StepsSettings parse_steps(Settings& settings, Millis timeout) {
  StepsSettings out;
  const Text base = settings.url("base_url");
  if (base.value().find_first_of("?#") != std::string::npos) {
    settings.error("base_url", "what steps add to it goes behind: it has no query");
  }
  if (base.value().find_first_of("{}") != std::string::npos) {
    settings.error("base_url", "a captured value cannot stand here");
  }
  const auto sections = settings.sections("steps");
  Reader reader(base, timeout);
  for (const auto& section : sections) {
    out.steps.push_back(reader.read(*section, out.steps.size() + 1));
  }
  if (out.steps.empty()) settings.error("steps", "there is no step");
  if (out.steps.size() > kMostSteps) settings.error("steps", "more than 50 steps");
  parse_http_limits(settings, out.redirects, out.body_limit);
  const std::string first = out.steps.empty() ? std::string() : out.steps.front().origin;
  out.transport = parse_http_transport(settings, first);
  out.auth = parse_http_auth(settings);
  const auto expect = settings.section("expect");
  out.response_time = expect->duration("response_time", Millis{0}, {Millis{1}, timeout});
  check_auth(settings, sections, out.steps);
  for (std::size_t i = 0; i < out.steps.size(); ++i) {
    check_http_expect(*sections[i], out.steps[i].question, out.steps[i].origin, out.redirects);
  }
  return out;
}

}  // namespace tocsin
