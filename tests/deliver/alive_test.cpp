// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/alive.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "support/http_stand_in.h"
#include "support/raw_server.h"
#include "util/log.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;

constexpr Millis kOften{5};
constexpr Millis kOnce{3'600'000};

// What the log says while it lives, at level info; without the time of each line.
class CapturedLog {
 public:
  CapturedLog() : file_(memfd_create("log", MFD_CLOEXEC)) {
    set_log("info", "text");
    saved_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    dup2(file_, STDERR_FILENO);
  }
  ~CapturedLog() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(file_);
    set_log("error", "text");
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  Lines lines() const {
    std::string all(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
    all.resize(static_cast<std::size_t>(pread(file_, all.data(), all.size(), 0)));
    Lines out;
    for (std::size_t end = all.find('\n'); end != all.npos; end = all.find('\n')) {
      out.push_back(all.substr(all.find(' ') + 1, end - all.find(' ') - 1));
      all.erase(0, end + 1);
    }
    return out;
  }

 private:
  int saved_ = -1;
  int file_;
};

// Something that happens on other threads, and can be waited for.
class Events {
 public:
  // How many there are now.
  int add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(what);
    changed_.notify_all();
    return static_cast<int>(all_.size());
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::minutes{1}, [&] { return all_.size() >= count; }));
  }
  Lines all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Lines all_;
};

// The service outside: answers the first, second, … ping as it is told, and the last way ever
// after.
class Outside {
 public:
  explicit Outside(std::vector<HttpReply> replies = {{}})
      : replies_(std::move(replies)),
        server_({.head = {}, .whole = [this](const HttpAsked& asked) { return judge(asked); }}) {}
  AliveSettings settings(Millis every, const std::string& path = "/ping") const {
    AliveSettings out;
    out.url = Text(server_.base_url() + path);
    out.every = every;
    return out;
  }

  Events pings;  // "GET /ping"

 private:
  HttpReply judge(const HttpAsked& asked) {
    const auto number = static_cast<std::size_t>(pings.add(asked.method + " " + asked.target));
    return replies_[std::min(number, replies_.size()) - 1];
  }

  const std::vector<HttpReply> replies_;
  HttpStandIn server_;
};

HttpReply with_status(int status) {
  HttpReply reply;
  reply.status = status;
  return reply;
}

bool always() {
  return true;
}

}  // namespace

TEST_CASE("alive: the first ping comes at once, and then one after the other", "[deliver]") {
  Outside outside;
  SECTION("at once") {
    Alive alive(always);
    alive.configure(outside.settings(kOnce));
    outside.pings.wait_for(1);
    CHECK(outside.pings.all() == Lines{"GET /ping"});
  }
  SECTION("and again") {
    Alive alive(always);
    alive.configure(outside.settings(kOften));
    outside.pings.wait_for(5);
  }
}

TEST_CASE("alive: a ping is made by the method that is asked for", "[deliver]") {
  Outside outside;
  for (const char* method : {"POST", "HEAD", "GET"}) {
    AliveSettings settings = outside.settings(kOnce);
    settings.method = method;
    const std::size_t before = outside.pings.count();
    Alive alive(always);
    alive.configure(settings);
    outside.pings.wait_for(before + 1);
    CHECK(outside.pings.all().back() == std::string(method) + " /ping");
  }
}

TEST_CASE("alive: nothing is asked for while we are not in good health, which is logged once",
          "[deliver]") {
  const CapturedLog log;
  Outside outside;
  Events asked;
  std::atomic<bool> healthy{false};
  Alive alive([&] {
    asked.add("");
    return healthy.load();
  });
  alive.configure(outside.settings(kOften));
  asked.wait_for(5);
  CHECK(outside.pings.count() == 0);
  CHECK(log.lines() ==
        Lines{"level=warn event=alive pings=withheld reason=\"the scheduler or the sender makes "
              "no progress\""});
  healthy = true;
  outside.pings.wait_for(3);
  alive.stop();
  const Lines lines = log.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == "level=info event=alive pings=resumed");
  CHECK(lines[2] == "level=info event=alive pings=taken");
}

TEST_CASE("alive: of what comes of pings only changes are logged", "[deliver]") {
  const CapturedLog log;
  HttpReply moved = with_status(302);
  moved.headers = {{"Location", "/elsewhere"}};
  Outside outside({with_status(200), with_status(204), with_status(500), with_status(404), moved,
                   with_status(201), moved, with_status(200)});
  Alive alive(always);
  alive.configure(outside.settings(kOften));
  outside.pings.wait_for(10);
  alive.stop();
  CHECK(log.lines() ==
        Lines{"level=info event=alive pings=taken",
              "level=warn event=alive pings=failing reason=\"status 500, 2xx expected\"",
              "level=info event=alive pings=taken",
              "level=warn event=alive pings=failing reason=\"status 302, 2xx expected\"",
              "level=info event=alive pings=taken"});
  for (const std::string& ping : outside.pings.all()) CHECK(ping == "GET /ping");
}

TEST_CASE("alive: the address is in no line of the log, whatever goes wrong", "[deliver]") {
  const std::string secret = "/0b0f2b1e-hunter2?token=hunter3";
  std::vector<std::string> urls{"http://hunter4:hunter5@127.0.0.1:1" + secret,
                                "ftp://127.0.0.1" + secret, "http://[hunter6" + secret,
                                "http://nowhere.invalid" + secret};
  const RawServer garbage(answer_with("no HTTP at all: " + secret + "\r\n\r\n"));
  urls.push_back(garbage.url(secret));
  const RawServer refuses(answer_with(http_answer("401 hunter8", "X-It: hunter9\r\n", secret)));
  urls.push_back(refuses.url(secret));
  for (const std::string& url : urls) {
    INFO(url);
    const CapturedLog log;
    Events asked;
    AliveSettings settings;
    settings.url = Text(url);
    settings.every = kOften;
    Alive alive([&] { return asked.add("") > 0; });
    alive.configure(settings);
    asked.wait_for(2);
    alive.stop();
    const Lines lines = log.lines();
    REQUIRE(lines.size() == 1);
    INFO(lines[0]);
    CHECK(lines[0].starts_with("level=warn event=alive pings=failing reason="));
    CHECK(lines[0].find("hunter") == lines[0].npos);
    CHECK(lines[0].find("token") == lines[0].npos);
  }
}

TEST_CASE("alive: it stops at once, with an answer still out", "[deliver]") {
  HttpReply hang;
  hang.way = HttpReply::Way::hang;
  Outside outside({hang});
  AliveSettings settings = outside.settings(kOften);
  settings.timeout = std::chrono::minutes{10};
  Alive alive(always);
  alive.configure(settings);
  outside.pings.wait_for(1);
  const auto began = std::chrono::steady_clock::now();
  alive.stop();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{20});
}

TEST_CASE("alive: no answer within the timeout is a failure, and the next ping follows",
          "[deliver]") {
  const CapturedLog log;
  HttpReply hang;
  hang.way = HttpReply::Way::hang;
  Outside outside({hang, {}});
  AliveSettings settings = outside.settings(kOften);
  settings.timeout = Millis{500};
  Alive alive(always);
  alive.configure(settings);
  outside.pings.wait_for(3);
  alive.stop();
  const Lines lines = log.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("level=warn event=alive pings=failing reason="));
  CHECK(lines[1] == "level=info event=alive pings=taken");
}

TEST_CASE("alive: a reload changes the address, leaves alone what is the same, and ends it",
          "[deliver]") {
  const CapturedLog log;
  Outside outside;
  Events asked;
  Alive alive([&] { return asked.add("") > 0; });
  alive.configure(outside.settings(kOften, "/a"));
  outside.pings.wait_for(3);
  alive.configure(outside.settings(kOften, "/a"));
  outside.pings.wait_for(outside.pings.count() + 3);
  CHECK(log.lines() == Lines{"level=info event=alive pings=taken"});

  alive.configure(outside.settings(kOften, "/b"));
  const auto has_b = [&] {
    const Lines all = outside.pings.all();
    return std::find(all.begin(), all.end(), "GET /b") != all.end();
  };
  while (!has_b()) outside.pings.wait_for(outside.pings.count() + 1);
  CHECK(outside.pings.all().front() == "GET /a");

  alive.configure({});
  const std::size_t then = asked.count();
  Outside other;
  Alive meanwhile(always);
  meanwhile.configure(other.settings(kOften));
  other.pings.wait_for(5);
  CHECK(asked.count() == then);
}

TEST_CASE("alive: without an address nothing is asked for", "[deliver]") {
  Events asked;
  Alive alive([&] { return asked.add("") > 0; });
  alive.configure({});
  Outside other;
  Alive meanwhile(always);
  meanwhile.configure(other.settings(kOften));
  other.pings.wait_for(3);
  CHECK(asked.count() == 0);
}

}  // namespace tocsin
