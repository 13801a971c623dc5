// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Named protocols against the real servers that Debian has. Each is started in a folder of its own
// and must be up; what it says when it does not want us, and nothing where it was, are told, too.
// Mail servers and STARTTLS are in servers_tls_test.cpp.
#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "probe/probe_fixture.h"
#include "support/child.h"
#include "support/nsd.h"
#include "support/real_server.h"

namespace tocsin {
namespace {

std::string tcp(std::uint16_t port, const std::string& keys) {
  return "timeout: 10s, tcp: {host: 127.0.0.1, port: " + std::to_string(port) + ", " + keys + "}";
}

std::string udp(std::uint16_t port, const std::string& keys) {
  return "timeout: 10s, udp: {host: 127.0.0.1, port: " + std::to_string(port) + ", " + keys + "}";
}

void expect_up(const std::string& keys) {
  INFO(keys);
  const Result result = probe(keys);
  for (const std::string& note : result.notes) UNSCOPED_INFO(note);
  CHECK(result.reason == "");
  CHECK(result.verdict == Verdict::up);
}

std::string reason(const std::string& keys) {
  INFO(keys);
  const Result result = probe(keys);
  CHECK(result.verdict == Verdict::down);
  return result.reason;
}

// Waits until a probe is up: for servers that no TCP connection tells about.
auto is_up(const std::string& keys) {
  return [check = make_check(keys)] {
    return probe_once(*check, SystemClock(), false).verdict == Verdict::up;
  };
}

std::string own_user() {
  const passwd* entry = getpwuid(getuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

}  // namespace

TEST_CASE("servers: OpenSSH", "[probe]") {
  RealServer server("/usr/sbin/sshd");
  if (!server.there()) return;
  if (getuid() == 0) std::filesystem::create_directories("/run/sshd");
  const std::string key = server.path("key");
  REQUIRE(run_program({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key}).status ==
          0);
  const std::string conf =
      server.write("conf", "ListenAddress 127.0.0.1:" + std::to_string(server.port()) +
                               "\nHostKey " + key + "\nPidFile none\nUsePAM no\n");
  server.start({"-D", "-e", "-f", conf});
  expect_up(tcp(server.port(), "protocol: ssh"));
  const std::string wrong = reason(tcp(server.port(), "protocol: smtp"));
  CHECK(wrong.find("expected a greeting of SMTP (220), got \"SSH-2.0-OpenSSH") == 0);
  server.stop();
  CHECK(reason(tcp(server.port(), "protocol: ssh")).find("connection refused") == 0);
}

TEST_CASE("servers: Redis, with and without a password, by TCP and its socket", "[probe]") {
  RealServer server("/usr/bin/redis-server");
  if (!server.there()) return;
  const std::string socket = server.path("sock");
  const std::string port = std::to_string(server.port());
  server.start({"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", server.folder("d"),
                "--unixsocket", socket});
  expect_up(tcp(server.port(), "protocol: redis"));
  expect_up("tcp: {address: 'unix:" + socket + "', protocol: redis}");
  REQUIRE(run_program({"/usr/bin/redis-cli", "-p", port, "config", "set", "requirepass", "it's me"})
              .out == "OK\n");
  expect_up(tcp(server.port(), "protocol: redis"));
  expect_up(tcp(server.port(), "protocol: redis, password: \"it's me\""));
  const std::string wrong = reason(tcp(server.port(), "protocol: redis, password: hunter22"));
  CHECK(wrong.find("expected +OK to AUTH, got \"-WRONGPASS") == 0);
  CHECK(wrong.find("hunter22") == std::string::npos);
}

TEST_CASE("servers: memcached, by TCP and UDP", "[probe]") {
  RealServer server("/usr/bin/memcached");
  if (!server.there()) return;
  const std::string port = std::to_string(server.port());
  server.start({"-l", "127.0.0.1", "-p", port, "-U", port, "-u", own_user()});
  expect_up(tcp(server.port(), "protocol: memcached"));
  expect_up(udp(server.port(), "protocol: memcached"));
}

TEST_CASE("servers: Mosquitto, open and closed", "[probe]") {
  RealServer server("/usr/sbin/mosquitto");
  if (!server.there()) return;
  const auto listener = [&](std::size_t i) {
    return "listener " + std::to_string(server.port(i)) + " 127.0.0.1\n";
  };
  const std::string conf =
      server.write("conf", "per_listener_settings true\n" + listener(0) + "allow_anonymous true\n" +
                               listener(1) + "allow_anonymous false\n");
  server.start({"-c", conf});
  expect_up(tcp(server.port(0), "protocol: mqtt"));
  expect_up(tcp(server.port(1), "protocol: mqtt"));
}

TEST_CASE("servers: NATS, open and closed", "[probe]") {
  RealServer open("/usr/sbin/nats-server");
  RealServer closed("/usr/sbin/nats-server");
  if (!open.there()) return;
  open.start({"-a", "127.0.0.1", "-p", std::to_string(open.port())});
  closed.start(
      {"-a", "127.0.0.1", "-p", std::to_string(closed.port()), "--user", "a", "--pass", "b"});
  expect_up(tcp(open.port(), "protocol: nats"));
  expect_up(tcp(closed.port(), "protocol: nats"));
}

TEST_CASE("servers: rsync", "[probe]") {
  RealServer server("/usr/bin/rsync");
  if (!server.there()) return;
  const std::string conf = server.write(
      "conf", "use chroot = no\nmotd file = " + server.write("motd", "welcome\nto it\n") +
                  "\n[data]\n  path = " + server.folder("data") + "\n");
  server.start({"--daemon", "--no-detach", "--address", "127.0.0.1", "--config", conf, "--port",
                std::to_string(server.port())});
  expect_up(tcp(server.port(), "protocol: rsync"));
}

TEST_CASE("servers: beanstalkd", "[probe]") {
  RealServer server("/usr/bin/beanstalkd");
  if (!server.there()) return;
  server.start({"-l", "127.0.0.1", "-p", std::to_string(server.port())});
  expect_up(tcp(server.port(), "protocol: beanstalkd"));
}

TEST_CASE("servers: Gearman", "[probe]") {
  RealServer server("/usr/sbin/gearmand");
  if (!server.there()) return;
  server.start({"--listen=127.0.0.1", "--port=" + std::to_string(server.port()),
                "--log-file=" + server.path("log"), "--pid-file=" + server.path("pid")});
  expect_up(tcp(server.port(), "protocol: gearman"));
}

TEST_CASE("servers: Tor's control port and its SOCKS port", "[probe]") {
  RealServer server("/usr/bin/tor");
  if (!server.there()) return;
  const std::string conf =
      server.write("conf", "ControlPort 127.0.0.1:" + std::to_string(server.port(0)) +
                               "\nSocksPort 127.0.0.1:" + std::to_string(server.port(1)) +
                               "\nDisableNetwork 1\nDataDirectory " + server.path("data") +
                               "\nHashedControlPassword 16:"
                               "872860B76453A77D60CA2BB8C1A7042072093276A3D701AD684053EC4C\n");
  server.start({"-f", conf, "--defaults-torrc", server.write("none", "")});
  expect_up(tcp(server.port(0), "protocol: tor"));
}

TEST_CASE("servers: git", "[probe]") {
  RealServer server("/usr/lib/git-core/git-daemon");
  if (!server.there()) return;
  server.start({"--listen=127.0.0.1", "--port=" + std::to_string(server.port()),
                "--base-path=" + server.folder("repositories")});
  expect_up(tcp(server.port(), "protocol: git"));
}

TEST_CASE("servers: ngIRCd", "[probe]") {
  RealServer server("/usr/sbin/ngircd");
  if (!server.there()) return;
  const std::string conf = server.write(
      "conf", "[Global]\nName = irc.example\nInfo = x\nListen = 127.0.0.1\nPorts = " +
                  std::to_string(server.port()) + "\nMotdPhrase = hello\n[Options]\nDNS = no\n" +
                  "Ident = no\nPAM = no\n");
  server.start({"-n", "-f", conf});
  expect_up(tcp(server.port(), "protocol: irc"));
}

TEST_CASE("servers: HAProxy, by its stats socket", "[probe]") {
  RealServer server("/usr/sbin/haproxy");
  if (!server.there()) return;
  const std::string socket = server.path("sock");
  const std::string port = std::to_string(server.port());
  const std::string conf = server.write(
      "conf", "global\n  stats socket " + socket + " level user\ndefaults\n  mode tcp\n" +
                  "  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n" +
                  "frontend x\n  bind 127.0.0.1:" + port + "\n");
  server.start({"-db", "-f", conf});
  expect_up("tcp: {address: 'unix:" + socket + "', protocol: haproxy}");
}

TEST_CASE("servers: coturn, by UDP and TCP", "[probe]") {
  RealServer server("/usr/bin/turnserver");
  if (!server.there()) return;
  server.start({"-n", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port",
                std::to_string(server.port()), "--no-tls", "--no-dtls", "--no-cli", "--log-file",
                "stdout", "--pidfile", server.path("pid"), "--userdb", server.path("db"),
                "--simple-log"});
  expect_up(udp(server.port(), "protocol: stun"));
  expect_up(tcp(server.port(), "protocol: stun"));
}

TEST_CASE("servers: fail2ban, by its socket", "[probe]") {
  RealServer server("/usr/bin/fail2ban-server");
  if (!server.there()) return;
  const std::string socket = server.path("sock");
  server.write("conf/fail2ban.conf",
               "[Definition]\nloglevel = INFO\nlogtarget = " + server.path("log") +
                   "\nsyslogsocket = auto\nsocket = " + socket + "\npidfile = " +
                   server.path("pid") + "\ndbfile = None\ndbmaxmatches = 10\ndbpurgeage = 1d\n");
  server.write("conf/jail.conf", "[DEFAULT]\n");
  const std::string keys = "tcp: {address: 'unix:" + socket + "', protocol: fail2ban}";
  server.start({"-f", "-c", server.path("conf"), "-s", socket, "-p", server.path("pid"), "start"},
               is_up(keys));
  expect_up(keys);
  server.stop();
  CHECK(reason(keys) == "connection failed: No such file or directory (unix:" + socket + ")");
}

TEST_CASE("servers: a name server, by UDP and TCP", "[probe]") {
  if (!RealServer("/usr/sbin/nsd").there()) return;
  const Nsd server("example", "@ 60 SOA ns.example. me.example. 1 60 60 60 60\n@ NS ns.example.\n");
  expect_up(udp(server.port(), "protocol: dns"));
  expect_up(tcp(server.port(), "protocol: dns"));
}

TEST_CASE("servers: chrony, synchronised and not", "[probe]") {
  RealServer good("/usr/sbin/chronyd");
  RealServer lost("/usr/sbin/chronyd");
  if (!good.there()) return;
  const auto arguments = [](RealServer& server, const std::string& more) {
    const std::string conf = server.write(
        "conf", "port " + std::to_string(server.port()) +
                    "\nbindaddress 127.0.0.1\nallow 127.0.0.0/8\ncmdport 0\nbindcmdaddress /\n"
                    "pidfile " +
                    server.path("pid") + "\n" + more);
    return std::vector<std::string>{"-d", "-x", "-U", "-u", own_user(), "-f", conf};
  };
  const auto runs = [](RealServer& server) {
    return [&server] { return std::filesystem::exists(server.path("pid")); };
  };
  good.start(arguments(good, "local stratum 8\n"), is_up(udp(good.port(), "protocol: ntp")));
  expect_up(udp(good.port(), "protocol: ntp"));
  lost.start(arguments(lost, ""), runs(lost));
  const std::string wrong = reason(udp(lost.port(), "protocol: ntp"));
  CHECK(wrong.find("expected the time of a synchronised NTP server, got the bytes e4 00") == 0);
  good.stop();
  CHECK(reason(udp(good.port(), "protocol: ntp")).find("connection refused") == 0);
}

TEST_CASE("servers: Net-SNMP's agent", "[probe]") {
  RealServer server("/usr/sbin/snmpd");
  if (!server.there()) return;
  const std::string keys = udp(server.port(), "protocol: snmp");
  server.start({"-f", "-Lf", server.path("log"), "-C", "-c", server.write("conf", ""), "-p",
                server.path("pid"), "udp:127.0.0.1:" + std::to_string(server.port())},
               is_up(keys), {"SNMP_PERSISTENT_DIR=" + server.folder("kept")});
  expect_up(keys);
}

TEST_CASE("servers: FreeRADIUS answers to those who share its secret", "[probe]") {
  RealServer server("/usr/sbin/freeradius");
  if (!server.there()) return;
  server.write("radiusd.conf",
               "name = freeradius\nlogdir = " + server.folder("log") +
                   "\nrun_dir = " + server.folder("run") + "\nlibdir = /usr/lib/freeradius\n" +
                   "security { status_server = yes }\n"
                   "client localhost { ipaddr = 127.0.0.1\n secret = \"s3cret, shared\" }\n"
                   "server default {\n listen { type = auth\n ipaddr = 127.0.0.1\n port = " +
                   std::to_string(server.port()) + " }\n authorize { }\n}\n");
  const std::string keys =
      udp(server.port(), "protocol: radius, password: \"s3cret, shared\", retries: 0");
  server.start({"-f", "-l", "stdout", "-d", server.path("")}, is_up(keys));
  expect_up(keys);
  const std::string wrong =
      reason("timeout: 500ms, udp: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
             ", protocol: radius, password: hunter22}");
  CHECK(wrong.find("no answer within ") == 0);
}

}  // namespace tocsin
