// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Jobs that tell, with the real binary, real curl, and lines as they stand in a crontab.
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "e2e/daemon.h"
#include "support/chat_stand_in.h"

using namespace tocsin;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string kSecret = "e2e-backup-0123456789abcdef";
constexpr Millis kLong{90'000};

std::string console() {
  return "log: {level: debug}\nnotifiers: [{name: terminal, console: {}}]\nchecks:\n";
}

std::string job(const std::string& name, const std::string& keys,
                const std::string& secret = kSecret) {
  return "  - {name: " + name + ", heartbeat: {" + keys + ", secret: " + secret + "}}\n";
}

// A daemon whose web side is the unix socket, with a port of its own for heartbeats.
struct Scene {
  Daemon daemon;
  std::string address;  // "http://127.0.0.1:PORT"

  void configure(const std::string& yaml) {
    daemon.configure(yaml);
    const auto file = daemon.dir() / "tocsin.yaml";
    std::string text = read_file(file);
    const std::string end = "web.sock\"}";
    text.replace(text.find(end), end.size(), "web.sock\", heartbeat_listen: \"127.0.0.1:0\"}");
    std::ofstream(file) << text;
  }
  void start() {
    REQUIRE(daemon.start());
    const std::string log = daemon.log();
    const std::string mark = "address=http://127.0.0.1:";
    const auto at = log.rfind(mark);
    REQUIRE(at != std::string::npos);
    const auto begin = at + std::string("address=").size();
    address = log.substr(begin, log.find(' ', begin) - begin);
  }
  std::string url(const std::string& rest = {}, const std::string& secret = kSecret) const {
    return address + "/heartbeat/" + secret + rest;
  }
  std::string curl(const std::string& rest, std::vector<std::string> more = {}) const {
    std::vector<std::string> argv{"curl", "-sS", "-m", "30", url(rest)};
    argv.insert(argv.end(), more.begin(), more.end());
    return run_program(argv).out;
  }
  Poco::JSON::Object::Ptr check(const std::string& name) const {
    return Poco::JSON::Parser()
        .parse(daemon.get("/api/v1/checks/" + name))
        .extract<Poco::JSON::Object::Ptr>();
  }
  // Of what the API says of the check's heartbeats; "" for null.
  std::string heartbeat(const std::string& name, const std::string& field) const {
    const auto value = check(name)->getObject("heartbeat")->get(field);
    return value.isEmpty() ? "" : value.toString();
  }
  // The API may be a quarter of a second behind.
  bool shows(const std::string& name, const std::string& field, const std::string& value) const {
    return eventually([&] { return heartbeat(name, field) == value; });
  }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str()));
  }
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// The commands of the crontab lines in the example, for a job that is called `backup` there.
std::vector<std::string> example_commands(const std::string& url, const std::string& program,
                                          const std::string& log) {
  std::ifstream in(std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc/examples/check-heartbeat.yaml");
  std::vector<std::string> out;
  const std::string times = "#   5 2 * * *  ";
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(times)) continue;
    line = replaced(line.substr(times.size()), "http://mon-1:8481/heartbeat/SECRET", url);
    line = replaced(line, "/tmp/log", log);
    out.push_back(program + line.substr(line.find(' ')));
  }
  return out;
}

// One ping over a socket of its own: the status of the answer, 0 if there was none.
int ping(std::uint16_t port, const std::string& target) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
    void(send(fd, request.data(), request.size(), MSG_NOSIGNAL));
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = recv(fd, part.data(), part.size(), 0)) > 0;) {
      answer.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
}

}  // namespace

TEST_CASE("heartbeat: start, success, failure with its log, lateness: told in one thread",
          "[e2e]") {
  ChatStandIn chat;
  Scene scene;
  scene.configure("log: {level: debug}\nnotifiers: [{name: ops, google_chat: {webhook_url: '" +
                  chat.webhook_url() + "'}}]\nchecks:\n" +
                  job("backup", "every: 8s, grace: 2s, announce: true"));
  scene.start();
  REQUIRE(scene.daemon.wait_state("backup", "up"));
  // Step by step: what waits for the space's quota together may be told together.
  const auto told = [&](std::size_t count) {
    return eventually([&] { return chat.seen().texts("backup").size() >= count; }, kLong);
  };
  CHECK(scene.curl("/start") == "OK\n");
  CHECK(scene.curl("", {"--data-binary", "copied 3 files"}) == "OK\n");
  REQUIRE(told(1));
  CHECK(scene.curl("/3", {"-d", "rsync <users/all> error"}) == "OK\n");
  REQUIRE(told(2));
  CHECK_THAT(scene.check("backup")->get("details").toString(), Contains("rsync"));
  CHECK(scene.curl("/success", {"-I"}).starts_with("HTTP/1.1 200"));
  REQUIRE(told(5));  // its news, its UP; and then nothing comes

  const auto texts = chat.seen().texts("backup");
  CHECK_THAT(texts[0], StartsWith("ℹ️ INFO backup — finished after "));
  CHECK_THAT(texts[0], Contains("copied 3 files"));
  CHECK_THAT(texts[1], StartsWith("🔴 DOWN backup — the job failed with exit code 3; its log ends"));
  CHECK(texts[1].find("<users/all>") == std::string::npos);  // pings nobody
  CHECK_THAT(texts[2], StartsWith("ℹ️ INFO backup — finished"));
  CHECK_THAT(texts[3], StartsWith("✅ UP backup — was DOWN for "));
  CHECK_THAT(texts[4], StartsWith("🔴 DOWN backup — no heartbeat in time: the last one came "));
  CHECK(chat.seen().threads("backup").size() == 1);
  // The log is kept with the incident.
  CHECK_THAT(scene.daemon.get("/api/v1/incidents"), Contains("rsync"));
  for (const std::string& text : texts) CHECK(text.find(kSecret) == std::string::npos);
  for (const char* path : {"/", "/metrics", "/api/v1/checks", "/api/v1/notifications"}) {
    CHECK(scene.daemon.get(path).find(kSecret) == std::string::npos);
  }
  CHECK(scene.daemon.terminate() == 0);
  CHECK(scene.daemon.log().find(kSecret) == std::string::npos);
}

TEST_CASE("heartbeat: a run that is too long is down for that", "[e2e]") {
  Scene scene;
  scene.configure(console() + job("report", "every: 1h, longest: 1s"));
  scene.start();
  scene.curl("/start?rid=a");
  scene.curl("/log", {"-d", "step 1 of 5"});
  REQUIRE(scene.daemon.wait_state("report", "down"));
  CHECK_THAT(scene.check("report")->get("reason").toString(), Contains(", longer than 1s"));
  CHECK(scene.check("report")->get("details").toString() == "step 1 of 5");
  scene.curl("?rid=a");
  CHECK(scene.daemon.wait_state("report", "up"));
}

TEST_CASE("heartbeat: the example's crontab lines tell what became of the job", "[e2e]") {
  Scene scene;
  scene.configure(console() + job("backup", "schedule: '5 2 * * *'"));
  scene.start();
  const std::string log = (scene.daemon.dir() / "job.log").string();
  struct Row {
    const char* program;
    const char* state;
    const char* code;
  };
  const std::string fails = "sh -c 'echo out of space; exit 28'";
  // The first line tells of successes alone, the second one of all.
  auto commands = example_commands(scene.url(), "true", log);
  REQUIRE(commands.size() == 2);
  CHECK(run_program({"sh", "-c", commands[0]}).status == 0);
  CHECK(eventually([&] { return !scene.heartbeat("backup", "last_success_at").empty(); }));
  CHECK(run_program({"sh", "-c", commands[1]}).status == 0);
  CHECK(scene.shows("backup", "exit_code", "0"));
  commands = example_commands(scene.url(), fails, log);
  CHECK(run_program({"sh", "-c", commands[0]}).status == 28);
  CHECK(scene.shows("backup", "exit_code", "0"));
  CHECK(run_program({"sh", "-c", commands[1]}).status == 0);
  CHECK(scene.shows("backup", "exit_code", "28"));
  CHECK(scene.shows("backup", "log", "out of space"));
  REQUIRE(scene.daemon.wait_state("backup", "down"));
  // And curl's -f sees a secret that is wrong.
  const Ran wrong = run_program({"curl", "-fsS", scene.url("", "not-the-secret-01234")});
  CHECK(wrong.status == 22);
}

TEST_CASE("heartbeat: what was answered is there after kill -9", "[e2e]") {
  Scene scene;
  scene.configure(console() + job("backup", "every: 1h"));
  for (int code = 1; code <= 15; ++code) {
    scene.start();
    REQUIRE(ping(scene.port(), "/heartbeat/" + kSecret + "/" + std::to_string(code)) == 200);
    scene.daemon.kill9();
    scene.start();
    CHECK(scene.shows("backup", "exit_code", std::to_string(code)));
    CHECK(scene.daemon.wait_state("backup", "down"));
    scene.daemon.kill9();
  }
}

TEST_CASE("heartbeat: what fell due while the daemon was off is no alarm, what is due later is",
          "[e2e]") {
  Scene scene;
  scene.configure(console() + job("backup", "every: 2s, grace: 1s"));
  scene.start();
  REQUIRE(scene.curl("") == "OK\n");
  REQUIRE(scene.daemon.wait_state("backup", "up"));
  REQUIRE(scene.daemon.terminate() == 0);
  const auto off = std::chrono::steady_clock::now();
  eventually([&] { return std::chrono::steady_clock::now() - off > std::chrono::seconds{4}; });
  scene.start();
  REQUIRE(eventually([&] { return scene.daemon.probes_of("backup") > 0; }));
  const std::string since = scene.heartbeat("backup", "due_at");
  CHECK_FALSE(since.empty());
  // It is late for the time after the restart, and for that only.
  REQUIRE(scene.daemon.wait_state("backup", "down"));
  CHECK(scene.daemon.count("/api/v1/incidents", "incidents") == 1);
  CHECK(scene.heartbeat("backup", "last_success_at") <
        scene.check("backup")->get("since").toString());
}

TEST_CASE("heartbeat: a reload's new secret is known at once, and the old one no more", "[e2e]") {
  Scene scene;
  scene.configure(console() + job("backup", "every: 1h"));
  scene.start();
  REQUIRE(scene.curl("/7") == "OK\n");
  const std::string fresh = "another-secret-0123456789";
  scene.configure(console() + job("backup", "every: 1h", fresh));
  REQUIRE(scene.daemon.reload());
  CHECK(run_program({"curl", "-fsS", scene.url("", fresh)}).out == "OK\n");
  CHECK(run_program({"curl", "-fsS", scene.url()}).status == 22);
  CHECK(eventually([&] { return !scene.heartbeat("backup", "last_success_at").empty(); }));
}

TEST_CASE("heartbeat: thousands of pings from many jobs are each answered, and harm nobody",
          "[e2e]") {
  constexpr int kJobs = 50;
  constexpr int kThreads = 16;
  constexpr int kEach = 250;
  Scene scene;
  std::string yaml = console();
  const auto secret = [](int number) { return kSecret + std::to_string(1000 + number); };
  for (int i = 0; i < kJobs; ++i) {
    yaml += job("job-" + std::to_string(i), "every: 1h", secret(i));
  }
  scene.configure(replaced(yaml, "level: debug", "level: info"));
  scene.start();
  const std::uint16_t port = scene.port();
  for (int i = 0; i < kJobs; ++i) REQUIRE(ping(port, "/heartbeat/" + secret(i)) == 200);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  const auto begun = std::chrono::steady_clock::now();
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string target = "/heartbeat/" + secret((t * kEach + i) % kJobs);
        // A stranger among them.
        if (i % 10 == 0) ping(port, "/heartbeat/guess-" + std::to_string(t * kEach + i));
        answered += ping(port, target) == 200 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(answered == kThreads * kEach);
  WARN(kThreads * kEach << " pings in " << std::chrono::duration_cast<Millis>(took).count()
                        << " ms");
  int status = 0;
  scene.daemon.get("/healthz", &status);
  CHECK(status == 200);
  for (int i = 0; i < kJobs; ++i) {
    CHECK(scene.heartbeat("job-" + std::to_string(i), "last_success_at") != "");
    CHECK(scene.daemon.state_of("job-" + std::to_string(i)) == "up");
  }
}

TEST_CASE("heartbeat: five hundred jobs that ping in the same moment are all answered", "[e2e]") {
  constexpr int kAtOnce = 500;
  Scene scene;
  scene.configure(console() + job("backup", "every: 1h"));
  scene.start();
  REQUIRE(scene.curl("") == "OK\n");
  const std::uint16_t port = scene.port();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<int> sockets;
  for (int i = 0; i < kAtOnce; ++i) {
    sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(sockets.back(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  const std::string request = "GET /heartbeat/" + kSecret + " HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const int fd : sockets) void(send(fd, request.data(), request.size(), MSG_NOSIGNAL));
  int answered = 0;
  for (const int fd : sockets) {
    std::array<char, 64> part{};
    const ssize_t got = recv(fd, part.data(), part.size() - 1, 0);
    answered += got > 12 && std::string_view(part.data(), 12) == "HTTP/1.1 200" ? 1 : 0;
    close(fd);
  }
  CHECK(answered == kAtOnce);
}
