// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

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

}  // namespace tocsin
