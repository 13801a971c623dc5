// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/attempt.h"

#include <cxxabi.h>

#include <asio/co_spawn.hpp>
#include <cstdlib>
#include <typeinfo>
#include <utility>

namespace tocsin {
namespace {

asio::awaitable<Outcome> perform(std::shared_ptr<Attempt> attempt) {
  if (attempt->task == Task::update) {
    co_return co_await attempt->notifier->update(attempt->delivery);
  }
  if (attempt->task == Task::renew) {
    co_return co_await attempt->notifier->renew(attempt->delivery);
  }
  co_return co_await attempt->notifier->send(attempt->delivery);
}

std::string type_name(const std::exception& error) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(error).name();
}

// The text of an exception may quote a URL with its token, so only its type is told.
Outcome outcome_of(const std::exception_ptr& thrown) {
  Outcome out;
  out.what = Outcome::What::later;
  out.in_doubt = true;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    out.reason = "a fault in the notifier itself (" + type_name(error) + ")";
  } catch (...) {
    out.reason = "a fault in the notifier itself";
  }
  return out;
}

}  // namespace

Attempt::Attempt(NotificationPtr what, std::shared_ptr<const Notifier> where,
                 const AttemptTools& tools, Refs refs, Task its_task)
    : notification(std::move(what)),
      notifier(std::move(where)),
      task(its_task),
      began(tools.clock.steady()),
      delivery{
          *notification,
          tools.http,
          tools.resolver,
          tools.workers,
          tools.clock,
          std::move(refs.thread),
          std::move(refs.root),
          its_task != Task::renew && tools.clock.wall() - notification->created_at > kLateAfter} {}

void start_attempt(const std::shared_ptr<Attempt>& attempt, Loop& loop,
                   std::function<void(Outcome)> done) {
  asio::co_spawn(loop, perform(attempt),
                 [attempt, done = std::move(done)](const std::exception_ptr& thrown, Outcome out) {
                   if (attempt->abandoned) return;
                   done(thrown ? outcome_of(thrown) : std::move(out));
                 });
}

}  // namespace tocsin
