// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>

#include "notify/notify_fixture.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

std::shared_ptr<const Notifier> console(const std::string& settings = "{color: never}") {
  const LoadedNotifier loaded = load_notifier("console", settings);
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

std::string printed(const Notifier& notifier, const Notification& notification, bool late = false) {
  SendDesk desk;
  Outcome outcome;
  std::string text;
  {
    const CapturedStdout captured;
    outcome = desk.send(notifier, notification, late);
    text = captured.text();
  }
  CHECK(outcome.what == Outcome::What::sent);
  return text;
}

struct Pipe {
  Pipe() { REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  // Makes it full: nobody reads.
  void fill() const {
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const std::string block(4096, '.');
    while (write(ends[1], block.data(), block.size()) > 0) {
    }
    fcntl(ends[1], F_SETFL, 0);
  }
  std::array<int, 2> ends{-1, -1};
};

}  // namespace

TEST_CASE("console: a message is its time, thread, first line and indented body", "[notify]") {
  const std::string text = printed(*console(), a_notification(Kind::down));
  // The time is that of printing.
  CHECK(text.substr(2, 1) == ":");
  CHECK(
      text.substr(8).starts_with(" [web-01] 🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"
                                 "         target: 127.0.0.1:8080\n"
                                 "         since 2026-01-02 03:03:50 UTC ("));
  CHECK(text.ends_with("\n         told by mon-1\n"));
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("console: late is said", "[notify]") {
  CHECK(printed(*console(), a_notification(Kind::down), true).find(" late\n") != std::string::npos);
}

TEST_CASE("console: colours come when asked for, and by themselves only on a terminal",
          "[notify]") {
  const Notification down = a_notification(Kind::down);
  const std::string colored = printed(*console("{color: always}"), down);
  CHECK(colored.find("\x1b[1;31m🔴 DOWN web-01") != std::string::npos);
  CHECK(colored.find("\x1b[2mtarget: 127.0.0.1:8080\x1b[0m\n") != std::string::npos);
  CHECK(printed(*console("{color: auto}"), down).find('\x1b') == std::string::npos);
  CHECK(printed(*console("{}"), down).find('\x1b') == std::string::npos);
  CHECK(printed(*console("{color: always}"), a_notification(Kind::up)).find("\x1b[1;32m") !=
        std::string::npos);
}

TEST_CASE("console: hostile texts bring no escape sequence and no line of their own", "[notify]") {
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    const Notification one = a_notification(hostile_message(kind, hostile_text()), hostile_text());
    const std::string text = printed(*console(), one);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string_view shown = trim(line);
      CHECK(printable(shown, shown.size()) == shown);
      CHECK(line.find("✅ UP web-02") != 0);
    }
  }
}

TEST_CASE("console: a closed standard output rejects, and does not end the process", "[notify]") {
  SendDesk desk;
  const auto notifier = console();
  Outcome outcome;
  SECTION("a pipe whose reader has gone") {
    Pipe pipe;
    pipe.close_reader();
    const StdoutIs to(pipe.ends[1]);
    outcome = desk.send(*notifier, a_notification(Kind::down));
  }
  SECTION("a socket whose reader has gone") {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    close(ends[0]);
    const StdoutIs to(ends[1]);
    close(ends[1]);
    outcome = desk.send(*notifier, a_notification(Kind::down));
  }
  SECTION("no descriptor at all") {
    const StdoutIs to(-1);
    outcome = desk.send(*notifier, a_notification(Kind::down));
  }
  CHECK(outcome.what == Outcome::What::rejected);
  CHECK(outcome.reason == "standard output is closed");
  CHECK_FALSE(outcome.in_doubt);
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("console: a full disk is later", "[notify]") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) {
    WARN("/dev/full is not there");
    return;
  }
  SendDesk desk;
  Outcome outcome;
  {
    const StdoutIs to(full);
    outcome = desk.send(*console(), a_notification(Kind::down));
  }
  close(full);
  CHECK(outcome.what == Outcome::What::later);
  CHECK(outcome.reason == "standard output: No space left on device");
}

TEST_CASE("console: a reader that does not read costs two seconds of this sink alone", "[notify]") {
  SendDesk desk;
  Pipe pipe;
  pipe.fill();
  const auto stuck = console();
  const auto began = std::chrono::steady_clock::now();
  std::vector<Outcome> outcomes;
  {
    const StdoutIs to(pipe.ends[1]);
    // All at once: if each blocked the loop, they would take forty seconds.
    outcomes = desk.send_all(*stuck, std::vector(20, a_notification(Kind::down)));
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{30});
  for (const Outcome& outcome : outcomes) {
    CHECK(outcome.what == Outcome::What::later);
    CHECK(outcome.reason == "standard output: Connection timed out");
    CHECK_FALSE(outcome.in_doubt);
  }
}

TEST_CASE("console: a reader that comes back in time gets the whole message", "[notify]") {
  SendDesk desk;
  Pipe pipe;
  pipe.fill();
  std::string got;
  std::thread reader([&] {
    std::array<char, 8192> buffer{};
    while (got.find("told by mon-1\n") == std::string::npos) {
      const ssize_t n = read(pipe.ends[0], buffer.data(), buffer.size());
      if (n <= 0) break;
      got.append(buffer.data(), static_cast<std::size_t>(n));
    }
  });
  Outcome outcome;
  {
    const StdoutIs to(pipe.ends[1]);
    outcome = desk.send(*console(), a_notification(Kind::down));
  }
  reader.join();
  CHECK(outcome.what == Outcome::What::sent);
  CHECK(got.find(" [web-01] 🔴 DOWN") != std::string::npos);
}

TEST_CASE("console: each bad key is reported at its place", "[notify]") {
  CHECK(load_notifier("console", "{color: loud}").all_problems() ==
        "3:22: error: one of auto, always, never expected; got \"loud\"\n");
  CHECK(load_notifier("console", "{colour: never}").all_problems() ==
        "3:15: error: unknown key \"colour\"; did you mean \"color\"?\n");
  CHECK(console("{}")->sink() == "standard output");
}

}  // namespace tocsin
