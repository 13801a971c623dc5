// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// STARTTLS, and the protocols behind it, against the real servers that Debian has: see
// servers_test.cpp.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "probe/probe_fixture.h"
#include "probe/sql_servers.h"
#include "support/certificates.h"
#include "support/real_server.h"

namespace tocsin {
namespace {

// A server's folder with a certificate for localhost in it, good for another 40 days.
struct Site {
  explicit Site(const char* program) : server(program) {
    certificates.emplace(server.folder("pki"));
    Certificates::Spec spec{"server", {"localhost", "127.0.0.1"}};
    spec.to_days = 40;
    files = certificates->make(spec);
  }
  std::string certificate() const { return files.certificate.string(); }
  std::string key() const { return files.key.string(); }
  std::string keys(std::size_t port, const std::string& more) {
    return "timeout: 10s, tcp: {host: 127.0.0.1, port: " + std::to_string(server.port(port)) +
           ", " + more + "}";
  }
  std::string trusting(std::size_t port, const std::string& more) {
    return keys(port, more + ", ca_file: " + certificates->authority().string());
  }

  RealServer server;
  std::optional<Certificates> certificates;
  Certificates::Files files;
};

Result expect_up(const std::string& keys) {
  INFO(keys);
  const Result result = probe(keys);
  for (const std::string& note : result.notes) UNSCOPED_INFO(note);
  CHECK(result.reason == "");
  CHECK(result.verdict == Verdict::up);
  return result;
}

std::string reason(const std::string& keys) {
  INFO(keys);
  const Result result = probe(keys);
  CHECK(result.verdict == Verdict::down);
  return result.reason;
}

// STARTTLS, alone and with the protocol behind it; an untrusted issuer; a certificate near its end.
void expect_starttls(Site& site, std::size_t port, const std::string& name) {
  INFO(name);
  const std::string starttls = "starttls: " + name;
  const Result up = expect_up(site.trusting(port, starttls));
  CHECK(up.certificate_days.value_or(0) >= 38);
  CHECK(up.phases.get(Phase::tls));
  expect_up(site.trusting(port, starttls + ", protocol: " + name));
  CHECK(reason(site.keys(port, starttls)).find("certificate") == 0);
  const Result late = probe(site.trusting(port, starttls + ", certificate_days: 60"));
  CHECK(late.verdict == Verdict::degraded);
}

const char* kDovecot =
    "protocols = imap pop3 lmtp sieve\nlisten = 127.0.0.1\nssl = yes\n"
    "disable_plaintext_auth = no\nauth_mechanisms = plain\n"
    "passdb {\n driver = static\n args = nopassword=y\n}\n"
    "userdb {\n driver = static\n args = uid=nobody gid=nogroup home=/nonexistent\n}\n";

}  // namespace

TEST_CASE("servers: Dovecot: imap, pop3, lmtp, sieve; plain, TLS and STARTTLS", "[probe]") {
  Site site("/usr/sbin/dovecot");
  RealServer& server = site.server;
  if (!server.there_for_root()) return;
  const auto inet = [&](const std::string& service, const std::string& name, std::size_t port) {
    return "service " + service + " {\n inet_listener " + name +
           " {\n port = " + std::to_string(server.port(port)) + "\n }\n";
  };
  const std::string conf = server.write(
      "dovecot.conf", "base_dir = " + server.path("run") + "\nstate_dir = " + server.path("state") +
                          "\nlog_path = " + server.path("log") + "\nssl_cert = <" +
                          site.certificate() + "\nssl_key = <" + site.key() + "\n" + kDovecot +
                          inet("imap-login", "imap", 0) +
                          " inet_listener imaps {\n port = " + std::to_string(server.port(1)) +
                          "\n ssl = yes\n }\n}\n" + inet("pop3-login", "pop3", 2) +
                          " inet_listener pop3s {\n port = 0\n }\n}\n" + inet("lmtp", "lmtp", 3) +
                          "}\n" + inet("managesieve-login", "sieve", 4) + "}\n");
  server.start({"-F", "-c", conf});
  expect_up(site.keys(0, "protocol: imap"));
  expect_up(site.trusting(1, "protocol: imap, tls: true"));
  expect_up(site.keys(2, "protocol: pop3"));
  expect_up(site.keys(3, "protocol: lmtp"));
  expect_up(site.keys(4, "protocol: sieve"));
  expect_starttls(site, 0, "imap");
  expect_starttls(site, 2, "pop3");
  expect_starttls(site, 3, "lmtp");
  expect_starttls(site, 4, "sieve");
  CHECK(reason(site.keys(0, "protocol: pop3"))
            .find("expected a greeting of POP3 (+OK), got \"* OK "
                  "[CAPABILITY") == 0);
  server.stop();
  CHECK(reason(site.keys(0, "protocol: imap")).find("connection refused") == 0);
}

TEST_CASE("servers: Postfix: smtp, plain and STARTTLS", "[probe]") {
  Site site("/usr/lib/postfix/sbin/master");
  RealServer& server = site.server;
  if (!server.there_for_root()) return;
  server.write(
      "conf/main.cf",
      "compatibility_level = 3.6\nmyhostname = mx.example\nmydestination =\n"
      "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmail_owner = postfix\n"
      "setgid_group = postdrop\nalias_maps =\nlocal_recipient_maps =\nmaillog_file_prefixes = /\n"
      "queue_directory = " +
          server.folder("queue") + "\ndata_directory = " + server.folder("data", "postfix") +
          "\nmaillog_file = " + server.path("log") +
          "\nsmtpd_tls_security_level = may\nsmtpd_tls_cert_file = " + site.certificate() +
          "\nsmtpd_tls_key_file = " + site.key() + "\n");
  server.write("conf/master.cf", std::to_string(server.port()) +
                                     " inet n - n - - smtpd\n"
                                     "postlog unix-dgram n - n - 1 postlogd\n"
                                     "tlsmgr unix - - n 1000? 1 tlsmgr\n"
                                     "rewrite unix - - n - - trivial-rewrite\n"
                                     "anvil unix - - n - 1 anvil\n");
  // `start-fg` would stay between us and the master, and not end it.
  REQUIRE(run_program({"/usr/sbin/postfix", "-c", server.path("conf"), "check"}).status == 0);
  server.start({"-s", "-c", server.path("conf")});
  expect_up(site.keys(0, "protocol: smtp"));
  expect_starttls(site, 0, "smtp");
  const Result steps = expect_up(site.keys(
      0,
      "dialogue: [{expect_matches: '^220 '}, {send: \"EHLO me.example\\r\\n\", expect_matches: "
      "'^250-STARTTLS'}, {send: \"QUIT\\r\\n\", expect_matches: '^221 '}]"));
  CHECK(steps.notes.size() == 6);
}

TEST_CASE("servers: vsftpd: ftp, plain and STARTTLS", "[probe]") {
  Site site("/usr/sbin/vsftpd");
  RealServer& server = site.server;
  if (!server.there_for_root()) return;
  const std::string conf = server.write(
      "conf", "listen=YES\nlisten_address=127.0.0.1\nlisten_port=" + std::to_string(server.port()) +
                  "\nbackground=NO\nanonymous_enable=YES\nssl_enable=YES\nanon_root=" +
                  server.folder("files") + "\nsecure_chroot_dir=" + server.folder("empty") +
                  "\nrsa_cert_file=" + site.certificate() + "\nrsa_private_key_file=" + site.key() +
                  "\n");
  server.start({conf});
  expect_up(site.keys(0, "protocol: ftp"));
  expect_starttls(site, 0, "ftp");
}

TEST_CASE("servers: OpenLDAP: ldap, plain and STARTTLS, anonymous or not", "[probe]") {
  Site site("/usr/sbin/slapd");
  RealServer& server = site.server;
  if (!server.there()) return;
  const auto start = [&](const std::string& more) {
    const std::string conf =
        server.write("conf", "pidfile " + server.path("pid") + "\nargsfile " + server.path("args") +
                                 "\nTLSCertificateFile " + site.certificate() +
                                 "\nTLSCertificateKeyFile " + site.key() + "\n" + more);
    server.start(
        {"-f", conf, "-h", "ldap://127.0.0.1:" + std::to_string(server.port()), "-d", "0"});
  };
  start("");
  expect_up(site.keys(0, "protocol: ldap"));
  expect_starttls(site, 0, "ldap");
  server.stop();
  start("disallow bind_anon\n");
  expect_up(site.keys(0, "protocol: ldap"));
}

TEST_CASE("servers: Prosody: xmpp, plain and STARTTLS", "[probe]") {
  Site site("/usr/bin/prosody");
  RealServer& server = site.server;
  if (!server.there()) return;
  const std::string conf = server.write(
      "conf.lua",
      "daemonize = false\nrun_as_root = true\npidfile = \"" + server.path("pid") +
          "\"\ndata_path = \"" + server.folder("data") +
          "\"\nmodules_enabled = {\"tls\", \"saslauth\"}\ninterfaces = {\"127.0.0.1\"}\n"
          "c2s_ports = {" +
          std::to_string(server.port()) +
          "}\nc2s_require_encryption = false\nlog = {error = \"*console\"}\n"
          "VirtualHost \"localhost\"\nssl = {certificate = \"" +
          site.certificate() + "\", key = \"" + site.key() + "\"}\n");
  server.start({"-F", "--config", conf});
  expect_up(site.keys(0, "protocol: xmpp"));  // it is no 127.0.0.1, and says so
  const std::string port = std::to_string(server.port());
  const std::string named =
      "server_name: localhost, ca_file: " + site.certificates->authority().string() + ", ";
  expect_up(site.keys(0, named + "starttls: xmpp"));
  expect_up(site.keys(0, named + "starttls: xmpp, protocol: xmpp"));
}

TEST_CASE("servers: PostgreSQL: by TCP, its socket and STARTTLS", "[probe]") {
  const Postgres server;
  if (!server.there()) return;
  const std::string at =
      "timeout: 10s, tcp: {host: 127.0.0.1, port: " + std::to_string(server.port()) + ", ";
  expect_up(at + "protocol: postgres}");
  expect_up("tcp: {address: 'unix:" + server.path("run/.s.PGSQL.") + std::to_string(server.port()) +
            "', protocol: postgres}");
  const std::string trust = ", ca_file: " + server.authority() + "}";
  expect_up(at + "starttls: postgres" + trust);
  expect_up(at + "starttls: postgres, protocol: postgres" + trust);
  CHECK(reason(at + "starttls: postgres}").find("certificate") == 0);
}

TEST_CASE("servers: MariaDB: by TCP, its socket and STARTTLS; never blocks us", "[probe]") {
  const Mariadb server;
  if (!server.there()) return;
  const std::string at =
      "timeout: 10s, tcp: {host: 127.0.0.1, port: " + std::to_string(server.port()) + ", ";
  server.admin("SET GLOBAL max_connect_errors = 3");
  for (int i = 0; i < 10; ++i) expect_up(at + "protocol: mysql}");
  expect_up("tcp: {address: 'unix:" + server.path("run/sock") + "', protocol: mysql}");
  expect_up(at + "starttls: mysql, ca_file: " + server.authority() + "}");
  CHECK(reason(at + "starttls: mysql}").find("certificate") == 0);
}

}  // namespace tocsin
