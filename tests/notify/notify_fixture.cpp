// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/notify_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <map>

#include "config/load.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "net/workers.h"
#include "notify/registry.h"
#include "probe/registry.h"
#include "support/on_loop.h"
#include "support/temp_dir.h"
#include "util/system_clock.h"
#include "util/text.h"

namespace tocsin {
namespace {

// 2026-01-02 03:04:05 UTC
constexpr WallTime kNow{std::chrono::seconds{1'767'323'045}};

asio::awaitable<void> send_into(const Notifier& notifier, const Delivery& delivery, Outcome& into) {
  into = co_await notifier.send(delivery);
}

}  // namespace

std::string LoadedNotifier::all_problems() const {
  std::string out;
  for (const std::string& problem : problems) out += problem + "\n";
  return out;
}

LoadedNotifier load_notifier(std::string_view type, const std::string& settings) {
  const TempDir folder;
  const auto file =
      folder.write("t.yaml", "notifiers:\n  - name: it\n    " + std::string(type) + ": " +
                                 settings + "\nchecks:\n  - {name: c, tcp: \"127.0.0.1:1\"}\n");
  const Loaded loaded = load_config(file, check_types(), notifier_types(), LoadOptions{});
  LoadedNotifier out;
  const std::string place = file.string() + ":";
  for (const Problem& problem : loaded.problems) {
    std::string text = problem.text();
    if (text.starts_with(place)) text.erase(0, place.size());
    out.problems.push_back(std::move(text));
  }
  if (loaded.config) out.notifier = loaded.config->notifiers.front().notifier;
  return out;
}

Message a_message(Kind kind) {
  Message message;
  message.kind = kind;
  message.instance = "mon-1";
  message.check =
      kind == Kind::daemon || kind == Kind::digest || kind == Kind::test ? "" : "web-01";
  message.type = "tcp";
  message.target = "127.0.0.1:8080";
  message.description = "the web shop";
  message.runbook = "https://wiki.example.net/shop";
  message.labels = {{"team", "shop"}, {"tier", "front"}};
  message.reason = "connection refused (127.0.0.1:8080)";
  message.from = State::up;
  message.to = State::down;
  message.decided_at = kNow;
  message.since = kNow - std::chrono::seconds{15};
  message.failed_probes = 3;
  message.incident = 42;
  if (kind == Kind::up || kind == Kind::over) {
    message.from = State::down;
    message.to = State::up;
    message.worst = State::down;
    message.worst_reason = message.reason;
    message.reason = "200 OK";
    message.since = kNow - std::chrono::minutes{31};
  }
  return message;
}

Notification a_notification(Message message, const std::string& thread_key) {
  Notification notification;
  notification.id = 7;
  notification.uid = random_uuid();
  notification.notifier = "it";
  notification.thread_key = thread_key;
  notification.created_at = message.decided_at;
  notification.message = std::make_shared<const Message>(std::move(message));
  return notification;
}

Notification a_notification(Kind kind) {
  return a_notification(a_message(kind));
}

std::string hostile_text() {
  return "<users/all> <https://evil.example|https://bank.example> &lt;users/all&gt; *b* `c` ``` \n"
         "✅ UP web-02 — fine\r\n\x1b]0;title\x07\x1b[31m \x9b[2J\xc2\x9b\x31m \xff\xfe\xc0\xaf "
         "\xed\xa0\x80 \xe2\x80\xae egassem \xe2\x80\xa8 \"}],\\u0000{\x01\x7f" +
         std::string(1, '\0');
}

Message hostile_message(Kind kind, const std::string& text) {
  Message message = a_message(kind);
  message.instance = message.target = message.description = message.runbook = text;
  message.reason = message.worst_reason = text;
  message.labels = {{text, text}};
  message.durable = false;
  return message;
}

struct SendDesk::Parts {
  asio::io_context loop{1};
  Resolver resolver{loop};
  HttpClient http{loop, resolver};
  Workers workers{loop};
  SystemClock clock;
  std::map<std::string, std::string> threads;  // by thread key
  std::map<std::int64_t, std::string> roots;   // by incident

  Delivery delivery(const Notification& notification, bool late) {
    const auto thread = threads.find(notification.thread_key);
    const auto root = roots.find(notification.message->incident);
    return {notification,
            http,
            resolver,
            workers,
            clock,
            thread == threads.end() ? std::string() : thread->second,
            root == roots.end() ? std::string() : root->second,
            late};
  }
  // As the sender does it.
  void remember(const Notification& notification, const Outcome& outcome) {
    if (outcome.what != Outcome::What::sent) return;
    if (!outcome.thread_ref.empty()) threads[notification.thread_key] = outcome.thread_ref;
    const std::int64_t incident = notification.message->incident;
    if (incident != 0 && !outcome.message_ref.empty()) {
      roots.try_emplace(incident, outcome.message_ref);
    }
  }
};

SendDesk::SendDesk() : parts_(std::make_unique<Parts>()) {}
SendDesk::~SendDesk() = default;

Outcome SendDesk::send(const Notifier& notifier, const Notification& notification, bool late) {
  const Delivery delivery = parts_->delivery(notification, late);
  const Outcome outcome = on_loop(parts_->loop, notifier.send(delivery));
  parts_->remember(notification, outcome);
  return outcome;
}

Outcome SendDesk::update(const Notifier& notifier, const Notification& notification) {
  const Delivery delivery = parts_->delivery(notification, false);
  return on_loop(parts_->loop, notifier.update(delivery));
}

Outcome SendDesk::renew(const Notifier& notifier, const Notification& notification) {
  const Delivery delivery = parts_->delivery(notification, false);
  return on_loop(parts_->loop, notifier.renew(delivery));
}

std::vector<Outcome> SendDesk::send_all(const Notifier& notifier,
                                        const std::vector<Notification>& all) {
  std::vector<Outcome> outcomes(all.size());
  std::vector<Delivery> deliveries;
  for (const Notification& one : all) {
    deliveries.push_back(parts_->delivery(one, false));
  }
  std::size_t left = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    asio::co_spawn(parts_->loop, send_into(notifier, deliveries[i], outcomes[i]),
                   [&left](const std::exception_ptr&) { --left; });
  }
  while (left > 0) {
    parts_->loop.restart();
    parts_->loop.run_one();
  }
  return outcomes;
}

StdoutIs::StdoutIs(int descriptor) {
  std::fflush(stdout);
  saved_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  if (descriptor < 0) {
    close(STDOUT_FILENO);
  } else {
    dup2(descriptor, STDOUT_FILENO);
  }
}

StdoutIs::~StdoutIs() {
  dup2(saved_, STDOUT_FILENO);
  close(saved_);
}

CapturedStdout::CapturedStdout() : file_(memfd_create("stdout", MFD_CLOEXEC)) {
  std::fflush(stdout);
  saved_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  dup2(file_, STDOUT_FILENO);
}

CapturedStdout::~CapturedStdout() {
  dup2(saved_, STDOUT_FILENO);
  close(saved_);
  close(file_);
}

std::string CapturedStdout::text() const {
  std::string out(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
  const ssize_t got = pread(file_, out.data(), out.size(), 0);
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

}  // namespace tocsin
