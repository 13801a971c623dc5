// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "net/x509.h"
#include "probe/certificate_fixture.h"

namespace tocsin {

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

  // It need not be a server's.
  check_reason(look(pki.bundle({"Issuer", "Root"})), Verdict::up, "");

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
