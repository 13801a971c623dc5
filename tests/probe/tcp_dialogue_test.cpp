// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// tcp: dialogues, families and unix sockets. The rest is in tcp_test.cpp, named protocols in
// protocols_test.cpp, STARTTLS in starttls_test.cpp.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "probe/probe_fixture.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

std::string at(const RawServer& server, const std::string& more) {
  return "timeout: 1s, tcp: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
         (more.empty() ? "" : ", ") + more + "}";
}

bool has_note(const Result& result, const std::string& note) {
  return std::find(result.notes.begin(), result.notes.end(), note) != result.notes.end();
}

// Listens at a path; takes nothing until told so.
class UnixListener {
 public:
  explicit UnixListener(const std::string& path) : fd_(open_socket()) {
    where_.sun_family = AF_UNIX;
    path.copy(where_.sun_path, sizeof where_.sun_path - 1);
    if (bind(fd_, name(), sizeof where_) != 0 || listen(fd_, 1) != 0) {
      throw std::runtime_error("cannot listen at " + path);
    }
  }
  ~UnixListener() {
    close();
    for (const int each : waiting_) ::close(each);
  }
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Gives everybody back what he says, up to the one whose `hi` comes first.
  void echo() {
    thread_ = std::thread([this] {
      for (bool done = false; !done;) {
        const int peer = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        char said[2];
        done = recv(peer, said, sizeof said, MSG_WAITALL) == 2 &&
               send(peer, said, sizeof said, MSG_NOSIGNAL) == 2;
        ::close(peer);
      }
    });
  }
  // Connects to itself until no more fit.
  void fill() {
    thread_.join();
    for (int result = 0; result == 0;) {
      waiting_.push_back(open_socket(SOCK_NONBLOCK));
      result = connect(waiting_.back(), name(), sizeof where_);
    }
  }
  void close() {
    if (thread_.joinable()) thread_.join();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  static int open_socket(int more = 0) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | more, 0);
  }
  const sockaddr* name() const { return reinterpret_cast<const sockaddr*>(&where_); }

  sockaddr_un where_{};
  int fd_;
  std::vector<int> waiting_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("tcp: a dialogue goes step by step, each behind the answer to the last", "[probe]") {
  const std::string greeting = "220-mx\r\n220 ready\r\n";
  const RawServer server([&](RawConnection& connection) {
    connection.send(greeting);
    const std::string got = connection.read_exactly(8);
    connection.send(got == "HELO me\n" ? "250 hello me\r\n" : "500 no\r\n");
    connection.read_exactly(4);
    connection.send(std::string("\x01\x02zz\x04", 5));
    connection.hold();
  });
  const auto steps = [&](const std::string& second, const std::string& third) {
    return probe(at(server, "dialogue: [{expect_matches: '^220 ready'}, {send: \"HELO me\\n\", " +
                                second + "}, {send_hex: \"05 'ab' 06\", " + third + "}]"));
  };
  SECTION("all as expected") {
    const Result result = steps("expect: \"hello me\\r\\n\"", "expect_hex: \"01 ?? 'zz' 04\"");
    CHECK(result.reason.empty());
    CHECK(result.verdict == Verdict::up);
    CHECK(has_note(result, "sent: \"HELO me\""));
    CHECK(has_note(result, "sent: the bytes 05 61 62 06"));
    CHECK(has_note(result, "received: the bytes 01 02 7a 7a 04"));
  }
  SECTION("what a step expects is not looked for in what came before") {
    const Result result = steps("expect: ready", "expect_hex: \"01\"");
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "timed out after 1 s (" + server.address() +
                               ") at step 2 of 3: expected \"ready\", got \"250 hello me\"");
  }
  SECTION("a pattern's ^ is at the beginning of each line") {
    CHECK(steps("expect_matches: '^250 hello'", "expect_hex: '* 01 ?? '").verdict == Verdict::up);
  }
  SECTION("a wrong byte is told at once") {
    const Result result = steps("expect: \"hello me\\r\\n\"", "expect_hex: '01 03'");
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "step 3 of 3: expected the bytes 01 03, got the bytes 01 02 7a 7a 04 (" +
                               server.address() + ")");
  }
}

TEST_CASE("tcp: a server may talk ahead of a dialogue", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    connection.send("one two three\n");
    connection.hold();
  });
  CHECK(probe(at(server, "dialogue: [{expect: one}, {expect: two}, {expect: three}]")).verdict ==
        Verdict::up);
  CHECK(probe(at(server, "dialogue: [{expect: two}, {expect: one}]")).verdict == Verdict::down);
}

TEST_CASE("tcp: each mistake in what is said is told", "[probe]") {
  const auto told = [](const std::string& keys) {
    return problems_of("tcp: {address: 'a:1', " + keys + "}");
  };
  CHECK(told("protocol: smttp").find("did you mean \"smtp\"?") != std::string::npos);
  CHECK(told("protocol: ntp").find("error: one of ajp, ") == 0);  // not by TCP
  CHECK(told("protocol: smtp, send: x") ==
        "error: 'protocol' says it all; leave out one of them\n");
  CHECK(told("protocol: smtp, dialogue: [{send: x}]") ==
        "error: 'protocol' says it all; leave out one of them\n");
  CHECK(told("send: x, dialogue: [{send: x}]") == "error: it belongs into a step of 'dialogue'\n");
  CHECK(told("dialogue: []") == "error: it has no steps\n");
  CHECK(told("dialogue: [{}]") == "error: a step that neither sends nor expects anything\n");
  CHECK(told("dialogue: [{sent: x}]").find("did you mean \"send\"?") != std::string::npos);
  CHECK(told("send_hex: 'zz'").find("error: not bytes: \"zz\"; write pairs of") == 0);
  CHECK(told("send_hex: '0'").find("error: not bytes: ") == 0);
  CHECK(told("send_hex: \"'abc\"") == "error: a text without its second quote\n");
  CHECK(told("send_hex: '00 ?? '") ==
        "error: what is sent has no wildcards, lengths or alternatives\n");
  CHECK(told("send: a, send_hex: '00'") ==
        "error: 'send' is there already: leave out one of them\n");
  CHECK(told("expect_hex: '00 |'") == "error: no bytes at all\n");
  CHECK(told("password: x") == "error: it needs a 'protocol' that takes one\n");
  CHECK(told("protocol: smtp, password: x") == "error: 'smtp' does not take one\n");
  CHECK(told("tls: true, starttls: smtp") ==
        "error: it begins in plain text; leave it out, or 'tls: true'\n");
  CHECK(told("starttls: smtp, protocol: imap") == "error: it is not that of 'protocol: imap'\n");
  CHECK(told("starttls: mysql, protocol: mysql") ==
        "error: no more can be asked of mysql then; leave out 'protocol'\n");
  CHECK(told("family: ipv5").find("error: one of any, ipv4, ipv6 expected") == 0);
  CHECK(problems_of("tcp: {address: 'unix:run/x', family: ipv4}") ==
        "error: not unix: and an absolute path of at most 107 bytes\n");
  CHECK(problems_of("tcp: {address: 'unix:/run/x', family: ipv4}") ==
        "error: a unix socket has no address\n");
  CHECK(problems_of("tcp: {protocol: smtp}") == "error: 'host' is missing\n");
}

TEST_CASE("tcp: a family that the name has no address of is down", "[probe]") {
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  CHECK(probe(at(server, "family: ipv4")).verdict == Verdict::up);
  const Result result = probe(at(server, "family: ipv6"));
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "no IPv6 address: 127.0.0.1");
}

TEST_CASE("tcp: a unix socket that answers is up, one that nobody listens at is down", "[probe]") {
  const TempDir dir;
  const std::string path = (dir.path() / "echo.sock").string();
  const std::string keys = "timeout: 1s, tcp: {address: 'unix:" + path + "', send: hi, expect: hi}";
  CHECK(probe(keys).reason == "connection failed: No such file or directory (unix:" + path + ")");
  CHECK(probe(keys).verdict == Verdict::down);

  UnixListener listener(path);
  const Result silent = probe(keys);
  CHECK(silent.verdict == Verdict::down);
  CHECK(silent.reason == "timed out after 1 s (unix:" + path + "): expected \"hi\", got nothing");
  listener.echo();
  const Result up = probe(keys);
  CHECK(up.reason.empty());
  CHECK(up.verdict == Verdict::up);
  CHECK(up.address == "unix:" + path);
  listener.fill();
  const Result full = probe(keys);
  CHECK(full.verdict == Verdict::down);
  CHECK(full.reason == "connection refused: its queue is full (unix:" + path + ")");
  listener.close();
  CHECK(probe(keys).reason == "connection refused (unix:" + path + ")");
}

}  // namespace tocsin
