// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Certificates that an http check must tell apart, TLS and HTTP versions, client certificates:
// against nginx. What the HTTP client does with each is in tests/net/http_trust_test.cpp.
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/tls_chain.h"

namespace tocsin {
namespace {

struct Tls {
  explicit Tls(const Certificates::Spec& spec, const std::string& more = "")
      : certificates(dir.path()), files(certificates.make(spec)) {
    nginx.emplace(Nginx::Options{.server = "ssl_certificate " + files.certificate.string() +
                                           "; ssl_certificate_key " + files.key.string() +
                                           "; location / { return 200 $server_protocol; } " + more,
                                 .tls = true});
  }
  std::string look_for(const std::string& more) const {
    const Result result =
        look(nginx->url("/"), "ca_file: '" + certificates.authority().string() + "', " + more);
    return std::string(to_string(result.verdict)) + ": " + result.reason;
  }
  std::string at() const { return " (" + nginx->address() + ")"; }

  TempDir dir;
  Certificates certificates;
  Certificates::Files files;
  std::optional<Nginx> nginx;
};

const Certificates::Spec kGood{"good", {"127.0.0.1"}};

}  // namespace

TEST_CASE("http: a bad certificate is down, and says what is bad", "[probe]") {
  CHECK(Tls(kGood).look_for("") == "up: ");
  const Tls expired({"old", {"127.0.0.1"}, -30, -3});
  CHECK(expired.look_for("") == "down: certificate expired 3 days ago" + expired.at());
  const Tls own({"own", {"127.0.0.1"}, -30, 90, true});
  CHECK(own.look_for("") == "down: certificate is self-signed" + own.at());
  const Tls other({"other", {"other.example"}});
  CHECK(other.look_for("") == "down: certificate is for other.example, not 127.0.0.1" + other.at());
  CHECK(other.look_for("server_name: other.example") == "up: ");
  CHECK(other.look_for("server_name: third.example") ==
        "down: certificate is for other.example, not third.example" + other.at());
}

TEST_CASE("http: a revoked certificate is down; lists of no use are unknown", "[probe]") {
  TlsChain chain("web-01.example");
  const Nginx nginx({.server = "ssl_certificate " + chain.chain() + "; ssl_certificate_key " +
                               chain.key() + "; location / { return 200 ok; }",
                     .tls = true});
  const auto look_by = [&](const std::string& lists) {
    const Result result =
        look(nginx.url("/"), "ca_file: '" + chain.root() + "', crl_file: '" + lists + "'");
    return std::string(to_string(result.verdict)) + ": " + result.reason;
  };
  const std::string at = " (" + nginx.address() + ")";
  CHECK(look_by(chain.lists(TlsChain::Revoked::nothing)) == "up: ");
  CHECK(look_by(chain.lists(TlsChain::Revoked::server)) == "down: certificate was revoked" + at);
  CHECK(look_by(chain.lists(TlsChain::Revoked::issuer)) ==
        "down: certificate of the issuer \"Chain Issuer\" was revoked" + at);
  CHECK(look_by(chain.list_of_issuer()) ==
        "unknown: the revocation list of the issuer \"Chain Root\" is missing here" + at);
}

TEST_CASE("http: the TLS version is held against the least one", "[probe]") {
  const Tls old(kGood, "ssl_protocols TLSv1.2;");
  CHECK(old.look_for("expect: {tls_version: 1.2}") == "up: ");
  CHECK(old.look_for("expect: {tls_version: '1.3'}") ==
        "down: TLSv1.2, at least TLSv1.3 expected" + old.at());
  const Tls both(kGood, "ssl_protocols TLSv1.2 TLSv1.3;");
  CHECK(both.look_for("expect: {tls_version: 1.3}") == "up: ");
  Site plain({{"/", http_answer("200 OK", "", "")}});
  CHECK(look(plain.url("/"), "expect: {tls_version: 1.2}").reason ==
        "no TLS, at least TLSv1.2 expected (" + plain.address() + ")");
}

TEST_CASE("http: a client certificate is shown where it is wanted", "[probe]") {
  const TempDir dir;
  Certificates mine(dir.path());
  const auto me = mine.make({"monitor", {}});
  const Tls tls(kGood,
                "ssl_verify_client on; ssl_client_certificate " + mine.authority().string() + ";");
  const std::string key = ", client_key: '" + me.key.string() + "'";
  CHECK(tls.look_for("client_certificate: '" + me.certificate.string() + "'" + key) == "up: ");
  CHECK(tls.look_for("") == "down: status 400, 2xx expected" + tls.at());
  CHECK(tls.look_for("client_certificate: '" + me.key.string() + "'" + key)
            .starts_with("unknown: cannot use the client certificate " + me.key.string()));
}

TEST_CASE("http: HTTP/2 is asked for, or demanded", "[probe]") {
  const std::uint16_t port = free_port();
  const Tls tls(kGood, "listen 127.0.0.1:" + std::to_string(port) + " ssl http2;");
  const std::string ca = "ca_file: '" + tls.certificates.authority().string() + "', ";
  const std::string url = "https://127.0.0.1:" + std::to_string(port) + "/";
  const auto body = [](const std::string& text) { return "expect: {body_contains: " + text + "}"; };
  CHECK(look(url, ca + body("HTTP/1.1")).reason.empty());
  CHECK(look(url, ca + "http_version: any, " + body("HTTP/2.0")).reason.empty());
  const Result two = look(url, ca + "http_version: 2, " + body("HTTP/2.0"));
  CHECK(two.reason.empty());
  CHECK(contains(joined(two.notes),
                 "answer: HTTP/2 200 from 127.0.0.1:" + std::to_string(port) + "\nTLS: TLSv1.2\n"));
  CHECK(tls.look_for("http_version: any") == "up: ");
  CHECK(tls.look_for("http_version: 2") == "down: HTTP/1.1, HTTP/2 wanted" + tls.at());
}

}  // namespace tocsin
