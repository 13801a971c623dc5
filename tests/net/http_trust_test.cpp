// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Who an HTTP request shows itself as, whom it believes, and by which versions it speaks.
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/raw_server.h"
#include "support/tls_chain.h"

namespace tocsin {
namespace {

std::string tls_of(const std::string& certificate, const std::string& key) {
  return "ssl_certificate " + certificate + "; ssl_certificate_key " + key + "; ";
}

// An nginx that says which name it was asked for, which protocol and which client it sees.
struct Trust : HttpFixture {
  explicit Trust(const std::string& more = "", const std::string& http = "")
      : certificates(dir.path()),
        files(certificates.make({"web-01.example", {"web-01.example"}})),
        nginx({.server = tls_of(files.certificate.string(), files.key.string()) + more +
                         "location / { return 200 '$ssl_server_name|$server_protocol|"
                         "$ssl_client_s_dn|$host'; }",
               .tls = true,
               .http = http}) {
    dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
    dns.set("web-02.example", {.v4 = {"127.0.0.1"}});
    request.ca_file = certificates.authority().string();
    ask_for("web-01.example");
  }
  void ask_for(const std::string& host) {
    request.url = "https://" + host + ":" + std::to_string(nginx.port()) + "/";
  }
  HttpResponse go() { return perform(request); }
  std::string at() const { return " (" + nginx.address() + ")"; }

  TempDir dir;
  Certificates certificates;
  Certificates::Files files;
  Nginx nginx;
  HttpRequest request;
};

// The same with a chain of three certificates.
struct Chain : HttpFixture {
  Chain() {
    dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
    request.url = "https://web-01.example:" + std::to_string(nginx.port()) + "/";
    request.ca_file = chain.root();
  }
  HttpResponse go(const std::string& lists) {
    request.crl_file = lists;
    return perform(request);
  }
  std::string at() const { return " (" + nginx.address() + ")"; }

  TlsChain chain{"web-01.example"};
  Nginx nginx{{.server = tls_of(chain.chain(), chain.key()) + "location / { return 200 ok; }",
               .tls = true}};
  HttpRequest request;
};

}  // namespace

TEST_CASE("http client: another server name is asked for and verified", "[net]") {
  Trust t;
  t.ask_for("web-02.example");
  CHECK(t.go().error_text == "certificate is for web-01.example, not web-02.example" + t.at());
  t.request.server_name = "web-01.example";
  const HttpResponse response = t.go();
  CHECK(response.error_text.empty());
  CHECK(response.body == "web-01.example|HTTP/1.1||web-02.example");
  SECTION("by literal address too") {
    t.request.url = t.nginx.url("/");
    CHECK(t.go().body == "web-01.example|HTTP/1.1||127.0.0.1");
  }
  SECTION("and a wrong one is told") {
    t.request.server_name = "web-03.example";
    CHECK(t.go().error_text == "certificate is for web-01.example, not web-03.example" + t.at());
    t.request.server_name = "10.0.0.7";
    CHECK(t.go().error_text == "certificate is for web-01.example, not 10.0.0.7" + t.at());
    t.request.verify = false;
    CHECK(t.go().body.starts_with("|"));  // an address is never asked for
  }
  SECTION("on a connection that nobody else is given") {
    t.request.fresh_connection = false;
    CHECK(t.go().status == 200);
    t.request.server_name.clear();
    CHECK(t.go().error == NetError::tls);
  }
  SECTION("and the same handle asks for the URL's own afterwards") {
    t.request.server_name.clear();
    t.ask_for("web-01.example");
    CHECK(t.go().body == "web-01.example|HTTP/1.1||web-01.example");
  }
}

TEST_CASE("http client: whom one request trusts, another one need not", "[net]") {
  Trust t;
  const TempDir dir;
  const Certificates strangers(dir.path());
  CHECK(t.go().status == 200);
  t.request.ca_file = strangers.authority().string();
  CHECK(t.go().error == NetError::tls);
  t.request.ca_file.clear();
  CHECK(t.go().error == NetError::tls);
  t.request.ca_file = t.certificates.authority().string();
  CHECK(t.go().status == 200);
  SECTION("an issuer that is trusted need not be a root") {
    Chain c;
    c.request.ca_file = c.chain.issuer();
    CHECK(c.go("").status == 200);
    c.request.ca_file = t.request.ca_file;
    CHECK(c.go("").error == NetError::tls);
  }
}

TEST_CASE("http client: a client certificate is shown where it is wanted", "[net]") {
  const TempDir dir;
  Certificates mine(dir.path());
  const auto me = mine.make({"monitor", {}});
  const auto other = mine.make({"other", {}});
  Trust t("ssl_verify_client on; ssl_client_certificate " + mine.authority().string() + ";");
  t.request.client_certificate = me.certificate.string();
  t.request.client_key = me.key.string();
  const HttpResponse response = t.go();
  CHECK(response.error_text.empty());
  CHECK(response.body == "web-01.example|HTTP/1.1|CN=monitor|web-01.example");
  const auto fails = [&t](const std::string& text) {
    const HttpResponse failed = t.go();
    CHECK(failed.error == NetError::out_of_resources);
    CHECK(failed.error_text == text);
  };
  SECTION("the key may be in the certificate's file") {
    t.request.client_certificate =
        dir.write("both", read_file(me.certificate) + read_file(me.key)).string();
    t.request.client_key.clear();
    CHECK(t.go().status == 200);
  }
  SECTION("and not to the next one on the same handle") {
    t.request.client_certificate.clear();
    t.request.client_key.clear();
    CHECK(t.go().status == 400);
  }
  SECTION("files that are of no use are our own fault") {
    t.request.client_key = other.key.string();
    fails("cannot use the client key " + t.request.client_key +
          ": it is not there, not PEM, encrypted, or of another certificate");
    t.request.client_key = (dir.path() / "none").string();
    fails("cannot use the client key " + t.request.client_key +
          ": it is not there, not PEM, encrypted, or of another certificate");
    t.request.client_certificate = (dir.path() / "nothing").string();
    fails("cannot use the client certificate " + t.request.client_certificate +
          ": it is not there or not PEM");
  }
  SECTION("an encrypted key is refused, and nobody is asked for its password") {
    const std::string locked = (dir.path() / "locked.key").string();
    REQUIRE(run_program({"/usr/bin/openssl", "pkey", "-in", me.key.string(), "-aes256", "-passout",
                         "pass:hunter22", "-out", locked})
                .status == 0);
    t.request.client_key = locked;
    fails("cannot use the client key " + locked +
          ": it is not there, not PEM, encrypted, or of another certificate");
  }
}

TEST_CASE("http client: revoked certificates are refused, by lists that are good", "[net]") {
  Chain c;
  CHECK(c.go("").status == 200);
  CHECK(c.go(c.chain.lists(TlsChain::Revoked::nothing)).status == 200);
  SECTION("the server's own") {
    const HttpResponse response = c.go(c.chain.lists(TlsChain::Revoked::server));
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text == "certificate was revoked" + c.at());
    CHECK(c.go("").status == 200);
  }
  SECTION("its issuer's") {
    const HttpResponse response = c.go(c.chain.lists(TlsChain::Revoked::issuer));
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text == "certificate of the issuer \"Chain Issuer\" was revoked" + c.at());
  }
  SECTION("a list that is missing is our own fault") {
    const HttpResponse response = c.go(c.chain.list_of_issuer());
    CHECK(response.error == NetError::out_of_resources);
    CHECK(response.error_text ==
          "the revocation list of the issuer \"Chain Root\" is missing here" + c.at());
  }
  SECTION("so is one that has expired") {
    const std::string lists = c.chain.lists(TlsChain::Revoked::nothing, 1);
    HttpResponse response;
    REQUIRE(eventually([&] {
      response = c.go(lists);
      return response.error != NetError::none;
    }));
    CHECK(response.error == NetError::out_of_resources);
    CHECK(response.error_text.starts_with("the revocation list of the issuer \"Chain "));
    CHECK(response.error_text.ends_with("\" has expired here" + c.at()));
  }
  SECTION("and a file that holds none") {
    const TempDir dir;
    CHECK(c.go(dir.write("none.pem", "hello\n").string())
              .error_text.ends_with("none.pem: it holds no revocation list in PEM"));
    CHECK(c.go("/nonexistent.pem").error_text ==
          "cannot use the CRL file /nonexistent.pem: No such file or directory");
    CHECK(c.go("/nonexistent.pem").error == NetError::out_of_resources);
  }
  SECTION("new lists in the file's place are read") {
    const TempDir dir;
    const std::string file =
        dir.write("lists.pem", read_file(c.chain.lists(TlsChain::Revoked::nothing))).string();
    CHECK(c.go(file).status == 200);
    dir.write("lists.pem", read_file(c.chain.lists(TlsChain::Revoked::server)));
    CHECK(c.go(file).error == NetError::tls);
  }
}

TEST_CASE("http client: the TLS version is told, and an older one refused", "[net]") {
  Trust t("ssl_protocols TLSv1.2;");
  CHECK(t.go().tls_version == "TLSv1.2");
  t.request.least_tls = 12;
  CHECK(t.go().status == 200);
  t.request.least_tls = 13;
  const HttpResponse response = t.go();
  CHECK(response.error == NetError::tls);
  CHECK(response.error_text == "no TLS version in common" + t.at());
  t.request.least_tls = 0;
  CHECK(t.go().status == 200);
}

TEST_CASE("http client: HTTP/2 is spoken where it is wanted", "[net]") {
  SECTION("over TLS") {
    const std::uint16_t port = free_port();
    Trust t("listen 127.0.0.1:" + std::to_string(port) +
            " ssl http2; ssl_protocols TLSv1.2 TLSv1.3;");
    t.request.url = "https://web-01.example:" + std::to_string(port) + "/";
    CHECK(t.go().version == "1.1");
    t.request.version = HttpVersion::any;
    const HttpResponse response = t.go();
    CHECK(response.version == "2");
    CHECK(response.body == "web-01.example|HTTP/2.0||web-01.example");
    CHECK(response.tls_version == "TLSv1.3");
    t.request.version = HttpVersion::http2;
    CHECK(t.go().version == "2");
    t.request.version = HttpVersion::http1;
    CHECK(t.go().body == "web-01.example|HTTP/1.1||web-01.example");
  }
  SECTION("over TLS to one that does not") {
    Trust t;
    t.request.version = HttpVersion::any;
    CHECK(t.go().version == "1.1");
    t.request.version = HttpVersion::http2;
    const HttpResponse response = t.go();
    CHECK(response.error == NetError::protocol);
    CHECK(response.error_text == "HTTP/1.1, HTTP/2 wanted" + t.at());
  }
  SECTION("in the clear, which has to be known before") {
    const std::uint16_t port = free_port();
    const std::string address = "127.0.0.1:" + std::to_string(port);
    const Nginx nginx({.server = "listen " + address +
                                 " http2; location / { return 200 "
                                 "$server_protocol; }"});
    HttpFixture f;
    HttpRequest request;
    request.url = "http://" + address + "/";
    request.version = HttpVersion::http2;
    request.want_headers = true;
    const HttpResponse response = f.perform(request);
    CHECK(response.error_text.empty());
    CHECK(response.body == "HTTP/2.0");
    CHECK(response.version == "2");
    CHECK(header(response, "content-type") == "text/plain");
    SECTION("and one that does not speak it is told as that") {
      request.url = nginx.url("/");
      const HttpResponse wrong = f.perform(request);
      CHECK(wrong.error == NetError::protocol);
      CHECK(wrong.error_text ==
            "the other side closed at HTTP/2's greeting (" + nginx.address() + ")");
    }
  }
}

TEST_CASE("http client: a handshake that fails has its own time", "[net]") {
  Trust t;
  t.request.ca_file.clear();
  const HttpResponse response = t.go();
  CHECK(response.error == NetError::tls);
  REQUIRE(response.phases.get(Phase::connect));
  REQUIRE(response.phases.get(Phase::tls));
  CHECK(*response.phases.get(Phase::connect) < std::chrono::seconds{30});
}

}  // namespace tocsin
