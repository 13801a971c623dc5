// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "net/x509.h"
#include "probe/probe_fixture.h"
#include "support/nginx.h"
#include "support/pki.h"
#include "support/raw_server.h"
#include "util/duration.h"

namespace tocsin {
namespace {

std::string date_in(int days) {
  const WallTime at = SystemClock().wall() + std::chrono::days{days} + std::chrono::hours{1};
  return human_time(at).substr(0, 10);
}

bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

// A root, an issuer below it, and whatever a test asks for below that.
struct Authority {
  Authority() {
    pki.make({.name = "Root", .to_days = 3650, .authority = true});
    pki.make({.name = "Issuer", .issuer = "Root", .to_days = 1000, .authority = true});
  }

  std::string keys(const std::string& address, const std::string& more = "") const {
    return "timeout: 10s, certificate: {address: \"" + address +
           "\", ca_file: " + pki.certificate("Root").string() + (more.empty() ? "" : ", ") + more +
           "}";
  }
  // Serves it with its issuer.
  Result look(Pki::Spec spec, const std::string& more = "",
              std::vector<std::string> arguments = {}) {
    if (spec.name.empty()) spec.name = "shop.example";
    if (spec.issuer.empty()) spec.issuer = "Issuer";
    if (spec.hosts.empty()) spec.hosts = {"127.0.0.1", "shop.example"};
    pki.make(spec);
    arguments.insert(arguments.end(), {"-cert_chain", pki.certificate(spec.issuer).string()});
    const TlsServer server(pki, spec.name, arguments);
    return probe(keys(server.address(), more));
  }

  Pki pki;
};

void check_reason(const Result& result, Verdict verdict, const std::string& reason) {
  INFO(result.reason);
  CHECK(result.verdict == verdict);
  CHECK(result.reason == (reason.empty() ? "" : reason + " (" + result.address + ")"));
}

}  // namespace

TEST_CASE("certificate: a good one is up, and all of it is noted", "[probe]") {
  Authority authority;
  const Result result = authority.look({.to_days = 60});
  check_reason(result, Verdict::up, "");
  CHECK(result.certificate_days == 60);
  CHECK(result.phases.get(Phase::tls));
  CHECK(has_note(result, "tls: TLSv1.3"));
  CHECK(has_note(result, "0 subject: CN=shop.example"));
  CHECK(has_note(result, "0 names: 127.0.0.1, shop.example"));
  CHECK(has_note(result, "0 issuer: CN=Issuer"));
  CHECK(has_note(result, "0 key: EC P-256, signed by ecdsa-with-SHA256"));
  CHECK(has_note(result, "0 serial: "));
  CHECK(has_note(result, "0 fingerprint: "));
  CHECK(has_note(result, "1 subject: CN=Issuer"));
}

TEST_CASE("certificate: its end is told in days, and so is an issuer's", "[probe]") {
  Authority authority;
  SECTION("soon") {
    check_reason(authority.look({.to_days = 6}), Verdict::degraded,
                 "certificate ends in 6 days (" + date_in(6) + "), 14 days wanted");
  }
  SECTION("soon enough to be down") {
    check_reason(authority.look({.to_days = 6}, "days_down: 7"), Verdict::down,
                 "certificate ends in 6 days (" + date_in(6) + "), 7 days wanted");
  }
  SECTION("soon, and it does not matter") {
    check_reason(authority.look({.to_days = 6}, "days: 6"), Verdict::up, "");
  }
  SECTION("over") {
    const Result result = authority.look({.to_days = -3});
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.starts_with("certificate expired 3 days ago ("));
    CHECK(result.certificate_days == -4);
  }
  SECTION("not begun") {
    const Result result = authority.look({.from_days = 2});
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.starts_with("certificate is not valid before " + date_in(2).substr(0, 7)));
  }
  SECTION("the issuer's, soon") {
    authority.pki.make({.name = "Old", .issuer = "Root", .to_days = 5, .authority = true});
    const Result result = authority.look({.issuer = "Old"});
    check_reason(
        result, Verdict::degraded,
        "certificate of the issuer \"Old\" ends in 5 days (" + date_in(5) + "), 14 days wanted");
    CHECK(result.certificate_days == 5);
  }
  SECTION("the issuer's, over, whoever is trusted") {
    authority.pki.make({.name = "Old", .issuer = "Root", .to_days = -5, .authority = true});
    const Result result = authority.look({.issuer = "Old"});
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.starts_with("certificate of the issuer \"Old\" expired 5 days ago ("));
    const TlsServer server(authority.pki, "shop.example",
                           {"-cert_chain", authority.pki.certificate("Old").string()});
    CHECK(probe("certificate: {address: \"" + server.address() + "\", verify: false}").verdict ==
          Verdict::down);
  }
}

TEST_CASE("certificate: an issuer that the server sends and nobody needs does no harm", "[probe]") {
  Authority authority;
  authority.pki.make({.name = "Unused", .issuer = "Root", .to_days = -5, .authority = true});
  authority.pki.make({.name = "shop.example", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
  const TlsServer server(authority.pki, "shop.example",
                         {"-cert_chain", authority.pki.bundle({"Issuer", "Unused"}).string()});
  check_reason(probe(authority.keys(server.address())), Verdict::up, "");
}

TEST_CASE("certificate: trust and name are verified, unless they are not to be", "[probe]") {
  Authority authority;
  SECTION("another name") {
    check_reason(authority.look({.hosts = {"example.org", "www.example.org"}}), Verdict::down,
                 "certificate is for example.org, www.example.org, not 127.0.0.1");
  }
  SECTION("the name that was asked for") {
    check_reason(authority.look({.hosts = {"*.example.org"}}, "server_name: www.example.org"),
                 Verdict::up, "");
  }
  SECTION("a wildcard holds for one label") {
    check_reason(authority.look({.hosts = {"*.example.org"}}, "server_name: a.b.example.org"),
                 Verdict::down, "certificate is for *.example.org, not a.b.example.org");
  }
  SECTION("further names") {
    check_reason(authority.look({}, "expect: {names: [shop.example, www.shop.example]}"),
                 Verdict::down, "certificate is for 127.0.0.1, shop.example, not www.shop.example");
  }
  SECTION("self-signed") {
    authority.pki.make({.name = "self", .hosts = {"127.0.0.1"}});
    const TlsServer server(authority.pki, "self");
    check_reason(probe(authority.keys(server.address())), Verdict::down,
                 "certificate is self-signed");
    check_reason(probe("certificate: {address: \"" + server.address() + "\", verify: false}"),
                 Verdict::up, "");
  }
  SECTION("the issuer is not sent") {
    authority.pki.make({.name = "alone", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
    const TlsServer server(authority.pki, "alone");
    check_reason(probe(authority.keys(server.address())), Verdict::down,
                 "certificate is signed by \"Issuer\", which is not known here");
  }
  SECTION("nobody here knows the root") {
    authority.pki.make({.name = "shop.example", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
    const TlsServer server(authority.pki, "shop.example",
                           {"-cert_chain", authority.pki.bundle({"Issuer", "Root"}).string()});
    check_reason(probe("certificate: \"" + server.address() + "\""), Verdict::down,
                 "certificate is signed by \"Root\", which is not trusted here");
  }
  SECTION("signed by one who may not") {
    authority.pki.make({.name = "Server", .issuer = "Issuer"});
    const Result result = authority.look({.issuer = "Server"});
    CHECK(result.verdict == Verdict::down);
  }
}

TEST_CASE("certificate: all that is wrong is told, what makes it down first", "[probe]") {
  Authority authority;
  const Result result = authority.look({.hosts = {"example.org"}, .to_days = 2});
  check_reason(result, Verdict::down,
               "certificate is for example.org, not 127.0.0.1; certificate ends in 2 days (" +
                   date_in(2) + "), 14 days wanted");
}

TEST_CASE("certificate: weak keys and signatures are down, unless they are fine", "[probe]") {
  Authority authority;
  SECTION("RSA") {
    check_reason(authority.look({.key = "RSA-1024"}), Verdict::down,
                 "certificate has a weak key: RSA 1024, at least 2048 bits wanted");
  }
  SECTION("RSA, allowed") {
    check_reason(authority.look({.key = "RSA-1024"}, "expect: {rsa_bits: 1024}"), Verdict::up, "");
  }
  SECTION("a curve") {
    check_reason(authority.look({}, "expect: {ec_bits: 384}"), Verdict::down,
                 "certificate has a weak key: EC P-256, at least 384 bits wanted; certificate of "
                 "the issuer \"Issuer\" has a weak key: EC P-256, at least 384 bits wanted; "
                 "certificate of the issuer \"Root\" has a weak key: EC P-256, at least 384 bits "
                 "wanted");
  }
  SECTION("an issuer's key") {
    authority.pki.make({.name = "Weak", .issuer = "Root", .authority = true, .key = "RSA-1024"});
    check_reason(authority.look({.issuer = "Weak"}), Verdict::down,
                 "certificate of the issuer \"Weak\" has a weak key: RSA 1024, at least 2048 bits "
                 "wanted");
  }
  SECTION("SHA-1") {
    check_reason(authority.look({.digest = "SHA1"}), Verdict::down,
                 "certificate is signed by ecdsa-with-SHA1, which is broken");
  }
  SECTION("SHA-1, allowed") {
    check_reason(authority.look({.digest = "SHA1"}, "expect: {sha1: true}"), Verdict::up, "");
  }
  SECTION("an issuer's by SHA-1") {
    authority.pki.make({.name = "Weak", .issuer = "Root", .authority = true, .digest = "SHA1"});
    check_reason(authority.look({.issuer = "Weak"}), Verdict::down,
                 "certificate of the issuer \"Weak\" is signed by ecdsa-with-SHA1, which is "
                 "broken");
  }
  SECTION("a root's signature on itself says nothing") {
    authority.pki.make({.name = "Sha1 Root", .authority = true, .digest = "SHA1"});
    authority.pki.make({.name = "x", .issuer = "Sha1 Root", .hosts = {"127.0.0.1"}});
    const TlsServer server(authority.pki, "x");
    check_reason(probe("certificate: {address: \"" + server.address() + "\", ca_file: \"" +
                       authority.pki.certificate("Sha1 Root").string() + "\"}"),
                 Verdict::up, "");
  }
  SECTION("Ed25519 has one strength") {
    const Result result = authority.look({.key = "ED25519"});
    check_reason(result, Verdict::up, "");
    CHECK(has_note(result, "0 key: ED25519"));
  }
}

TEST_CASE("certificate: issuer and fingerprint may be expected", "[probe]") {
  Authority authority;
  authority.pki.make({.name = "shop.example", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
  const TlsServer server(authority.pki, "shop.example",
                         {"-cert_chain", authority.pki.certificate("Issuer").string()});
  const auto look = [&](const std::string& expect) {
    return probe(authority.keys(server.address(), "expect: {" + expect + "}"));
  };
  const auto ders = pem_certificates(read_file(authority.pki.certificate("shop.example")));
  const std::string own = x509_facts(ders.at(0))->fingerprint;
  const std::string other(64, 'a');
  // As `openssl x509 -fingerprint -sha256` prints it.
  const Ran printed = run_program({"/usr/bin/openssl", "x509", "-noout", "-fingerprint", "-sha256",
                                   "-in", authority.pki.certificate("shop.example").string()});
  const std::string line = printed.out.substr(0, printed.out.find('\n'));
  check_reason(look("issuer: '^CN=Issuer$', fingerprint: [" + other + ", '" + line + "']"),
               Verdict::up, "");
  check_reason(look("issuer: Encrypt"), Verdict::down,
               "certificate is issued by \"CN=Issuer\", wanted /Encrypt/");
  check_reason(look("fingerprint: " + other), Verdict::down,
               "certificate is another one: its fingerprint is " + own);
}

TEST_CASE("certificate: an OCSP staple is read, verified and believed", "[probe]") {
  Authority authority;
  Pki& pki = authority.pki;
  pki.make({.name = "shop", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
  const auto serve = [&](const std::filesystem::path& staple, const std::string& more = "") {
    const TlsServer server(
        pki, "shop",
        {"-cert_chain", pki.certificate("Issuer").string(), "-status_file", staple.string()});
    return probe(authority.keys(server.address(), more));
  };
  const Result good = serve(pki.staple("shop", "good"), "expect: {staple: true}");
  check_reason(good, Verdict::up, "");
  CHECK(has_note(good, "OCSP staple: good until "));
  check_reason(serve(pki.staple("shop", "revoked")), Verdict::down,
               "certificate was revoked on 2026-01-02: keyCompromise");
  CHECK(serve(pki.staple("shop", "revoked"), "verify: false").verdict == Verdict::down);
  check_reason(serve(pki.staple("shop", "unknown")), Verdict::down,
               "certificate is unknown to its issuer's OCSP responder");

  pki.make({.name = "Stranger", .authority = true});
  const std::string no_use = "the OCSP staple is of no use: ";
  check_reason(serve(pki.staple("shop", "revoked", "Stranger")), Verdict::degraded,
               no_use + "its signature is not that of the certificate's issuer");
  check_reason(serve(pki.staple("shop", "revoked", "Stranger"), "verify: false"), Verdict::degraded,
               no_use + "its signature is not that of the certificate's issuer");
  pki.make({.name = "other", .issuer = "Issuer"});
  check_reason(serve(pki.staple("other", "revoked")), Verdict::degraded,
               no_use + "it is about another certificate");
}

TEST_CASE("certificate: a staple that has expired, or is rubbish, is of no use", "[probe]") {
  Authority authority;
  Pki& pki = authority.pki;
  pki.make({.name = "shop", .issuer = "Issuer"});
  const auto ders = pem_certificates(read_file(pki.bundle({"shop", "Issuer"})));
  const std::string staple = read_file(pki.staple("shop", "good"));
  const WallTime now = SystemClock().wall();
  CHECK(ocsp_facts(staple, ders, nullptr, now).status == OcspFacts::Status::good);
  CHECK(ocsp_facts(staple, ders, nullptr, now + std::chrono::days{8}).problem == "it has expired");
  CHECK(ocsp_facts(staple, ders, nullptr, now - std::chrono::days{1}).problem ==
        "it is from the future");
  CHECK(ocsp_facts(staple, {ders[0]}, nullptr, now).problem ==
        "the certificate's issuer is missing");
  CHECK(ocsp_facts("", ders, nullptr, now).problem == "it cannot be read");
  // "tryLater", RFC 6960 section 4.2.1.
  CHECK(ocsp_facts("\x30\x03\x0A\x01\x03", ders, nullptr, now).problem ==
        "the responder says trylater");
  std::mt19937 random(20261121);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes = staple;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const OcspFacts facts = ocsp_facts(bytes, ders, nullptr, now);
    CHECK(facts.status != OcspFacts::Status::revoked);
  }
}

TEST_CASE("certificate: a staple that has to be there", "[probe]") {
  Authority authority;
  check_reason(authority.look({.must_staple = true}), Verdict::down,
               "certificate demands an OCSP staple, and none is sent");
  check_reason(authority.look({.name = "second"}, "expect: {staple: true}"), Verdict::down,
               "no OCSP staple is sent");
}

TEST_CASE("certificate: a server that still takes old versions of TLS is degraded", "[probe]") {
  Authority authority;
  check_reason(authority.look({}, "expect: {least_tls: '1.2'}"), Verdict::degraded,
               "it still takes TLSv1.1, at least TLSv1.2 wanted");
  check_reason(
      authority.look({.name = "two"}, "expect: {least_tls: '1.2'}", {"-no_tls1_1", "-no_tls1"}),
      Verdict::up, "");
  check_reason(
      authority.look({.name = "three"}, "expect: {least_tls: '1.3'}", {"-no_tls1_1", "-no_tls1"}),
      Verdict::degraded, "it still takes TLSv1.2, at least TLSv1.3 wanted");
}

TEST_CASE("certificate: a server that wants ours has shown its own before", "[probe]") {
  Authority authority;
  const Result result = authority.look({}, "", {"-tls1_2", "-Verify", "1", "-verify_return_error"});
  check_reason(result, Verdict::up, "");
  CHECK(has_note(result, "handshake: "));
  CHECK(result.certificate_days == 90);
}

TEST_CASE("certificate: a real web server, and one that is none", "[probe]") {
  Authority authority;
  authority.pki.make({.name = "web", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
  Nginx::Options options;
  options.tls = true;
  options.server = "ssl_certificate " + authority.pki.bundle({"web", "Issuer"}).string() +
                   "; ssl_certificate_key " + authority.pki.key("web").string() + ";";
  const Nginx nginx(options);
  check_reason(probe(authority.keys(nginx.address())), Verdict::up, "");
  const Result slow = probe(authority.keys(nginx.address(), "expect: {response_time: 1ms}"));
  CHECK((slow.verdict == Verdict::degraded || slow.took <= Millis{1}));

  const Nginx plain({});
  check_reason(probe(authority.keys(plain.address())), Verdict::down,
               "the other side does not speak TLS");
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  check_reason(probe(authority.keys(nobody)), Verdict::down, "connection refused");
  const RawServer silent([](RawConnection& connection) { connection.hold(); });
  const Result late = probe("timeout: 300ms, certificate: \"" + silent.address() + "\"");
  CHECK(late.verdict == Verdict::down);
  CHECK(late.reason.starts_with("timed out after "));
  const RawServer rude([](RawConnection& connection) { connection.reset(); });
  CHECK(probe(authority.keys(rude.address())).verdict == Verdict::down);
}

TEST_CASE("certificate: one whose key the server does not have is down", "[probe]") {
  Authority authority;
  authority.pki.make({.name = "mine", .issuer = "Issuer", .hosts = {"127.0.0.1"}});
  std::filesystem::copy_file(authority.pki.certificate("mine"),
                             authority.pki.path() / "theirs.pem");
  authority.pki.make({.name = "other", .issuer = "Issuer"});
  std::filesystem::copy_file(authority.pki.key("other"), authority.pki.path() / "theirs.key");
  // A server that checks will not start; one that does not is found out by the file.
  const Result result =
      probe("certificate: {file: " + authority.pki.certificate("theirs").string() +
            ", key: " + authority.pki.key("theirs").string() + ", verify: false}");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "the key does not belong to the certificate (" +
                             authority.pki.key("theirs").string() + ")");
}

TEST_CASE("certificate: behind STARTTLS", "[probe]") {
  Authority authority;
  authority.pki.make({.name = "mail", .issuer = "Issuer", .hosts = {"127.0.0.1"}, .to_days = 6});
  const TempDir dir;
  const auto script = dir.write("smtp.py", R"(import socket, ssl, sys
server = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(server.getsockname()[1]) + "\n")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
while True:
    client, _ = server.accept()
    try:
        lines = client.makefile("rb")
        client.sendall(b"220 mail ESMTP\r\n")
        assert lines.readline().upper().startswith(b"EHLO")
        client.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        assert lines.readline().upper().startswith(b"STARTTLS")
        client.sendall(b"220 go on\r\n")
        context.wrap_socket(client, server_side=True).recv(1)
    except (OSError, AssertionError):
        pass
    client.close()
)");
  const auto port_file = dir.path() / "port";
  const Child server(
      {"/usr/bin/python3", script.string(), port_file.string(),
       authority.pki.bundle({"mail", "Issuer"}).string(), authority.pki.key("mail").string()},
      {});
  REQUIRE(eventually([&] { return read_file(port_file).ends_with('\n'); }));
  const std::string port = read_file(port_file);
  const Result result =
      probe("certificate: {host: 127.0.0.1, port: " + port.substr(0, port.size() - 1) +
            ", starttls: smtp, ca_file: " + authority.pki.certificate("Root").string() + "}");
  check_reason(result, Verdict::degraded,
               "certificate ends in 6 days (" + date_in(6) + "), 14 days wanted");
}

// --- files
// ------------------------------------------------------------------------------------------

TEST_CASE("certificate: a file is judged as a server is, with its key", "[probe]") {
  Authority authority;
  Pki& pki = authority.pki;
  pki.make({.name = "shop", .issuer = "Issuer", .hosts = {"shop.example"}, .to_days = 6});
  pki.make({.name = "long", .issuer = "Issuer", .hosts = {"shop.example"}});
  const auto look = [&](const std::filesystem::path& file, const std::string& more = "") {
    return probe("certificate: {file: \"" + file.string() + "\", ca_file: \"" +
                 pki.certificate("Root").string() + "\"" + (more.empty() ? "" : ", ") + more + "}");
  };
  check_reason(look(pki.bundle({"long", "Issuer"}),
                    "key: \"" + pki.key("long").string() + "\", expect: {names: [shop.example]}"),
               Verdict::up, "");
  check_reason(look(pki.bundle({"shop", "Issuer"})), Verdict::degraded,
               "certificate ends in 6 days (" + date_in(6) + "), 14 days wanted");
  check_reason(look(pki.bundle({"long", "Issuer"}), "expect: {names: [other.example]}"),
               Verdict::down, "certificate is for shop.example, not other.example");
  check_reason(look(pki.certificate("long")), Verdict::down,
               "certificate is signed by \"Issuer\", which is not known here");
  check_reason(look(pki.certificate("long"), "verify: false"), Verdict::up, "");

  const Result missing = look(pki.path() / "no.pem");
  CHECK(missing.verdict == Verdict::down);
  CHECK(missing.reason == "No such file or directory (" + (pki.path() / "no.pem").string() + ")");
  TempDir dir;
  check_reason(look(dir.write("empty.pem", "")), Verdict::down, "no certificate in PEM is in it");
  check_reason(look(dir.write("key.pem", read_file(pki.key("long")))), Verdict::down,
               "no certificate in PEM is in it");
  CHECK(
      look(pki.certificate("long"), "verify: false, key: \"" + dir.write("x", "y").string() + "\"")
          .reason == "no private key in PEM is in it (" + (dir.path() / "x").string() + ")");
}

TEST_CASE("certificate: what may not be read, or needs a password, is unknown", "[probe]") {
  Authority authority;
  Pki& pki = authority.pki;
  pki.make({.name = "shop", .issuer = "Issuer"});
  const auto locked = pki.path() / "locked.key";
  run_program({"/usr/bin/openssl", "pkcs8", "-topk8", "-in", pki.key("shop").string(), "-out",
               locked.string(), "-passout", "pass:hunter22"});
  const std::string keys = "certificate: {verify: false, file: \"" +
                           pki.certificate("shop").string() + "\", key: \"" + locked.string() +
                           "\"}";
  const Result encrypted = probe(keys);
  CHECK(encrypted.verdict == Verdict::unknown);
  CHECK(encrypted.reason ==
        "the key is encrypted: it cannot be compared (" + locked.string() + ")");
  chmod(locked.c_str(), 0);
  if (geteuid() == 0) {
    WARN("root may read every file");
  } else {
    CHECK(probe(keys).verdict == Verdict::unknown);
  }
  const Result no_issuers = probe("certificate: {file: \"" + pki.certificate("shop").string() +
                                  "\", ca_file: \"" + (pki.path() / "no.pem").string() + "\"}");
  CHECK(no_issuers.verdict == Verdict::unknown);
  CHECK(no_issuers.reason.starts_with("cannot use the CA file "));
}

TEST_CASE("certificate: whatever the bytes are, reading them ends", "[probe]") {
  Authority authority;
  const std::string der = pem_certificates(read_file(authority.pki.certificate("Issuer"))).at(0);
  std::mt19937 random(20261121);
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = der;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto facts = x509_facts(bytes);
    if (facts) CHECK(facts->subject.size() <= 210);
    CHECK_NOTHROW(is_for_host(bytes, "example.org"));
  }
  CHECK_FALSE(x509_facts(""));
  CHECK(pem_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n").empty());
}

// --- configuration
// ----------------------------------------------------------------------------------

TEST_CASE("certificate: every mistake in the settings is told", "[probe]") {
  const auto problems = [](const std::string& settings) {
    return problems_of("certificate: {" + settings + "}");
  };
  CHECK(problems("address: shop.example").empty());
  CHECK(problems("host: \"::1\", port: 8443").empty());
  CHECK(problems("days: 3").find("'address' is missing: HOST:PORT, or 'file'") !=
        std::string::npos);
  CHECK(problems("address: 'a b'").starts_with("error: not HOST, HOST:PORT or [IPv6]:PORT"));
  CHECK(problems("address: a, port: 3").find("'address' says it all") != std::string::npos);
  CHECK(problems("file: /etc/hostname, host: a").find("at a 'file' or at a server") !=
        std::string::npos);
  CHECK(problems("file: shop.pem").find("not an absolute path") != std::string::npos);
  CHECK(problems("file: /no/such.pem") == "warning: the file cannot be read now\n");
  CHECK(problems("address: a, key: /etc/hostname").find("it belongs to a 'file'") !=
        std::string::npos);
  CHECK(problems("address: a, starttls: gopher").starts_with("error: "));
  CHECK(problems("address: a, days: 5, days_down: 6").find("down before it is degraded") !=
        std::string::npos);
  CHECK(problems("address: a, expect: {fingerprint: abc}").find("64 hexadecimal digits") !=
        std::string::npos);
  CHECK(problems("address: a, expect: {names: ['a b']}").find("not a host's name") !=
        std::string::npos);
  CHECK(problems("address: a, expect: {least_tls: '1.4'}").starts_with("error: "));
  CHECK(problems("file: /etc/hostname, expect: {staple: true}") == "error: a file has none\n");
  CHECK(problems("address: a, server_name: 'x y'").find("server_name") == std::string::npos);
}

TEST_CASE("certificate: the target is the address, with the protocol's usual port", "[probe]") {
  CHECK(make_check("certificate: shop.example")->target == "shop.example:443");
  CHECK(make_check("certificate: {address: mail.example, starttls: imap}")->target ==
        "mail.example:143");
  CHECK(make_check("certificate: {host: \"::1\", port: 25, starttls: smtp}")->target == "[::1]:25");
  CHECK(make_check("certificate: {file: /etc/hostname}")->target == "/etc/hostname");
}

}  // namespace tocsin
