// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <filesystem>

#include "net/stream_fixture.h"
#include "net/tls_text.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/raw_server.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

// A TLS server with such a certificate, and a stream that is connected to it.
struct TlsFixture {
  explicit TlsFixture(const Certificates::Spec& spec) : certificates(dir.path()) {
    const Certificates::Files files = certificates.make(spec);
    Nginx::Options options;
    options.tls = true;
    options.server = "ssl_certificate " + files.certificate.string() + "; ssl_certificate_key " +
                     files.key.string() + ";";
    server.emplace(options);
    f.emplace();
    REQUIRE(f->connect("127.0.0.1", server->port()));
  }
  StreamStatus start(const std::string& name, bool verify = true) {
    return f->start_tls({name, verify, certificates.authority().string()});
  }
  std::string with_address(const std::string& text) const {
    return text + " (" + server->address() + ")";
  }

  TempDir dir;
  Certificates certificates;
  std::optional<Nginx> server;
  std::optional<StreamFixture> f;
};

// Made for ninety days, of which a moment is gone.
bool is_about_90(std::optional<int> days) {
  return days == 89 || days == 90;
}

}  // namespace

TEST_CASE("stream: TLS with a good certificate works and tells how long it is good", "[net]") {
  TlsFixture t({"good", {"web-01.example", "127.0.0.1"}});
  SECTION("by name") {
    REQUIRE(t.start("web-01.example").text.empty());
  }
  SECTION("by literal address, which is the host itself when no name is given") {
    REQUIRE(t.start("").text.empty());
  }
  CHECK(is_about_90(t.f->stream->certificate_days()));
  CHECK(t.f->phases.get(Phase::tls));
  CHECK(t.f->stream->tls_version().rfind("TLSv1.", 0) == 0);
  REQUIRE(t.f->write("GET /nothing HTTP/1.0\r\n\r\n"));
  REQUIRE(t.f->read());
  CHECK(t.f->received.rfind("HTTP/1.1 404", 0) == 0);
}

TEST_CASE("stream: a bad certificate is told in words, and its days are known all the same",
          "[net]") {
  SECTION("expired") {
    TlsFixture t({"old", {"web-01.example"}, -30, -3});
    const StreamStatus status = t.start("web-01.example");
    CHECK(status.error == NetError::tls);
    CHECK(status.text == t.with_address("certificate expired 3 days ago"));
    CHECK(t.f->stream->certificate_days().value_or(0) == -4);
  }
  SECTION("not yet valid") {
    TlsFixture t({"early", {"web-01.example"}, 5, 90});
    CHECK(t.start("web-01.example").text.find("certificate is not valid before 20") == 0);
  }
  SECTION("for another name") {
    TlsFixture t({"other", {"a.example", "b.example", "10.1.2.3", "c.example"}});
    CHECK(t.start("web-01.example").text ==
          t.with_address("certificate is for a.example, b.example, 10.1.2.3 and 1 more, not "
                         "web-01.example"));
    CHECK(is_about_90(t.f->stream->certificate_days()));
  }
  SECTION("for another address") {
    TlsFixture t({"other", {"127.0.0.2"}});
    CHECK(t.start("").text == t.with_address("certificate is for 127.0.0.2, not 127.0.0.1"));
  }
  SECTION("self-signed") {
    TlsFixture t({"own", {"web-01.example"}, -30, 90, true});
    CHECK(t.start("web-01.example").text == t.with_address("certificate is self-signed"));
  }
  SECTION("of an issuer nobody knows") {
    TlsFixture t({"strange", {"web-01.example"}});
    const StreamStatus status = t.f->start_tls({"web-01.example", true, ""});
    CHECK(status.error == NetError::tls);
    CHECK(status.text.find("which is not known here") != std::string::npos);
  }
}

TEST_CASE("stream: without verification any certificate will do, and its days are known", "[net]") {
  TlsFixture t({"old", {"a.example"}, -30, -3, true});
  CHECK(t.start("web-01.example", false).text.empty());
  CHECK(t.f->stream->certificate_days().value_or(0) == -4);
}

TEST_CASE("stream: what is no TLS handshake is told as that", "[net]") {
  const auto handshake_with = [](RawServer::Script script) {
    const RawServer server(std::move(script));
    StreamFixture f;
    REQUIRE(f.connect("127.0.0.1", server.port(), Millis{700}));
    StreamStatus status = f.start_tls({});
    const std::string address = " (" + server.address() + ")";
    CHECK(status.text.ends_with(address));
    status.text.resize(status.text.size() - address.size());
    return status;
  };
  SECTION("plain text") {
    const auto status = handshake_with([](RawConnection& c) {
      c.send("220 mail.example ESMTP\r\n");
      c.hold();
    });
    CHECK(status.error == NetError::tls);
    CHECK(status.text == "the other side does not speak TLS");
  }
  SECTION("an end") {
    const auto status = handshake_with([](RawConnection& c) { c.read_exactly(100); });
    CHECK(status.error == NetError::tls);
    CHECK(status.text == "the other side closed during the TLS handshake");
  }
  SECTION("silence") {
    const auto status = handshake_with([](RawConnection& c) { c.hold(); });
    CHECK(status.error == NetError::timeout);
    CHECK(status.text == "timed out after 700 ms");
  }
}

TEST_CASE(
    "stream: a CA file is read again when it has changed, and one that is missing is our fault",
    "[net]") {
  TlsFixture t({"good", {"web-01.example"}});
  const auto file = t.dir.path() / "trusted.pem";
  const auto handshake = [&] {
    t.f->stream.emplace(t.f->resolver, t.f->phases);
    REQUIRE(t.f->connect("127.0.0.1", t.server->port()));
    return t.f->start_tls({"web-01.example", true, file.string()});
  };
  StreamStatus status = handshake();
  CHECK(status.error == NetError::out_of_resources);
  CHECK(status.text == "cannot use the CA file " + file.string() + ": No such file or directory");

  t.dir.write("trusted.pem", "nothing of the kind\n");
  status = handshake();
  CHECK(status.error == NetError::out_of_resources);
  CHECK(status.text.ends_with("it holds no certificate in PEM"));

  std::filesystem::copy_file(t.certificates.authority(), file,
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(handshake().text.empty());
  const TempDir other;
  const Certificates stranger(other.path());
  std::filesystem::copy_file(stranger.authority(), file,
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(handshake().error == NetError::tls);
}

TEST_CASE("tls: days are rounded down and ages are told in people's units", "[net]") {
  const WallTime now{std::chrono::days{20'000}};
  CHECK(days_left(now + std::chrono::hours{23}, now) == 0);
  CHECK(days_left(now + std::chrono::hours{24}, now) == 1);
  CHECK(days_left(now - std::chrono::hours{1}, now) == -1);

  CertificateProblem problem;
  problem.error = 10;  // X509_V_ERR_CERT_HAS_EXPIRED
  const auto expired = [&](Millis ago, int depth = 0) {
    problem.depth = depth;
    problem.facts.not_after = now - ago;
    problem.facts.subject = "Some CA";
    return certificate_text(problem, "web-01", now);
  };
  CHECK(expired(std::chrono::hours{5}) == "certificate expired 5 h ago");
  CHECK(expired(std::chrono::hours{47}) == "certificate expired 1 day ago");
  CHECK(expired(std::chrono::days{9}, 1) ==
        "certificate of the issuer \"Some CA\" expired 9 days ago");
  problem.error = 62;  // X509_V_ERR_HOSTNAME_MISMATCH
  CHECK(certificate_text(problem, "web-01", now) ==
        "certificate is for no host at all, not web-01");
}

}  // namespace tocsin
