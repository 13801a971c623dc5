// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/time.h"

// Messages of one's own: what somebody posts (`tocsin notify`, POST /api/v1/messages), and what the
// configuration has told at calendar times (`scheduled_messages`). Either becomes a notification of
// Kind::info for each notifier named, and goes the way of all others: committed, then told.

namespace tocsin {

// What is told. A value type; all texts printable.
struct OwnMessage {
  static constexpr std::size_t kMostText = 1000;     // bytes: what a message's first line holds
  static constexpr std::size_t kMostThread = 500;    // bytes
  static constexpr std::size_t kMostDetails = 4096;  // bytes, as of a check's result
  static constexpr std::size_t kMostLink = 1000;     // bytes

  std::string thread;   // the thread key
  std::string text;     // one line
  std::string details;  // more lines, or nothing
  std::string link;     // an absolute http or https URL, or nothing
};

// The thread of posted messages that name none.
inline constexpr std::string_view kMessagesThread = "tocsin/messages";

// What somebody posts.
struct PostedMessage {
  static constexpr std::size_t kMostId = 200;  // bytes
  static constexpr std::size_t kMostTo = 100;  // notifiers

  std::vector<std::string> to;  // notifiers' names; empty: the one there is
  OwnMessage message;
  // The caller's own key: the same one again within a day is the same message again, and is not
  // told anew. Empty: every post is a message.
  std::string id;
};

// A notification that was made for a message.
struct MadeNotification {
  std::int64_t id = 0;
  std::string uid;
  std::string notifier;
  bool operator==(const MadeNotification&) const = default;
};

// What is told but once. Remembered across restarts, since it is committed with the notifications.
struct ToldOnce {
  std::string key;      // once_key(): whose this is
  WallTime at{};        // when it was posted; up to when occasions are dealt with
  std::string content;  // a digest of what was posted; a scheduled message's calendar, as shown
  std::vector<MadeNotification> notifications;  // the latest
  bool operator==(const ToldOnce&) const = default;
};

enum class OnceKind : std::uint8_t { posted, scheduled };

inline std::string once_key(OnceKind kind, std::string_view name) {
  return (kind == OnceKind::posted ? "posted " : "scheduled ") + std::string(name);
}

// What became of a post.
struct PostAnswer {
  enum class Fate : std::uint8_t {
    durable,   // on disk, and going to be told
    memory,    // going to be told; the disk refuses, so that a restart may lose or repeat it
    refused,   // nobody to tell: see `mistake`
    id_taken,  // another message was posted with that id within a day
    too_many,  // so many ids within a day are not remembered
    late,      // the daemon did not get to it in time; it may yet be told
  };
  Fate fate = Fate::late;
  bool repeated = false;  // the id came before: nothing was told anew
  std::string mistake;    // for people
  std::vector<MadeNotification> notifications;
};

// What the configuration has told at calendar times. Immutable.
struct ScheduledMessage {
  std::string name;  // unique among these
  std::string at;    // as people are shown it: "Mon 09:00 (Europe/Berlin)"
  // The first occasion after a moment; nothing if there is none. Pure, and safe from every thread.
  std::function<std::optional<WallTime>(WallTime)> next_after;
  Millis grace{};  // how late an occasion is still told
  bool enabled = true;
  std::vector<std::string> notify;  // notifiers' names
  OwnMessage message;
};

using ScheduledMessagePtr = std::shared_ptr<const ScheduledMessage>;

}  // namespace tocsin
