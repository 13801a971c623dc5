// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "probe/probe_fixture.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

std::string at(const RawServer& server, const std::string& more) {
  return "timeout: 1s, tcp: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
         (more.empty() ? "" : ", ") + more + "}";
}

RawServer::Script banner(const std::string& text) {
  return [text](RawConnection& connection) {
    connection.send(text);
    connection.hold();
  };
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

TEST_CASE("tcp: a port that takes the connection is up, one that refuses it is down", "[probe]") {
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  const Result up = probe("tcp: \"" + server.address() + "\"");
  CHECK(up.verdict == Verdict::up);
  CHECK(up.reason.empty());
  CHECK(up.address == server.address());
  CHECK(up.phases.get(Phase::connect));
  CHECK(up.took > Micros::zero());

  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  const Result down = probe("tcp: \"" + nobody + "\"");
  CHECK(down.verdict == Verdict::down);
  CHECK(down.reason == "connection refused (" + nobody + ")");
  CHECK(down.address == nobody);
}

TEST_CASE("tcp: the answer must hold the text and match the pattern", "[probe]") {
  const RawServer server(banner("220 mail ready (a+b)\r\n"));
  SECTION("a text is searched for as it is") {
    const Result result = probe(at(server, "expect: 'ready (a+b)'"));
    CHECK(result.verdict == Verdict::up);
    CHECK(result.phases.get(Phase::first_byte));
    CHECK(has_note(result, "received: \"220 mail ready (a+b)\""));
  }
  SECTION("a pattern is RE2") {
    CHECK(probe(at(server, "expect_matches: '^220 .*ready'")).verdict == Verdict::up);
  }
  SECTION("of both, both are wanted") {
    const Result result = probe(at(server, "expect: ready, expect_matches: '^250'"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "timed out after 1 s (" + server.address() +
                               "): expected \"ready\" and /^250/, got \"220 mail ready (a+b)\"");
  }
}

TEST_CASE("tcp: an answer that comes in bytes is put together", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    connection.send_slowly("220 slow server\r\n");
    connection.hold();
  });
  CHECK(probe(at(server, "expect: 'slow server'")).verdict == Verdict::up);
}

TEST_CASE("tcp: what is sent arrives, and a secret in it is not shown", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    const std::string got = connection.read_exactly(14);
    connection.send(got == "AUTH hunter22\n" ? "OK" : "NO");
    connection.hold();
  });
  TempDir dir;
  const auto file = dir.write("password", "hunter22");
  const std::string send = "send: \"AUTH ${file:" + file.string() + "}\\n\"";
  const Result good = probe(at(server, send + ", expect: OK"));
  CHECK(good.verdict == Verdict::up);
  const Result bad = probe(at(server, send + ", expect: WELCOME"));
  CHECK(bad.verdict == Verdict::down);
  for (const Result& result : {good, bad}) {
    CHECK(result.reason.find("hunter") == std::string::npos);
    for (const std::string& note : result.notes) CHECK(note.find("hunter") == std::string::npos);
  }
}

TEST_CASE("tcp: a wrong answer is quoted, made printable and cut", "[probe]") {
  SECTION("the other side ends") {
    const RawServer server(answer_with("421 go\x1b[31m away \xff\r\n"));
    const Result result = probe(at(server, "send: \"HELO\\r\\n\\r\\n\", expect: '250'"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "the other side closed the connection (" + server.address() +
                               "): expected \"250\", got \"421 go [31m away \xEF\xBF\xBD\"");
  }
  SECTION("it says nothing") {
    const RawServer server([](RawConnection& connection) { connection.hold(); });
    const Result result = probe(at(server, "expect: hello"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason ==
          "timed out after 1 s (" + server.address() + "): expected \"hello\", got nothing");
    CHECK(result.took >= Millis{1000});
    CHECK(result.took < Millis{30000});
  }
  SECTION("it never stops") {
    const RawServer server([](RawConnection& connection) {
      while (connection.send(std::string(1000, 'x'))) {
      }
    });
    const Result result = probe(at(server, "expect: hello, read_limit: 2KiB"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.find("no \"hello\" in the first 2048 bytes, which begin \"xxxx") == 0);
    CHECK(result.reason.size() < 300);
  }
}

TEST_CASE("tcp: a name that is not there is down", "[probe]") {
  const Result result = probe("tcp: 'no-such-host.invalid:80', timeout: 5s");
  // Without a resolver on this machine, it is our own fault.
  CHECK((result.verdict == Verdict::down || result.verdict == Verdict::unknown));
  CHECK_FALSE(result.reason.empty());
}

TEST_CASE("tcp: slower than response_time is degraded", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    const auto later = std::chrono::steady_clock::now() + Millis{40};
    while (std::chrono::steady_clock::now() < later) {
    }
    connection.send("done");
    connection.hold();
  });
  const Result result = probe(at(server, "expect: done, response_time: 20ms"));
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.find("slow: ") == 0);
  CHECK(result.reason.find(", wanted within 20 ms (" + server.address() + ")") !=
        std::string::npos);
}

TEST_CASE("tcp: with TLS the certificate is verified and its age looked at", "[probe]") {
  TempDir dir;
  Certificates certificates(dir.path());
  const auto serve = [&](const Certificates::Spec& spec) {
    const auto files = certificates.make(spec);
    Nginx::Options options;
    options.tls = true;
    options.server = "ssl_certificate " + files.certificate.string() + "; ssl_certificate_key " +
                     files.key.string() + ";";
    return options;
  };
  const auto keys = [&](const Nginx& nginx, const std::string& more) {
    return "tcp: {address: \"" + nginx.address() +
           "\", tls: true, ca_file: " + certificates.authority().string() + more + "}";
  };
  SECTION("good for long") {
    const Nginx nginx(serve({"good", {"web-01.example"}}));
    const Result result = probe(keys(nginx,
                                     ", server_name: web-01.example, certificate_days: 14, "
                                     "send: \"GET / HTTP/1.0\\r\\n\\r\\n\", expect: HTTP/"));
    CHECK(result.reason.empty());
    CHECK(result.verdict == Verdict::up);
    CHECK(result.certificate_days.value_or(0) >= 89);
    CHECK(result.phases.get(Phase::tls));
  }
  SECTION("near its end") {
    const Nginx nginx(serve({"late", {"127.0.0.1"}, -30, 5}));
    const Result result = probe(keys(nginx, ", certificate_days: 14"));
    CHECK(result.verdict == Verdict::degraded);
    CHECK_THAT(result.reason, Catch::Matches("certificate ends in [45] days, wanted at least 14 "
                                             "days \\(" +
                                             nginx.address() + "\\)"));
  }
  SECTION("over") {
    const Nginx nginx(serve({"old", {"127.0.0.1"}, -30, -3}));
    const Result result = probe(keys(nginx, ", certificate_days: 14"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "certificate expired 3 days ago (" + nginx.address() + ")");
    CHECK(result.certificate_days.value_or(0) == -4);
  }
  SECTION("over, and nobody verifies") {
    const Nginx nginx(serve({"old", {"127.0.0.1"}, -30, -3}));
    CHECK(probe(keys(nginx, ", verify: false")).verdict == Verdict::up);
    const Result result = probe(keys(nginx, ", verify: false, certificate_days: 14"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "certificate expired 3 days ago (" + nginx.address() + ")");
  }
}

TEST_CASE("tcp: each mistake in its keys is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("tcp: " + keys); };
  CHECK(told("'web-01'") == "error: not HOST:PORT or [IPv6]:PORT or unix:/PATH: \"web-01\"\n");
  CHECK(told("'https://web-01:443'").find("not HOST:PORT") != std::string::npos);
  CHECK(told("{}") == "error: 'host' is missing\nerror: 'port' is missing\n");
  CHECK(told("{host: web-01}") == "error: 'port' is missing\n");
  CHECK(told("{host: 'a b', port: 22}").find("error: not a host's name or an address") == 0);
  CHECK(told("{host: web-01, port: 70000}").find("error: ") == 0);
  CHECK(told("{address: 'a:1', port: 22}") ==
        "error: 'address' says it all; leave out 'host' and 'port'\n");
  CHECK(told("{address: 'a:1', verify: false}") == "error: it needs 'tls: true' or 'starttls'\n");
  CHECK(told("{address: 'a:1', tls: true, server_name: 'x/y'}") ==
        "error: not a host's name or an address\n");
  CHECK(told("{address: 'a:1', tls: true, ca_file: /no/such/file}") ==
        "warning: the file cannot be read now\n");
  CHECK(told("{address: 'a:1', expect: abcdef, read_limit: 5}") ==
        "error: longer than 'read_limit'\n");
  CHECK(told("{address: 'a:1', read_limit: 1KiB}") ==
        "warning: nothing is read without something that is expected\n");
  CHECK(told("{address: 'a:1', expect_matches: '('}").find("error: ") == 0);
  CHECK(told("{address: 'a:1', response_time: 11s}").find("error: ") == 0);
  CHECK(told("{address: 'a:1', expekt: x}").find("did you mean") != std::string::npos);
  CHECK(told("{host: db-01, port: 5432, send: '', expect: '', tls: false}").empty());
}

TEST_CASE("tcp: its target is HOST:PORT or unix:/PATH", "[probe]") {
  CHECK(make_check("tcp: web-01.example.net:22")->target == "web-01.example.net:22");
  CHECK(make_check("tcp: {host: '::1', port: 22}")->target == "[::1]:22");
  CHECK(make_check("tcp: unix:/run/x.sock")->target == "unix:/run/x.sock");
}

TEST_CASE("tcp: a protocol brings its usual port or socket along", "[probe]") {
  const auto target = [](const std::string& keys) {
    return make_check("tcp: {" + keys + "}")->target;
  };
  CHECK(target("host: db, protocol: postgres") == "db:5432");
  CHECK(target("host: db, port: 6432, protocol: postgres") == "db:6432");
  CHECK(target("address: db, protocol: postgres") == "db:5432");
  CHECK(target("host: mx, protocol: imap") == "mx:143");
  CHECK(target("host: mx, protocol: imap, tls: true") == "mx:993");
  CHECK(target("host: mx, protocol: imap, starttls: imap") == "mx:143");
  CHECK(target("host: mx, starttls: smtp") == "mx:25");
  CHECK(target("protocol: fail2ban") == "unix:/run/fail2ban/fail2ban.sock");
  CHECK(target("protocol: mysql") == "unix:/run/mysqld/mysqld.sock");
}

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
