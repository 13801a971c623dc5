// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// How each notification is told, once, in order, at a humane pace. The pieces, from pure to
// practical:
//
//   merge, digest, fold   what waits → fewer messages                      (pure)
//   shared_label          what the checks of a digest have in common       (pure)
//   storm                 how often digests, how many messages             (told the time)
//   lane, backoff         what one sink is to be told next, and when       (told the time)
//   attempt, commits      one attempt at a sink; one transaction           (on the loop)
//   engine                turns lanes: next → fold or attempt → commit → next …
//
// Where a sink lets a message be changed, an incident's first one is brought up to date after each
// that follows it. That is an ornament: it is not stored, gives way to every message, and is made
// anew from what was sent when the process starts.
//
// A row is waiting, sent, dead or folded, and only a commit moves it. An attempt is made from a row
// that is waiting on disk, and its outcome is committed before the lane's next attempt begins. So
// whenever the process is killed, at most the attempt under way is repeated, with the same uid; a
// sink that knows uids tells it once, another one at most twice. A folding is committed before it
// is sent, so a crash finds either the many or the one.
//
// In a storm a digest names what waits, and each row waits on for its own line, so that its thread
// is complete in the end: it is waiting with the digest's id as `folded_into`, on disk too. Lines
// give way to whatever was told in no form. What becomes of the digest does not matter to them.
//
// What was found waiting at a start may have been taken by its sink; so may what got no answer.
// Neither is ever told in other words: the sink would not recognise it. A digest may name it.
//
// An attempt without an answer is repeated for as long as no answer comes. Losing a page is worse
// than repeating it.
#include "deliver/sender.h"

#include <utility>

#include "deliver/engine.h"

namespace tocsin {

Sender::Sender(Host host, std::shared_ptr<const Config> config)
    : engine_(std::make_unique<Engine>(std::move(host), config)) {}

Sender::~Sender() = default;

void Sender::resume(const Saved& saved) {
  engine_->post([engine = engine_.get(), waiting = saved.waiting, threads = saved.threads,
                 told = saved.incident_messages]() mutable {
    engine->recall(std::move(threads), told);
    engine->resume(std::move(waiting));
  });
}

void Sender::submit(std::vector<NotificationPtr> notifications) {
  engine_->post([engine = engine_.get(), list = std::move(notifications)]() mutable {
    engine->submit(std::move(list));
  });
}

void Sender::reconfigure(std::shared_ptr<const Config> config) {
  engine_->post(
      [engine = engine_.get(), config = std::move(config)] { engine->reconfigure(*config); });
}

void Sender::dump(std::function<void(Change)> then) {
  engine_->post([engine = engine_.get(), then = std::move(then)] { then(engine->dump()); });
}

std::vector<NotifierView> Sender::views() const {
  return engine_->views();
}

void Sender::ping(std::function<void()> then) {
  engine_->post([engine = engine_.get(), then = std::move(then)] {
    engine->look();
    then();
  });
}

}  // namespace tocsin
