// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "net/x509.h"
#include "probe/certificate_fixture.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {

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

}  // namespace tocsin
