// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Where an HTTP request's connection goes: through real proxies, to another address, to a socket
// file, to one family of addresses.
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "net/http_target.h"
#include "net/stream_fixture.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/proxies.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

constexpr const char* kEcho = "location / { return 200 \"$host $server_port $http_via\"; }";

struct Route : HttpFixture {
  Route() {
    request.url = nginx.url("/");
    dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  }
  HttpResponse go() { return perform(request); }
  std::string named(const std::string& name, std::uint16_t port) const {
    return "http://" + name + ":" + std::to_string(port) + "/";
  }

  Nginx nginx{{.server = kEcho}};
  HttpRequest request;
};

}  // namespace

TEST_CASE("http client: an HTTP proxy passes requests on", "[net]") {
  Route r;
  const Tinyproxy proxy("ViaProxyName \"tiny\"");
  r.request.proxy = "http://" + proxy.address();
  const HttpResponse response = r.go();
  CHECK(response.error_text.empty());
  CHECK(response.body.find("tiny") != std::string::npos);
  CHECK(response.address == proxy.address());

  SECTION("what it answers for a target that refuses is its status") {
    r.request.url = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
    CHECK(r.go().status == 500);
  }
  SECTION("the same handle goes directly afterwards") {
    r.request.proxy.clear();
    const HttpResponse direct = r.go();
    CHECK(direct.address == r.nginx.address());
    CHECK(direct.body.find("tiny") == std::string::npos);
  }
}

TEST_CASE("http client: a proxy that wants to know who asks is told", "[net]") {
  Route r;
  const Tinyproxy proxy("BasicAuth me hunter22");
  r.request.proxy = "http://me:hunter22@" + proxy.address();
  CHECK(r.go().status == 200);
  r.request.proxy = "http://" + proxy.address();
  CHECK(r.go().status == 407);
  SECTION("for a tunnel too") {
    r.request.url = "https://" + r.nginx.address() + "/";
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::proxy);
    CHECK(response.error_text ==
          "proxy: it wants a user and a password, or refused them (407) (" + proxy.address() + ")");
    CHECK_FALSE(response.sent);
  }
}

TEST_CASE("http client: an HTTP proxy makes a tunnel for https", "[net]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"web-01.example", {"web-01.example"}});
  const Nginx tls({.server = "ssl_certificate " + files.certificate.string() +
                             "; ssl_certificate_key " + files.key.string() + "; " + kEcho,
                   .tls = true});
  Route r;
  r.request.ca_file = certificates.authority().string();
  r.request.want_certificate = true;
  r.request.want_headers = true;
  SECTION("and the target's certificate is looked at") {
    const Tinyproxy proxy;
    r.request.proxy = "http://" + proxy.address();
    r.request.url = "https://localhost:" + std::to_string(tls.port()) + "/";
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::tls);
    CHECK(response.error_text ==
          "certificate is for web-01.example, not localhost (" + proxy.address() + ")");
    r.request.server_name = "web-01.example";
    const HttpResponse good = r.go();
    CHECK(good.error_text.empty());
    CHECK(good.status_line == "HTTP/1.1 200 OK");
    CHECK(good.certificate_days == 89);
    for (const auto& [name, value] : good.headers) CHECK(name != "Proxy-agent");
  }
  SECTION("which may fail: what it says of the target is the target's") {
    const RawServer proxy(answer_with("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    r.request.proxy = "http://" + proxy.address();
    r.request.url = "https://web-01.example/";
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::unreachable);
    CHECK(response.error_text ==
          "proxy could not connect: it answered 502 (" + proxy.address() + ")");
  }
  SECTION("or be refused: that is the proxy's") {
    const Tinyproxy proxy("ConnectPort 1");
    r.request.proxy = "http://" + proxy.address();
    r.request.url = "https://" + tls.address() + "/";
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::proxy);
    CHECK(response.error_text ==
          "proxy: it refuses to connect: it answered 403 (" + proxy.address() + ")");
  }
}

TEST_CASE("http client: a proxy may be spoken to by TLS, under its own name", "[net]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"proxy.example", {"proxy.example"}});
  Route r;
  // Not a proxy by trade, but it passes on what it is asked by a whole URL.
  const Nginx proxy({.server = "ssl_certificate " + files.certificate.string() +
                               "; ssl_certificate_key " + files.key.string() +
                               "; location / { proxy_set_header Via $ssl_server_name;"
                               " proxy_pass " +
                               r.nginx.url("/") + "; }",
                     .tls = true});
  r.dns.set("proxy.example", {.v4 = {"127.0.0.1"}});
  r.dns.set("other.example", {.v4 = {"127.0.0.1"}});
  r.request.ca_file = certificates.authority().string();
  r.request.want_certificate = true;
  const std::string port = std::to_string(proxy.port());
  r.request.proxy = "https://proxy.example:" + port;
  const HttpResponse response = r.go();
  CHECK(response.error_text.empty());
  CHECK(response.body.find("proxy.example") != std::string::npos);
  CHECK_FALSE(response.certificate_days);  // the proxy's is not the target's
  r.request.proxy = "https://other.example:" + port;
  const HttpResponse wrong = r.go();
  CHECK(wrong.error == NetError::proxy);
  CHECK(wrong.error_text ==
        "proxy: certificate is for proxy.example, not other.example (" + proxy.address() + ")");
  r.request.verify = false;
  CHECK(r.go().status == 200);
}

TEST_CASE("http client: a SOCKS proxy is given the name, or the address we found", "[net]") {
  Route r;
  const Microsocks proxy;
  SECTION("socks5h: the proxy resolves") {
    r.request.proxy = "socks5h://" + proxy.address();
    r.request.url = r.named("localhost", r.nginx.port());
    const HttpResponse response = r.go();
    CHECK(response.error_text.empty());
    CHECK(response.body.starts_with("localhost "));
    CHECK(response.address == proxy.address());
    CHECK(r.dns.questions() == 0);
  }
  SECTION("socks5: we do, and each address is tried") {
    r.request.proxy = "socks5://" + proxy.address();
    r.dns.set("two.example", {.v4 = {"127.0.0.2", "127.0.0.1"}});
    r.request.url = r.named("two.example", r.nginx.port());
    const HttpResponse response = r.go();
    CHECK(response.error_text.empty());
    CHECK(response.body.starts_with("two.example "));
    CHECK(r.dns.questions() > 0);
    r.request.url = r.named("nowhere.example", r.nginx.port());
    CHECK(r.go().error_text == "no such host: nowhere.example");
    CHECK(r.go().error == NetError::no_such_host);
  }
  SECTION("a target that refuses is told as that") {
    r.request.proxy = "socks5://" + proxy.address();
    r.request.url = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::refused);
    CHECK(response.error_text == "proxy says: connection refused (" + proxy.address() + ")");
    CHECK_FALSE(response.sent);
  }
  SECTION("the same handle goes directly afterwards") {
    r.request.proxy = "socks5://" + proxy.address();
    CHECK(r.go().address == proxy.address());
    r.request.proxy.clear();
    CHECK(r.go().address == r.nginx.address());
  }
}

TEST_CASE("http client: a SOCKS proxy that wants to know who asks is told", "[net]") {
  Route r;
  const Microsocks proxy("me", "hunter 22");
  r.request.proxy = "socks5://me:hunter%2022@" + proxy.address();
  CHECK(r.go().status == 200);
  r.request.proxy = "socks5://me:wrong@" + proxy.address();
  const HttpResponse refused = r.go();
  CHECK(refused.error == NetError::proxy);
  CHECK(refused.error_text ==
        "proxy: it refused the user or the password (" + proxy.address() + ")");
  r.request.proxy = "socks5://" + proxy.address();
  CHECK(r.go().error_text == "proxy: it wants a user and a password, or another way to log in (" +
                                 proxy.address() + ")");
}

TEST_CASE("http client: a proxy that cannot be reached is told as the proxy's", "[net]") {
  Route r;
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  for (const std::string scheme : {"http://", "socks5://", "socks5h://", "https://"}) {
    CAPTURE(scheme);
    r.request.proxy = scheme + nobody;
    const HttpResponse response = r.go();
    CHECK(response.error == NetError::proxy);
    CHECK(response.error_text == "proxy: connection refused (" + nobody + ")");
    r.request.proxy = scheme + "nowhere.example:1";
    CHECK(r.go().error == NetError::proxy);
    CHECK(r.go().error_text == "proxy: no such host: nowhere.example");
  }
  const RawServer mute([](RawConnection& connection) { connection.hold(); });
  r.request.proxy = "socks5://" + mute.address();
  const HttpResponse response = r.perform(r.request, Millis{2000});
  CHECK(response.error == NetError::timeout);
  CHECK(response.error_text.starts_with("no connection through the proxy within 2 s ("));
  const BlackHole hole;
  r.request.proxy = "socks5://127.0.0.1:" + std::to_string(hole.port());
  CHECK(r.perform(r.request, Millis{300}).error == NetError::proxy);
  const RawServer other([](RawConnection& connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.hold();
  });
  r.request.proxy = "socks5://" + other.address();
  CHECK(r.go().error_text == "proxy: it does not speak SOCKS 5 (" + other.address() + ")");
  const RawServer gone([](RawConnection&) {});
  r.request.proxy = "socks5://" + gone.address();
  CHECK(r.go().error == NetError::proxy);
}

TEST_CASE("http client: a proxy's port is its scheme's own unless it is given", "[net]") {
  CHECK(proxy_target("http://proxy.example")->port == 80);
  CHECK(proxy_target("https://proxy.example")->port == 443);
  CHECK(proxy_target("socks5://proxy.example")->port == 1080);
  CHECK(proxy_target("socks5h://[::1]:81")->literal);
  CHECK_FALSE(proxy_target("ftp://proxy.example"));
  CHECK_FALSE(proxy_target("proxy.example"));
  CHECK(with_host("http://u:p@proxy.example", asio::ip::make_address("::1"))
            .starts_with("http://u:p@[::1]:80"));
}

TEST_CASE("http client: another address than the URL's is connected to", "[net]") {
  Route r;
  r.dns.set("next.example", {.v4 = {"127.0.0.1"}});
  r.request.url = "http://never-resolved.example/";
  const std::string port = std::to_string(r.nginx.port());
  for (const std::string host : {"127.0.0.1", "next.example"}) {
    CAPTURE(host);
    r.request.connect_to = host + ":" + port;
    const HttpResponse response = r.go();
    CHECK(response.error_text.empty());
    CHECK(response.body.starts_with("never-resolved.example "));
    CHECK(response.address == r.nginx.address());
  }
  r.request.connect_to = "127.0.0.1:" + std::to_string(free_port());
  CHECK(r.go().error_text == "connection refused (" + r.request.connect_to + ")");
  for (const std::string bad : {"nonsense:x", ":80", "a b:80"}) {
    r.request.connect_to = bad;
    CHECK(r.go().error == NetError::bad_url);
  }
  r.request.connect_to.clear();
  CHECK(r.go().error == NetError::no_such_host);
}

TEST_CASE("http client: a socket file is connected to, and told when it cannot be", "[net]") {
  const TempDir dir;
  const std::string path = (dir.path() / "web.sock").string();
  const Nginx nginx({.server = "listen unix:" + path + "; " + kEcho});
  Route r;
  r.request.url = "http://never-resolved.example/";
  r.request.unix_socket = path;
  const HttpResponse response = r.go();
  CHECK(response.error_text.empty());
  CHECK(response.body.starts_with("never-resolved.example "));
  CHECK(response.address == "unix:" + path);

  r.request.unix_socket = path + "2";
  CHECK(r.go().error == NetError::refused);
  CHECK(r.go().error_text == "there is no such socket (unix:" + path + "2)");
  r.request.unix_socket = dir.write("file", "").string();
  CHECK(r.go().error_text == "connection refused (unix:" + r.request.unix_socket + ")");
  r.request.unix_socket.clear();
  r.request.url = r.nginx.url("/");
  CHECK(r.go().address == r.nginx.address());
}

TEST_CASE("http client: one family of addresses is used where it is asked for", "[net]") {
  Route r;
  const std::uint16_t port = free_port();
  const Nginx six({.server = "listen [::1]:" + std::to_string(port) + "; " + kEcho});
  r.dns.set("both.example", {.v4 = {"127.0.0.1"}, .v6 = {"::1"}});
  r.dns.set("four.example", {.v4 = {"127.0.0.1"}});
  r.request.url = r.named("both.example", port);
  r.request.family = IpFamily::v4;
  CHECK(r.go().error_text == "connection refused (127.0.0.1:" + std::to_string(port) + ")");
  r.request.family = IpFamily::v6;
  CHECK(r.go().status == 200);
  CHECK(r.go().address == "[::1]:" + std::to_string(port));
  r.request.url = r.named("four.example", r.nginx.port());
  CHECK(r.go().error == NetError::no_such_host);
  CHECK(r.go().error_text == "no IPv6 address: four.example");
  r.request.url = r.nginx.url("/");
  CHECK(r.go().error_text == "no IPv6 address: 127.0.0.1");
  r.request.family = IpFamily::any;
  CHECK(r.go().status == 200);
}

}  // namespace tocsin
