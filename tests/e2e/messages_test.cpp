// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Messages of one's own with the real binary: `tocsin notify` over both kinds of listener, who may
// not, and that each is told once, whenever the daemon dies.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "e2e/town.h"

using namespace tocsin;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr Millis kLong = Town::kLong;

// A port that nobody has at present.
std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

TEST_CASE("notify: a message is told in its thread, with its details and its link", "[e2e]") {
  Town town;
  REQUIRE(town.daemon.start());
  const Ran ran = town.notify({"--to", "ops", "--thread", "deploys", "v42", "is", "out", "--link",
                               "https://ci.example/42", "--details", "by ci"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, StartsWith("accepted for ops: notification "));
  CHECK(ran.err.empty());
  REQUIRE(town.chat.wait_for(1, kLong));
  const auto texts = town.told("deploys");
  REQUIRE(texts.size() == 1);
  CHECK_THAT(texts[0], StartsWith("ℹ️ INFO v42 is out") && Contains("https://ci.example/42") &&
                           Contains("by ci"));
  // By the only notifier there is, from standard input, which keeps its end.
  const std::string command = "seq 1 2000 | " + Daemon::binary() + " notify --config " +
                              town.config() + " --details - 'the job failed'";
  CHECK(run_program({"sh", "-c", command}).status == 0);
  REQUIRE(town.chat.wait_for(2, kLong));
  const auto jobs = town.told("tocsin/messages");
  REQUIRE(jobs.size() == 1);
  CHECK_THAT(jobs[0], Contains("the job failed") && Contains("2000") && !Contains("\n17\n"));
  CHECK(town.chat.seen().invalid() == 0);
}

TEST_CASE("notify: says what to do when it is of no use", "[e2e]") {
  Town town;
  Ran ran = town.notify({"--to", "ops", "hello"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("no daemon answers") && Contains("does it run?"));
  REQUIRE(town.daemon.start());
  ran = town.notify({"--to", "opps", "hello"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("no notifier is named \"opps\"; did you mean \"ops\"?"));
  CHECK(town.notify({"--to", "ops", " "}).status == 1);
  CHECK(town.notify({}).status == 64);
  CHECK(town.notify({"--to", "ops", "-", "--details", "-"}).status == 64);
  CHECK(run_program({Daemon::binary(), "notify", "x", "-c", "/nonexistent.yaml"}).status == 1);
  // A mistake elsewhere in the files does not keep anybody from telling.
  std::ofstream(town.config(), std::ios::app) << "nonsense: {\n";
  CHECK(town.notify({"hello"}).status == 1);
  town.configure("nonsense: true\n");
  CHECK(town.notify({"hello"}).status == 0);
}

TEST_CASE("notify: over TCP the admin token of the configuration is needed and used", "[e2e]") {
  Town town;
  const std::string listen = "127.0.0.1:" + std::to_string(free_port());
  const auto set_web = [&](const std::string& more) {
    town.configure({});
    std::string text = read_file(town.config());
    const auto at = text.find("web: ");
    text.replace(at, text.find('\n', at) - at, "web: {listen: '" + listen + "'" + more + "}");
    std::ofstream(town.config()) << text;
  };
  std::ofstream(town.daemon.dir() / "token") << "an-admin-token-of-our-own\n";
  set_web(", admin_token: '${file:token}'");
  REQUIRE(town.daemon.start());
  CHECK(town.notify({"hello"}).status == 0);
  REQUIRE(town.chat.wait_for(1, kLong));
  set_web({});
  Ran ran = town.notify({"hello"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("a bearer token is needed") && Contains("set web.admin_token"));
  set_web(", admin_token: some-other-token-0123");
  ran = town.notify({"hello"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("not accepted") && !Contains("some-other-token"));
  CHECK(town.chat.seen().messages.size() == 1);
}

TEST_CASE("notify: another user may not, neither over the socket nor over TCP", "[e2e]") {
  if (geteuid() != 0) {
    WARN("root is needed to be somebody else: not tested");
    return;
  }
  Town town;
  REQUIRE(town.daemon.start());
  std::filesystem::permissions(town.daemon.dir(), std::filesystem::perms{0755});
  std::filesystem::permissions(town.config(), std::filesystem::perms{0644});
  const auto as_nobody = [&](std::vector<std::string> command) {
    const std::vector<std::string> begin{"setpriv", "--reuid=65534", "--regid=65534",
                                         "--clear-groups"};
    command.insert(command.begin(), begin.begin(), begin.end());
    return run_program(command);
  };
  const std::filesystem::path copy = town.daemon.dir() / "tocsin";
  std::filesystem::copy_file(Daemon::binary(), copy);  // the build directory may be closed to them
  const std::vector<std::string> notify{copy.string(), "notify", "-c", town.config(), "hello"};
  Ran ran = as_nobody(notify);
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("ermission denied") && Contains("member of the daemon's group"));
  // Should somebody open the socket to all, who asks is still looked at.
  std::filesystem::permissions(town.daemon.dir() / "web.sock", std::filesystem::perms{0666});
  ran = as_nobody(notify);
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("steering needs") && Contains("be root"));
  CHECK(town.daemon.count("/api/v1/notifications", "notifications") == 0);
}

TEST_CASE("messages: a kill -9 between answer and delivery loses nothing and doubles nothing",
          "[e2e]") {
  Town town;
  town.chat.stop();
  REQUIRE(town.daemon.start());
  REQUIRE(town.notify({"--thread", "deploys", "--id", "d-1", "v1 is out"}).status == 0);
  REQUIRE(town.notify({"--thread", "deploys", "v2 is out"}).status == 0);
  town.daemon.kill9();
  town.chat.start();
  REQUIRE(town.daemon.start());
  const Ran again = town.notify({"--thread", "deploys", "--id", "d-1", "v1 is out"});
  CHECK(again.status == 0);
  CHECK_THAT(again.out, StartsWith("accepted before for ops: notification 1\n"));
  const Ran other = town.notify({"--thread", "deploys", "--id", "d-1", "v9 is out"});
  CHECK(other.status == 1);
  CHECK_THAT(other.err, Contains("another message was posted with this id"));
  town.catch_up("deploys");
  const auto texts = town.told("deploys");
  CHECK(count_of(texts, "v1 is out") == 1);
  CHECK(count_of(texts, "v2 is out") == 1);
  CHECK(texts.size() == 3);
  CHECK(town.chat.seen().threads("deploys").size() == 1);
}

TEST_CASE("messages: posted by id until it is accepted, each is told once, whenever it dies",
          "[e2e]") {
  Town town;
  REQUIRE(town.daemon.start());
  constexpr int kMessages = 4;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = "message " + std::to_string(i) + " of these";
    const std::vector<std::string> argv{Daemon::binary(),
                                        "notify",
                                        "--config",
                                        town.config(),
                                        "--thread",
                                        "deploys",
                                        "--id",
                                        "m-" + std::to_string(i),
                                        text};
    // The daemon dies at some point of this: before, within, or after the commit.
    Child poster(
        argv, Child::Options{
                  .env = {}, .out = town.daemon.dir() / "said", .err = town.daemon.dir() / "said"});
    const auto until = wall_now() + Millis{i * 8};
    eventually([&] { return wall_now() >= until; });
    town.daemon.kill9();
    poster.wait(std::chrono::seconds{60});
    REQUIRE(town.daemon.start());
    REQUIRE(town.notify({"--thread", "deploys", "--id", "m-" + std::to_string(i), text}).status ==
            0);
  }
  town.catch_up("deploys");
  const auto texts = town.told("deploys");
  for (int i = 0; i < kMessages; ++i) {
    INFO(i);
    CHECK(count_of(texts, "message " + std::to_string(i) + " of these") == 1);
  }
}
