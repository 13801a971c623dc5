// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>

#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

class HttpClient;  // src/net/http_client.h
class Resolver;    // src/net/resolver.h
class Workers;     // src/net/workers.h
struct Words;      // src/notify/wording.h

// One attempt to deliver one notification, and what it may use. Lives on the delivery loop.
struct Delivery {
  const Notification& notification;
  HttpClient& http;
  Resolver& resolver;
  Workers& workers;
  const Clock& clock;
  // How the sink named this thread the last time (Outcome::thread_ref); empty if never told.
  std::string thread_ref;
  // How the sink named the first message of this incident (its Outcome::message_ref): what is
  // brought up to date, answered, or cancelled. Empty if there is none, or it was never told.
  std::string root_ref;
  // Set when this is delivered late: the text says so.
  bool late = false;
  // Where words_of leaves what it made, for who shows it (test-notify); mostly null.
  Words* said = nullptr;
};

// How fast a sink may be written to. Notifiers with the same key share one budget.
struct Pace {
  std::string key;    // "chat:spaces/AAA"; unique to the notifier where nothing is shared
  Millis spacing{0};  // least time between the starts of two attempts
  // Whether repeats with the same uid are recognised by the sink (by its documentation).
  bool idempotent = false;
  // Whether a digest may stand for many messages. Not where each one moves a state that the sink
  // keeps per thread: an alert that is opened has to be closed by its own key.
  bool foldable = true;
};

// A parsed notifier: how to tell one sink. Immutable. `send` is a coroutine of the delivery loop;
// it ends within its own timeout and turns every failure into an Outcome. Only a bug may throw; the
// sender turns that into `later`.
class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual asio::awaitable<Outcome> send(const Delivery& delivery) const = 0;

  // Whether the sink lets a message be changed afterwards. If so, the incident's first message is
  // brought up to date after each later one was sent: `update` gets that later one, and root_ref,
  // which is never empty then. Updates share the sink's pace and give way to messages; a `later`
  // one is tried a few times more, and then let be: the thread itself tells all.
  virtual bool updates() const { return false; }
  virtual asio::awaitable<Outcome> update(const Delivery& delivery) const;

  // How often the sink has to be told again what is still open, because it forgets by itself; zero:
  // never. From the first message of an incident that it took until one that ends it, `renew` gets
  // the latest one, with the references as for `send`; after a restart at once, if it named that
  // message (Outcome::message_ref). Renewals share the sink's pace and give way to messages and
  // updates; one that fails is made again at its next time.
  virtual Millis renew_every() const { return Millis{0}; }
  virtual asio::awaitable<Outcome> renew(const Delivery& delivery) const;

  virtual Pace pace() const = 0;
  // What it writes to, for people, secrets hidden ("spaces/AAA").
  virtual std::string sink() const = 0;
};

}  // namespace tocsin
