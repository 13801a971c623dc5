// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/send_once.h"

#include <memory>
#include <utility>

#include "deliver/attempt.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "net/workers.h"

namespace tocsin {

Outcome send_once(const NotifierEntry& entry, const Notification& notification,
                  const Clock& clock) {
  Loop loop;
  Resolver resolver(loop);
  HttpClient http(loop, resolver);
  Workers workers(loop);
  const AttemptTools tools{loop, http, resolver, workers, clock};
  Outcome out;
  out.reason = "the attempt did not end";
  const auto attempt = std::make_shared<Attempt>(std::make_shared<const Notification>(notification),
                                                 entry.notifier, tools, Refs{});
  start_attempt(attempt, loop, [&](Outcome outcome) {
    out = std::move(outcome);
    loop.stop();  // the resolver may still listen for late answers
  });
  loop.run();
  loop.end();
  return out;
}

}  // namespace tocsin
