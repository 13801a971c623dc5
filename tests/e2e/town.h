// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "e2e/daemon.h"
#include "support/chat_stand_in.h"

namespace tocsin {

inline WallTime wall_now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

// A daemon that tells a space of its own.
struct Town {
  static constexpr Millis kLong{90'000};

  ChatStandIn chat;
  Daemon daemon;

  explicit Town(const std::string& more = {}) { configure(more); }
  void configure(const std::string& more) {
    daemon.configure("notifiers:\n  - name: ops\n    google_chat: {webhook_url: '" +
                     chat.webhook_url() +
                     "'}\nchecks:\n  - {name: off, tcp: '127.0.0.1:1', enabled: false}\n" + more);
  }
  std::string config() const { return (daemon.dir() / "tocsin.yaml").string(); }
  // What `tocsin notify` says, as a shell sees it.
  Ran notify(std::vector<std::string> arguments) const {
    const std::vector<std::string> begin{Daemon::binary(), "notify", "--config", config()};
    arguments.insert(arguments.begin(), begin.begin(), begin.end());
    return run_program(arguments);
  }
  std::vector<std::string> told(const std::string& thread) const {
    return chat.seen().texts(thread);
  }
  // Whatever was to be told before is told when this returns: a thread keeps its order.
  void catch_up(const std::string& thread) {
    REQUIRE(notify({"--thread", thread, "that is all"}).status == 0);
    REQUIRE(eventually(
        [&] {
          const auto all = told(thread);
          return !all.empty() && all.back().find("that is all") != std::string::npos;
        },
        std::chrono::duration_cast<std::chrono::milliseconds>(kLong)));
  }
};

inline std::size_t count_of(const std::vector<std::string>& texts, const std::string& word) {
  return static_cast<std::size_t>(
      std::count_if(texts.begin(), texts.end(),
                    [&](const std::string& text) { return text.find(word) != std::string::npos; }));
}

}  // namespace tocsin
