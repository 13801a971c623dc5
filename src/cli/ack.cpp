// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "cli/commands.h"
#include "cli/daemon_client.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

// An argument may hold any bytes; JSON may not.
std::string valid(const std::string& text) {
  return printable(text, text.size() * 3 + 1);
}

std::string body_of(const AckOptions& options, std::optional<Millis> lasts) {
  Poco::JSON::Object object;
  object.set("check", valid(options.name));
  object.set("by", valid(options.by.empty() ? this_user() : options.by));
  if (options.withdraw) {
    object.set("withdraw", true);
  } else {
    if (!options.why.empty()) object.set("why", valid(options.why));
    if (lasts) object.set("for_seconds", static_cast<double>(lasts->count()) / 1000.0);
  }
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

std::string told_of(const AckOptions& options, std::optional<Millis> lasts) {
  if (options.withdraw) return "no longer acknowledged; reminders go on";
  if (lasts) return "acknowledged for " + human_duration(*lasts) + ", unless it gets worse";
  return "acknowledged until it is up, unless it gets worse";
}

}  // namespace

std::string this_user() {
  const char* const sudo = std::getenv("SUDO_USER");
  if (geteuid() == 0 && sudo != nullptr && *sudo != '\0') return sudo;
  const passwd* const entry = getpwuid(geteuid());
  return entry == nullptr ? std::string() : entry->pw_name;
}

int ack(const AckOptions& options) {
  std::optional<Millis> lasts;
  if (!options.lasts.empty()) {
    lasts = parse_duration(options.lasts);
    if (!lasts || *lasts < std::chrono::seconds{1}) {
      std::fprintf(stderr, "tocsin: --for takes a time such as 30m, 2h or 1d; got \"%s\"\n",
                   printable(options.lasts, 60).c_str());
      return 1;
    }
  }
  const auto daemon = DaemonClient::find(options.file);
  if (!daemon) return 1;
  const auto answer = daemon->post("/api/v1/acknowledgements", body_of(options, lasts));
  const std::string name = printable(options.name, 200);
  if (!answer.trouble.empty()) {
    std::fprintf(stderr, "tocsin: not done: %s\n", answer.trouble.c_str());
    return 1;
  }
  std::printf("%s: %s\n", name.c_str(), told_of(options, lasts).c_str());
  return 0;
}

}  // namespace tocsin
