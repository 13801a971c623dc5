// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Against a real gRPC server, gRPC's C core behind Debian's python3-grpcio (grpc_server.py), and
// against what stands in a gRPC server's place by accident.
#include <algorithm>
#include <catch2/catch.hpp>

#include "net/stream_fixture.h"
#include "probe/probe_fixture.h"
#include "probe/python_server.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

constexpr const char* kSecret = "hunter22-and-more";

const PythonServer& server() {
  static const PythonServer kServer("grpc_server.py");
  return kServer;
}

Result look(const std::string& address, const std::string& more = "",
            const std::string& timeout = "20s") {
  return probe("timeout: " + timeout + ", grpc: {address: '" + address + "'" +
               (more.empty() ? "" : ", ") + more + "}");
}

Result ask(const std::string& more = "") {
  return look(server().address(), more);
}

bool has_note(const Result& result, const std::string& note) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& one) { return one.find(note) != std::string::npos; });
}

void check_up(const Result& result) {
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
}

void check_down(const Result& result, const std::string& reason) {
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == reason + " (" + server().address() + ")");
}

}  // namespace

TEST_CASE("grpc: a server that is serving is up", "[probe]") {
  const Result result = probe("timeout: 20s, grpc: \"" + server().address() + "\"");
  check_up(result);
  CHECK(result.address == server().address());
  CHECK(result.phases.get(Phase::connect));
  CHECK(result.phases.get(Phase::first_byte));
  CHECK(has_note(result, "request: POST /grpc.health.v1.Health/Check to " + server().address()));
  CHECK(has_note(result, "answer: HTTP/2 200 from " + server().address()));
  CHECK(has_note(result, "health: SERVING"));
  check_up(ask("service: shop.Orders"));
}

TEST_CASE("grpc: another status of a service is down", "[probe]") {
  check_down(ask("service: shop.Stock"), "the service shop.Stock is NOT_SERVING");
  check_down(ask("service: shop.Odd"), "the service shop.Odd is SERVICE_UNKNOWN");
  check_down(ask("service: shop.Fresh"), "the service shop.Fresh is UNKNOWN");
  check_down(ask("service: shop.Later"), "the service shop.Later is status 77");
  check_down(ask("service: shop.Nobody"),
             "the server does not know the service shop.Nobody (NOT_FOUND): unknown service");
}

TEST_CASE("grpc: a call that fails is down, with the server's words made fit", "[probe]") {
  check_down(ask("service: shop.Secret"),
             "the call failed: UNAUTHENTICATED: who are you? 50% grüße");
  check_down(ask("service: shop.Busy"), "the call failed: UNAVAILABLE");
  check_down(ask("service: shop.Broken, expect: {status: UNKNOWN}"),
             "the call failed: UNKNOWN: it threw, expected UNKNOWN");
}

TEST_CASE("grpc: a server without the health protocol is told as such", "[probe]") {
  const PythonServer bare("grpc_server.py", {"--no-health"});
  const Result result = look(bare.address());
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.find("the server does not speak the health protocol (UNIMPLEMENTED): ") == 0);
  CHECK(has_note(result, "grpc-status: UNIMPLEMENTED"));
}

TEST_CASE("grpc: what is expected may be another status, or a failure", "[probe]") {
  check_up(ask("service: shop.Stock, expect: {status: NOT_SERVING}"));
  check_up(ask("service: shop.Stock, expect: {status: [SERVING, NOT_SERVING]}"));
  check_up(ask("service: shop.Fresh, expect: {status: UNKNOWN}"));
  check_up(ask("service: shop.Secret, expect: {status: UNAUTHENTICATED}"));
  check_down(ask("expect: {status: [NOT_SERVING, UNKNOWN]}"),
             "the server is SERVING, expected NOT_SERVING or UNKNOWN");
}

TEST_CASE("grpc: metadata, authority and deadline arrive, secrets stay hidden", "[probe]") {
  const TempDir dir;
  const auto file = dir.write("token", kSecret);
  const std::string metadata = "metadata: {authorization: \"Bearer ${file:" + file.string() +
                               "}\", x-team: shop, trace-bin: AAEC}";
  const Result result = ask("authority: orders.example, service: shop.Orders, " + metadata);
  check_up(result);
  CHECK(has_note(result, "sent authorization: ***"));
  CHECK(has_note(result, "sent x-team: shop"));
  const std::string seen = server().output();
  CHECK(seen.find("('authorization', 'Bearer hunter22-and-more')") != std::string::npos);
  CHECK(seen.find("('trace-bin', b'\\x00\\x01\\x02')") != std::string::npos);
  CHECK(seen.find("('user-agent', 'tocsin/") != std::string::npos);
  // 20: the seconds left.
  CHECK(seen.find("asked 'shop.Orders' of orders.example 20 [") != std::string::npos);
  // A server that repeats a secret is not quoted.
  check_down(ask("service: shop.Closed"),
             "the call failed: PERMISSION_DENIED: not hunter22-and-more");
  const Result closed = ask("service: shop.Closed, " + metadata);
  check_down(closed, "the call failed: PERMISSION_DENIED");
  for (const std::string& note : closed.notes) CHECK(note.find("hunter") == std::string::npos);
}

TEST_CASE("grpc: slower than asked for is degraded", "[probe]") {
  const Result result = ask("service: shop.Slow, expect: {response_time: 20ms}");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.find("slow: ") == 0);
}

TEST_CASE("grpc: a unix socket does too", "[probe]") {
  const TempDir dir;
  const std::string path = (dir.path() / "grpc.sock").string();
  const PythonServer unix_server("grpc_server.py", {"--unix", path});
  const Result result = look("unix:" + path);
  check_up(result);
  CHECK(result.address.find(path) != std::string::npos);
}

TEST_CASE("grpc: TLS verifies the certificate and tells its days", "[probe]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"good", {"orders.example"}});
  const PythonServer tls("grpc_server.py",
                         {"--tls", files.certificate.string(), files.key.string()});
  const std::string ca = "ca_file: '" + certificates.authority().string() + "'";
  const std::string name = ", server_name: orders.example";
  const auto secure = [&](const std::string& more) {
    return look(tls.address(), "tls: true, " + more);
  };
  const Result good = secure(ca + name);
  check_up(good);
  CHECK(good.certificate_days == 89);
  CHECK(good.phases.get(Phase::tls));
  CHECK(has_note(good, "tls: TLSv1.3"));
  check_up(secure("verify: false"));
  const Result soon = secure(ca + name + ", expect: {certificate_days: 90}");
  CHECK(soon.verdict == Verdict::degraded);
  CHECK(soon.certificate_days == 89);
  const Result stranger = secure("server_name: orders.example");
  CHECK(stranger.verdict == Verdict::down);
  CHECK(stranger.reason.find("certificate") != std::string::npos);
  const Result other = secure(ca + ", server_name: other.example");
  CHECK(other.verdict == Verdict::down);
  CHECK(other.reason.find("other.example") != std::string::npos);
  // Each way of mixing TLS and none says something and is no success.
  CHECK(look(tls.address()).verdict == Verdict::down);
  CHECK(look(server().address(), "tls: true, verify: false").verdict == Verdict::down);
}

TEST_CASE("grpc: a client certificate opens a server that asks for one", "[probe]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"good", {"127.0.0.1"}});
  const auto own = certificates.make({"tocsin", {"tocsin.example"}});
  const std::string ca = certificates.authority().string();
  const PythonServer tls("grpc_server.py",
                         {"--tls", files.certificate.string(), files.key.string(), ca});
  const std::string base = "tls: true, ca_file: '" + ca + "'";
  check_up(look(tls.address(), base + ", client_certificate: '" + own.certificate.string() +
                                   "', client_key: '" + own.key.string() + "'"));
  CHECK(look(tls.address(), base).verdict == Verdict::down);
}

TEST_CASE("grpc: nobody there, or nobody who answers, is down", "[probe]") {
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  const Result refused = look(nobody);
  CHECK(refused.verdict == Verdict::down);
  CHECK(refused.reason == "connection refused (" + nobody + ")");
  const RawServer silent([](RawConnection& connection) { connection.hold(); });
  const Result late = look(silent.address(), "", "1s");
  CHECK(late.verdict == Verdict::down);
  CHECK(late.reason.find(silent.address()) != std::string::npos);
}

TEST_CASE("grpc: what speaks only HTTP/1 is told as such", "[probe]") {
  // Without TLS nobody asks which: the server takes our greeting for a broken request.
  const Nginx plain({});
  const Result result = look(plain.address());
  CHECK(result.verdict == Verdict::down);
  INFO(result.reason);
  CHECK(result.reason.ends_with("(" + plain.address() +
                                "): does it speak HTTP/2, which gRPC needs?"));

  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"good", {"127.0.0.1"}});
  const Nginx tls({.server = "ssl_certificate " + files.certificate.string() +
                             "; ssl_certificate_key " + files.key.string() + ";",
                   .tls = true});
  const Result secure = look(tls.address(), "tls: true, verify: false");
  CHECK(secure.verdict == Verdict::down);
  CHECK(secure.reason ==
        "the server answers in HTTP/1.1, gRPC needs HTTP/2 (" + tls.address() + ")");
}

TEST_CASE("grpc: a web server that speaks HTTP/2 is told by its answer", "[probe]") {
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  const Nginx nginx({.server = "listen " + address +
                               " http2; location / { default_type text/html; "
                               "return 502 '<html>bad gateway</html>'; }"});
  const Result result = look(address);
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "the server answered HTTP 502 with text/html, not gRPC (" + address + ")");
  CHECK(has_note(result, "body: \"<html>bad gateway</html>\""));
}

TEST_CASE("grpc: bad settings are told at their place", "[probe]") {
  const auto told = [](const std::string& settings) {
    return problems_of("timeout: 5s, grpc: {" + settings + "}");
  };
  const std::string at = "address: 'a.example:1'";
  CHECK(told("service: x") == "error: 'address' is missing\n");
  CHECK(told("address: nowhere") ==
        "error: not HOST:PORT, [IPv6]:PORT or unix:/PATH: \"nowhere\"\n");
  CHECK(told("address: 'unix:/run/x', family: ipv6") == "error: a socket file has no address\n");
  CHECK(told(at + ", server_name: x") == "error: it needs 'tls: true'\n");
  CHECK(told(at + ", tls: true, server_name: 'a b'") == "error: not a host's name or an address\n");
  CHECK(told(at + ", tls: true, client_key: /no/such") ==
        "error: it needs 'client_certificate'\nwarning: the file cannot be read now\n");
  CHECK(told(at + ", authority: 'a/b'") == "error: not HOST or HOST:PORT\n");
  CHECK(told(at + ", metadata: {'a b': x}") == "error: not a key of metadata: \"a b\"\n");
  CHECK(told(at + ", metadata: {X-Team: x}") ==
        "error: X-Team: keys of metadata are in lower case\n");
  CHECK(told(at + ", metadata: {grpc-timeout: 1S}") ==
        "error: grpc-timeout: 'grpc-…' is kept for gRPC itself\n");
  CHECK(told(at + ", metadata: {host: x}") == "error: 'authority' is a key of its own\n");
  CHECK(told(at + ", metadata: {te: x}") ==
        "error: te is not to be set: it follows from the request\n");
  CHECK(told(at + ", metadata: {a-bin: 'x y'}") ==
        "error: a-bin: a value of '…-bin' is in base64\n");
  CHECK(told(at + ", metadata: {a: \"x\\r\\ny\"}") ==
        "error: a: a value has no line break or control character\n");
  CHECK(told(at + ", service: '" + std::string(1001, 'x') + "'") ==
        "error: not a service's name\n");
  CHECK(told(at + ", expect: {status: SERVNG}") ==
        "error: no status is called \"SERVNG\"; did you mean \"SERVING\"?\n");
  CHECK(told(at + ", expect: {status: [SERVING, OK]}").find("error: no status is called \"OK\"") ==
        0);
  CHECK(told(at + ", expect: {certificate_days: 3}") == "error: it needs 'tls: true'\n");
  CHECK(told(at + ", expect: {response_time: 10s}").find("error: ") == 0);
}

}  // namespace tocsin
