// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "notify/notifier.h"
#include "tocsin/config.h"
#include "tocsin/notification.h"

namespace tocsin {

// A notifier as the configuration gives it: `settings` is what stands behind its type key, such as
// "{color: never}". Null if there was an error; `problems` are the lines.
struct LoadedNotifier {
  std::shared_ptr<const Notifier> notifier;
  std::vector<std::string> problems;

  std::string all_problems() const;
};
LoadedNotifier load_notifier(std::string_view type, const std::string& settings);

// A notification of 2026-01-02 03:04:05 UTC about web-01, complete in every part.
Message a_message(Kind kind);
Notification a_notification(Message message, const std::string& thread_key = "web-01");
Notification a_notification(Kind kind);

// What a hostile target could put into every text it has a hand in: mentions, links, markup,
// control characters, escape sequences, text that turns around, broken UTF-8.
std::string hostile_text();
// A message in which every text is that one, or very long.
Message hostile_message(Kind kind, const std::string& text);

// A delivery loop for one thread: sends, and waits for what came of it.
class SendDesk {
 public:
  SendDesk();
  ~SendDesk();
  // Remembers threads and first messages from call to call, as the sender does.
  Outcome send(const Notifier& notifier, const Notification& notification, bool late = false);
  // The incident's first message is brought up to date. REQUIRES that it was sent by this desk.
  Outcome update(const Notifier& notifier, const Notification& notification);
  // Told again to a sink that forgets.
  Outcome renew(const Notifier& notifier, const Notification& notification);
  // Several at the same time, on the one loop.
  std::vector<Outcome> send_all(const Notifier& notifier, const std::vector<Notification>& all);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// What is written to standard output while it lives. Restores it.
class CapturedStdout {
 public:
  CapturedStdout();
  ~CapturedStdout();
  CapturedStdout(const CapturedStdout&) = delete;
  CapturedStdout& operator=(const CapturedStdout&) = delete;
  std::string text() const;

 private:
  int saved_;
  int file_;
};

// Standard output is this descriptor while it lives; -1: closed.
class StdoutIs {
 public:
  explicit StdoutIs(int descriptor);
  ~StdoutIs();
  StdoutIs(const StdoutIs&) = delete;
  StdoutIs& operator=(const StdoutIs&) = delete;

 private:
  int saved_;
};

}  // namespace tocsin
