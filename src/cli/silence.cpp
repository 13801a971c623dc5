// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin silence` and `tocsin maintenance`: begun, ended and listed by the running daemon.
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <cstdio>
#include <sstream>

#include "cli/commands.h"
#include "cli/daemon_client.h"
#include "cli/signal_text.h"
#include "cli/terminal.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

// An argument may hold any bytes; JSON may not.
std::string valid(const std::string& text) {
  return printable(text, text.size() * 3 + 1);
}

// The body of the request; nothing, and printed why, if a label or the time is none.
std::optional<std::string> body_of(const SilenceOptions& options) {
  const auto lasts = parse_duration(options.lasts);
  if (!lasts || *lasts < std::chrono::seconds{1}) {
    std::fprintf(stderr, "tocsin: DURATION is a time such as 30m, 2h or 1d; got \"%s\"\n",
                 printable(options.lasts, 60).c_str());
    return std::nullopt;
  }
  Object labels;
  for (const std::string& label : options.labels) {
    const std::size_t equals = label.find('=');
    const std::string key = valid(label.substr(0, equals));
    if (equals == std::string::npos || equals == 0 || labels.has(key)) {
      std::fprintf(stderr, "tocsin: --label takes KEY=VALUE, each key once; got \"%s\"\n",
                   printable(label, 60).c_str());
      return std::nullopt;
    }
    labels.set(key, valid(label.substr(equals + 1)));
  }
  Object match;
  match.set("name", valid(options.pattern));
  match.set("labels", labels);
  Object body;
  body.set("match", match);
  body.set("lasts_seconds", static_cast<double>(lasts->count()) / 1000.0);
  body.set("by", valid(options.by.empty() ? this_user() : options.by));
  if (!options.why.empty()) body.set("why", valid(options.why));
  body.set("maintenance", options.maintenance);
  std::ostringstream out;
  body.stringify(out);
  return out.str();
}

int report(const DaemonClient::Answer& answer, std::string (*text)(const std::string&)) {
  if (!answer.trouble.empty()) {
    std::fprintf(stderr, "tocsin: not done: %s\n", answer.trouble.c_str());
    return 1;
  }
  try {
    std::fputs(text(answer.body).c_str(), stdout);
  } catch (const Poco::Exception&) {
    std::fprintf(stderr, "tocsin: what answers there is no Tocsin\n");
    return 1;
  }
  return 0;
}

}  // namespace

int silence(const SilenceOptions& options) {
  std::optional<std::string> body = "{}";
  const bool begins = !options.list && !options.end;
  if (begins) body = body_of(options);
  if (!body) return 1;
  const auto daemon = DaemonClient::find(options.file);
  if (!daemon) return 1;
  const std::string path = "/api/v1/silences";
  if (options.list) return report(daemon->get(path), silences_text);
  if (begins) return report(daemon->post(path, *body), begun_text);
  return report(daemon->post(path + "/" + std::to_string(*options.end) + "/end", *body),
                ended_text);
}

}  // namespace tocsin
