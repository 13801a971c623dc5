// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// syslog against a strict reader of RFC 5424, and against Debian's rsyslog.
#include <signal.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notify/local_sink.h"
#include "notify/notify_fixture.h"
#include "support/child.h"
#include "support/pki.h"
#include "support/real_server.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

std::shared_ptr<const Notifier> notifier_of(const std::string& type, const std::string& settings) {
  const LoadedNotifier loaded = load_notifier(type, settings);
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

Outcome send(const std::string& type, const std::string& settings, const Message& message,
             const std::string& key = "web-01") {
  return SendDesk().send(*notifier_of(type, settings), a_notification(message, key));
}

std::string problem(const std::string& type, const std::string& settings) {
  const std::string all = load_notifier(type, settings).all_problems();
  const auto at = all.find(": ");
  return at == std::string::npos ? all : all.substr(at + 2);
}

std::string evil() {
  return "a\"b\\c]d=e\n<0>1 2026-01-01T00:00:00Z x y - - forged " + hostile_text();
}

// Debian's rsyslog, on four ways; everything it takes is a line of a file: severity, MSGID, the
// structured data, and the text.
class Rsyslog {
 public:
  Rsyslog() : server_("/usr/sbin/rsyslogd") {}
  bool there() const { return server_.there(); }

  void start() {
    const std::string conf = server_.write(
        "rsyslog.conf",
        "global(workDirectory=\"" + server_.folder("work") +
            "\" processInternalMessages=\"on\")\n"
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n"
            "input(type=\"imuxsock\" Socket=\"" +
            socket() +
            "\" CreatePath=\"off\")\nmodule(load=\"imudp\")\n"
            "input(type=\"imudp\" address=\"127.0.0.1\" port=\"" +
            port(0) +
            "\")\nmodule(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"" +
            port(0) +
            "\")\ntemplate(name=\"line\" type=\"string\" "
            "string=\"%syslogfacility-text%.%syslogseverity-text% %programname% %msgid% "
            "%structured-data% %msg%\\n\")\n"
            "action(type=\"omfile\" file=\"" +
            server_.path("out") + "\" template=\"line\")\n");
    server_.start({"-n", "-i", server_.path("pid"), "-f", conf});
  }
  std::string socket() const { return server_.path("log"); }
  std::string port(std::size_t i) { return std::to_string(server_.port(i)); }
  // The first line that holds this.
  std::string line_with(const std::string& text) const {
    std::string found;
    eventually([&] {
      const std::string out = "\n" + read_file(server_.path("out"));
      const auto at = out.find(text);
      if (at == std::string::npos || out.find('\n', at) == std::string::npos) return false;
      const auto begin = out.rfind('\n', at) + 1;
      found = out.substr(begin, out.find('\n', at) - begin);
      return true;
    });
    return found;
  }

 private:
  RealServer server_;
};

}  // namespace

TEST_CASE("syslog: each kind is a message of RFC 5424, with its severity and its thread",
          "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "log";
  LocalSink sink(path);
  const std::string settings = "{address: 'unix:" + path + "', format: rfc5424, facility: local3}";
  for (const Kind kind : kKinds) {
    CHECK(send("syslog", settings, a_message(kind)).what == What::sent);
    const SyslogParts parts = read_rfc5424(sink.datagrams().back());
    int severity = 5;
    if (kind == Kind::down || kind == Kind::reminder || kind == Kind::digest) severity = 2;
    if (kind == Kind::unknown || kind == Kind::daemon) severity = 3;
    if (kind == Kind::degraded || kind == Kind::unwatched || kind == Kind::flapping) severity = 4;
    if (kind == Kind::info || kind == Kind::test) severity = 6;
    INFO(to_string(kind));
    CHECK(parts.priority == 19 * 8 + severity);
    CHECK(parts.host == "mon-1");
    CHECK(parts.tag == "tocsin");
    CHECK(parts.pid == std::to_string(getpid()));
    CHECK(parts.kind == to_string(kind));
    CHECK(parts.data_id == "tocsin@32473");
    CHECK(parts.data.at("thread") == "web-01");
    CHECK(parts.data.at("incident") == "42");
  }
  CHECK(read_rfc5424(sink.datagrams().front())
            .text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080) | target: "
                              "127.0.0.1:8080 | since "));
}

TEST_CASE("syslog: whatever texts hold, it is one message", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "log";
  LocalSink sink(path);
  const std::string settings = "{address: 'unix:" + path + "', format: rfc5424}";
  for (const Kind kind : kKinds) {
    Message message = hostile_message(kind, evil());
    message.check = evil();
    CHECK(send("syslog", settings, message, evil()).what == What::sent);
    const SyslogParts parts = read_rfc5424(sink.datagrams().back());
    CHECK(parts.data.at("thread").starts_with("a\"b\\c]d=e <0>1"));
    CHECK(parts.text.find('\x1b') == std::string::npos);
  }
  Message big = hostile_message(Kind::down, std::string(1 << 20, 'x'));
  big.details = std::string(1 << 20, 'y');
  send("syslog", settings, big, std::string(1 << 20, 'k'));
  CHECK(sink.datagrams().back().size() <= 8000);
  CHECK(sink.datagrams().size() == std::size(kKinds) + 1);
}

TEST_CASE("syslog: /dev/log is told in the older form", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "log";
  LocalSink sink(path);
  send("syslog", "{address: 'unix:" + path + "', tag: page}", a_message(Kind::down));
  const std::string line = sink.datagrams().front();
  CHECK(line.starts_with("<26>"));
  CHECK(line.find(" page[" + std::to_string(getpid()) + "]: 🔴 DOWN web-01 — ") == 4 + 15);
}

TEST_CASE("syslog: nobody at the other end is later", "[notify]") {
  const TempDir dir;
  const std::string path = dir.path() / "log";
  const Outcome missing = send("syslog", "{address: 'unix:" + path + "'}", a_message(Kind::down));
  CHECK(missing.what == What::later);
  CHECK(missing.reason ==
        "there is no such socket (unix:" + path + "): does a syslog daemon run here?");
  { const LocalSink gone(path); }
  const Outcome refused = send("syslog", "{address: 'unix:" + path + "'}", a_message(Kind::down));
  CHECK(refused.what == What::later);
  CHECK(refused.reason == "nobody listens (unix:" + path + "): does a syslog daemon run here?");
  const Outcome tcp = send("syslog", "{address: 'tcp:127.0.0.1:1'}", a_message(Kind::down));
  CHECK(tcp.what == What::later);
  CHECK(tcp.reason == "connection refused (127.0.0.1:1)");
}

TEST_CASE("syslog: rsyslog reads it by its socket, by UDP and by TCP", "[notify]") {
  Rsyslog rsyslog;
  if (!rsyslog.there()) return;
  rsyslog.start();
  const auto told = [&](const std::string& address, const std::string& more, const char* check) {
    Message message = a_message(Kind::down);
    message.check = check;
    const std::string settings = "{address: '" + address + "', facility: local3" + more + "}";
    const Outcome outcome = send("syslog", settings, message, check);
    INFO(outcome.reason);
    CHECK(outcome.what == What::sent);
    return rsyslog.line_with("DOWN " + std::string(check));
  };
  const std::string head = "local3.crit tocsin ";
  // The older form has neither a MSGID nor structured data.
  CHECK(told("unix:" + rsyslog.socket(), "", "by-socket")
            .starts_with(head + "- -  🔴 DOWN by-socket — connection refused"));
  for (const std::string way : {"udp", "tcp"}) {
    const std::string check = "by-" + way;
    const std::string line = told(way + ":127.0.0.1:" + rsyslog.port(0), "", check.c_str());
    CHECK(line.starts_with(head + "down [tocsin@32473 thread=\"" + check + "\" check=\"" + check +
                           "\" state=\"down\" incident=\"42\" id=\""));
    CHECK(line.find("] 🔴 DOWN " + check + " — connection refused") != std::string::npos);
  }
}

TEST_CASE("syslog: by TLS it is counted, and the other side is verified", "[notify]") {
  Pki pki;
  Pki::Spec root;
  root.name = "root";
  root.authority = true;
  pki.make(root);
  Pki::Spec own;
  own.name = "log.example";
  own.issuer = "root";
  own.hosts = {"127.0.0.1"};
  pki.make(own);
  const TempDir dir;
  RealServer server("/usr/bin/python3");
  if (!server.there()) return;
  const std::string port = std::to_string(server.port());
  // Each connection's bytes are appended to a file.
  const std::string program =
      "import socketserver,ssl,sys\n"
      "context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
      "context.load_cert_chain(sys.argv[2],sys.argv[3])\n"
      "class Taker(socketserver.BaseRequestHandler):\n"
      "  def handle(self):\n"
      "    with context.wrap_socket(self.request,server_side=True) as tls, "
      "open(sys.argv[4],'ab') as out:\n"
      "      while data:=tls.recv(4096): out.write(data)\n"
      "socketserver.TCPServer.allow_reuse_address=True\n"
      "socketserver.TCPServer(('127.0.0.1',int(sys.argv[1])),Taker).serve_forever()\n";
  server.start({"-c", program, port, pki.certificate("log.example").string(),
                pki.key("log.example").string(), dir.path() / "out"});
  const std::string address = "{address: 'tls:127.0.0.1:" + port + "'";
  const std::string trusted = address + ", ca_file: '" + pki.certificate("root").string() + "'}";
  CHECK(send("syslog", trusted, a_message(Kind::down)).what == What::sent);
  std::string got;
  REQUIRE(eventually([&] {
    got = read_file(dir.path() / "out");
    const auto at = got.find(' ');
    return at != std::string::npos && got.size() > at + std::stoul(got);
  }));
  const auto space = got.find(' ');
  const SyslogParts parts = read_rfc5424(got.substr(space + 1, std::stoul(got)));
  CHECK(parts.data.at("thread") == "web-01");
  const Outcome untrusted = send("syslog", address + "}", a_message(Kind::down));
  CHECK(untrusted.what == What::later);
  CHECK(untrusted.reason.find("certificate") != std::string::npos);
}

TEST_CASE("syslog: each mistake is reported", "[notify]") {
  const std::string address =
      "error: address is unix:/PATH, udp:HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT\n";
  for (const std::string bad : {"/dev/log", "udp:x", "http://x:1", "unix:log", "tcp:a b:1", ""}) {
    CHECK(problem("syslog", "{address: '" + bad + "'}") == address);
  }
  CHECK(problem("syslog", "{facility: local9}").starts_with("error: "));
  CHECK(problem("syslog", "{tag: \"a b\"}") ==
        "error: tag is a word of at most 32 ASCII characters without [ ] :\n");
  CHECK(problem("syslog", "{data_id: \"a]b\"}") ==
        "error: data_id is a word of at most 32 ASCII characters without = ] \"\n");
}

}  // namespace tocsin
