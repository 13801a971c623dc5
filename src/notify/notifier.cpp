// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/notifier.h"

namespace tocsin {

asio::awaitable<Outcome> Notifier::update(const Delivery&) const {
  Outcome outcome;
  outcome.what = Outcome::What::rejected;
  outcome.reason = "this sink's messages cannot be changed";
  co_return outcome;
}

asio::awaitable<Outcome> Notifier::renew(const Delivery&) const {
  Outcome outcome;
  outcome.what = Outcome::What::rejected;
  outcome.reason = "this sink does not forget";
  co_return outcome;
}

}  // namespace tocsin
