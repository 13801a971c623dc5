// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "deliver/send_once.h"
#include "notify/notifier.h"
#include "util/system_clock.h"
#include "util/text.h"

namespace tocsin {
namespace {

Notification test_notification(const Config& config, const std::string& notifier, WallTime now) {
  Message message;
  message.kind = Kind::test;
  message.instance = config.instance;
  message.check = "tocsin/test";
  message.type = "test";
  message.reason = "this is a test; nothing has happened";
  message.decided_at = message.since = now;
  Notification out;
  out.uid = random_uuid();
  out.notifier = notifier;
  out.thread_key = "tocsin/test";
  out.created_at = now;
  out.message = std::make_shared<const Message>(std::move(message));
  return out;
}

int complain(const Config& config, const std::string& name) {
  std::vector<std::string_view> known;
  for (const NotifierEntry& entry : config.notifiers) known.push_back(entry.name);
  const std::string_view near = nearest(name, known);
  std::fprintf(stderr, "tocsin: no notifier is named \"%s\"%s\n", printable(name, 200).c_str(),
               near.empty() ? "" : ("; did you mean \"" + std::string(near) + "\"?").c_str());
  return 1;
}

}  // namespace

int test_notify(const std::filesystem::path& file, const std::string& notifier) {
  const auto config = load_or_complain(file);
  if (!config) return 1;
  const auto entry =
      std::find_if(config->notifiers.begin(), config->notifiers.end(),
                   [&](const NotifierEntry& candidate) { return candidate.name == notifier; });
  if (entry == config->notifiers.end()) return complain(*config, notifier);

  const SystemClock clock;
  const Notification notification = test_notification(*config, notifier, clock.wall());
  const Outcome outcome = send_once(*entry, notification, clock);
  std::fflush(stdout);
  const std::string sink = entry->notifier->sink();
  if (outcome.what == Outcome::What::sent) {
    std::printf("sent to %s (%s)%s%s\n", notifier.c_str(), sink.c_str(),
                outcome.thread_ref.empty() ? "" : ", thread ", outcome.thread_ref.c_str());
    return 0;
  }
  std::fprintf(stderr, "tocsin: not sent to %s (%s): %s\n%s\n", notifier.c_str(), sink.c_str(),
               outcome.reason.c_str(),
               outcome.what == Outcome::What::later
                   ? "  the daemon would try again later"
                   : "  the daemon would not try again: such a notification becomes a dead letter");
  return 1;
}

}  // namespace tocsin
