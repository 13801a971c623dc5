// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

// An nginx with such a certificate, asked by the name web-01.example.
struct TlsServer {
  explicit TlsServer(const Certificates::Spec& spec) : certificates(dir.path()) {
    const Certificates::Files files = certificates.make(spec);
    server.emplace(Nginx::Options{
        .server = "ssl_certificate " + files.certificate.string() + "; ssl_certificate_key " +
                  files.key.string() + "; location / { return 200 $ssl_session_reused; }",
        .tls = true,
        .http = "ssl_session_cache shared:test:1m; ssl_protocols TLSv1.2 TLSv1.3;"});
    f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
    request.url = "https://web-01.example:" + std::to_string(server->port()) + "/";
    request.ca_file = certificates.authority().string();
    request.want_certificate = true;
  }
  std::string with_address(const std::string& text) const {
    return text + " (" + server->address() + ")";
  }

  TempDir dir;
  Certificates certificates;
  std::optional<Nginx> server;
  HttpFixture f;
  HttpRequest request;
};

}  // namespace

TEST_CASE("http client: TLS with a good certificate works and tells its days", "[net]") {
  TlsServer t({"good", {"web-01.example", "127.0.0.1"}});
  const HttpResponse response = t.f.perform(t.request);
  CHECK(response.error_text.empty());
  CHECK(response.status == 200);
  CHECK(response.certificate_days == 89);
  CHECK(response.phases.get(Phase::tls));
  CHECK(response.phases.get(Phase::name));
  SECTION("by literal address too") {
    t.request.url = t.server->url("/");
    CHECK(t.f.perform(t.request).error_text.empty());
  }
  SECTION("no session is resumed: each look sees what is served now") {
    for (int i = 0; i < 3; ++i) CHECK(t.f.perform(t.request).body == ".");
  }
  SECTION("the days are not looked at where nobody wants them") {
    t.request.want_certificate = false;
    CHECK_FALSE(t.f.perform(t.request).certificate_days);
  }
}

TEST_CASE("http client: a bad certificate is told in words", "[net]") {
  SECTION("expired") {
    TlsServer t({"old", {"web-01.example"}, -30, -3});
    const HttpResponse response = t.f.perform(t.request);
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text == t.with_address("certificate expired 3 days ago"));
    CHECK(response.certificate_days == -4);
    CHECK_FALSE(response.sent);
  }
  SECTION("for another name") {
    TlsServer t({"other", {"other.example"}});
    CHECK(t.f.perform(t.request).error_text ==
          t.with_address("certificate is for other.example, not web-01.example"));
  }
  SECTION("for another address") {
    TlsServer t({"other", {"web-01.example"}});
    t.request.url = t.server->url("/");
    CHECK(t.f.perform(t.request).error_text ==
          t.with_address("certificate is for web-01.example, not 127.0.0.1"));
  }
  SECTION("self-signed") {
    TlsServer t({"own", {"web-01.example"}, -30, 90, true});
    CHECK(t.f.perform(t.request).error_text == t.with_address("certificate is self-signed"));
  }
  SECTION("of an issuer nobody here knows") {
    TlsServer t({"strange", {"web-01.example"}});
    t.request.ca_file.clear();
    CHECK(t.f.perform(t.request).error_text.find("\"Tocsin Test Authority\", which is not known") !=
          std::string::npos);
  }
  SECTION("which is all the same without verification; its days are known") {
    TlsServer t({"old", {"other.example"}, -30, -3});
    t.request.verify = false;
    const HttpResponse response = t.f.perform(t.request);
    CHECK(response.error_text.empty());
    CHECK(response.status == 200);
    CHECK(response.certificate_days == -4);
    t.request.verify = true;
    CHECK(t.f.perform(t.request).error == NetError::tls);
  }
}

TEST_CASE("http client: a handshake that fails is told in words", "[net]") {
  HttpFixture f;
  const auto get = [&f](const RawServer& server, Millis within) {
    return f.get("https://" + server.address() + "/", within);
  };
  SECTION("plain HTTP behind the port") {
    const Nginx nginx({.server = ""});
    const HttpResponse response = f.get("https://" + nginx.address() + "/");
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text == "the other side does not speak TLS (" + nginx.address() + ")");
  }
  SECTION("closed in the midst") {
    const RawServer server([](RawConnection&) {});
    const HttpResponse response = get(server, std::chrono::seconds{10});
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text.find("TLS handshake (" + server.address() + ")") !=
          std::string::npos);
  }
  SECTION("never answered") {
    const RawServer server([](RawConnection& connection) { connection.hold(); });
    const HttpResponse response = get(server, Millis{300});
    CHECK(response.error == NetError::timeout);
    CHECK(response.error_text.starts_with("no TLS handshake within 300 ms ("));
  }
}

TEST_CASE("http client: trusted issuers that cannot be read are our own fault", "[net]") {
  TlsServer t({"good", {"web-01.example"}});
  SECTION("not there") {
    t.request.ca_file = "/nonexistent/authority.pem";
  }
  SECTION("not PEM") {
    t.request.ca_file = t.dir.write("not.pem", "hello\n").string();
  }
  const HttpResponse response = t.f.perform(t.request);
  CHECK(response.error == NetError::out_of_resources);
  CHECK(response.error_text.find(t.request.ca_file) != std::string::npos);
}

TEST_CASE("http client: deliveries keep TLS connections", "[net]") {
  TlsServer t({"good", {"web-01.example"}});
  t.request.fresh_connection = false;
  CHECK(t.f.perform(t.request).phases.get(Phase::tls));
  const HttpResponse second = t.f.perform(t.request);
  CHECK(second.status == 200);
  CHECK_FALSE(second.phases.get(Phase::tls));

  SECTION("but not for those who trust other issuers") {
    const auto other = t.dir.path() / "other";
    std::filesystem::create_directory(other);
    t.request.ca_file = Certificates(other).authority().string();
    CHECK(t.f.perform(t.request).error == NetError::tls);
    t.request.ca_file = t.dir.write("none.pem", "").string();
    CHECK(t.f.perform(t.request).error == NetError::out_of_resources);
  }
  SECTION("nor for those who look at what is served now") {
    t.request.fresh_connection = true;
    CHECK(t.f.perform(t.request).phases.get(Phase::tls));
  }
}

}  // namespace tocsin
