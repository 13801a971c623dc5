// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/stream.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <asio/detached.hpp>
#include <catch2/catch.hpp>

#include "net/stream_fixture.h"
#include "support/dns_server.h"
#include "support/nginx.h"
#include "support/raw_server.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

// No descriptor can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("stream: a connection has its address and its phase, and no name phase for a literal",
          "[net]") {
  const RawServer server([](RawConnection& connection) { connection.send("hello\r\n"); });
  StreamFixture f;
  REQUIRE(f.connect("127.0.0.1", server.port()).text.empty());
  CHECK(f.stream->address() == server.address());
  CHECK(f.phases.get(Phase::connect));
  CHECK_FALSE(f.phases.get(Phase::name));
  CHECK_FALSE(f.phases.get(Phase::tls));
  CHECK_FALSE(f.stream->certificate_days());

  REQUIRE(f.read());
  CHECK(f.received == "hello\r\n");
  CHECK(f.phases.get(Phase::first_byte));
  const StreamStatus end = f.read();
  CHECK(end.error == NetError::closed);
  CHECK(end.text == "the other side closed the connection (" + server.address() + ")");
}

TEST_CASE("stream: a refused connection says so, with the address", "[net]") {
  StreamFixture f;
  const std::uint16_t port = free_port();
  const StreamStatus status = f.connect("127.0.0.1", port);
  CHECK(status.error == NetError::refused);
  CHECK(status.text == "connection refused (127.0.0.1:" + std::to_string(port) + ")");

  SECTION("a v6 address stands in brackets") {
    const StreamStatus other = f.connect("::1", port);
    CHECK(other.text.find("([::1]:" + std::to_string(port) + ")") != std::string::npos);
  }
}

TEST_CASE("stream: an address that swallows the attempt costs the deadline and no more", "[net]") {
  const BlackHole hole;
  StreamFixture f;
  const auto begun = steady_clock::now();
  const StreamStatus status = f.connect("127.0.0.1", hole.port(), Millis{300});
  const auto took = steady_clock::now() - begun;
  CHECK(status.error == NetError::connect_timeout);
  CHECK(status.text ==
        "connection timed out after 300 ms (127.0.0.1:" + std::to_string(hole.port()) + ")");
  CHECK(took >= Millis{300});
  CHECK(took < std::chrono::seconds{30});
}

TEST_CASE("stream: every address of a name is tried, each with its share of the time", "[net]") {
  TempDir dir;
  DnsServer dns;
  const BlackHole hole("127.0.0.1");
  const Listener good("127.0.0.2", hole.port());
  dns.set("two.example", {{"127.0.0.1", "127.0.0.2"}, {}});
  dns.set("dead.example", {{"127.0.0.1", "127.0.0.3"}, {}});
  StreamFixture f(dns.sources(dir));

  SECTION("a dead one leaves time for the next") {
    REQUIRE(f.connect("two.example", hole.port(), std::chrono::seconds{2}).text.empty());
    CHECK(f.stream->address() == "127.0.0.2:" + std::to_string(hole.port()));
    CHECK(f.phases.get(Phase::name));
  }
  SECTION("when all fail, the failure that is told has its own address") {
    const StreamStatus status = f.connect("dead.example", hole.port(), Millis{600});
    CHECK_FALSE(status);
    CHECK(status.text.find("(" + f.stream->address() + ")") != std::string::npos);
  }
}

TEST_CASE("stream: a name that is not there is the target's fault, a silent resolver is ours",
          "[net]") {
  TempDir dir;
  DnsServer dns;
  StreamFixture f(dns.sources(dir));
  SECTION("no such name") {
    CHECK(f.connect("gone.example", 80).error == NetError::no_such_host);
  }
  SECTION("no answer") {
    dns.be_silent(true);
    CHECK(f.connect("gone.example", 80, Millis{500}).error == NetError::resolver);
  }
}

TEST_CASE("stream: a lack of descriptors is our own fault", "[net]") {
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  StreamFixture f;
  REQUIRE(f.connect("127.0.0.1", server.port()));  // the loop itself has its descriptors now
  f.stream.emplace(f.resolver, f.phases);
  StreamStatus status;
  {
    const NoDescriptors here;
    status = f.connect("127.0.0.1", server.port());
  }
  CHECK(status.error == NetError::out_of_resources);
  CHECK(status.text == "out of resources here: Too many open files (" + server.address() + ")");
}

TEST_CASE("stream: a read ends by the deadline, a reset is told as closed", "[net]") {
  SECTION("silence") {
    const RawServer server([](RawConnection& connection) { connection.hold(); });
    StreamFixture f;
    REQUIRE(f.connect("127.0.0.1", server.port(), Millis{300}));
    const StreamStatus status = f.read();
    CHECK(status.error == NetError::timeout);
    CHECK(status.text == "timed out after 300 ms (" + server.address() + ")");
    CHECK(f.read().error == NetError::timeout);
    CHECK(f.write("x").error == NetError::timeout);
  }
  SECTION("reset") {
    const RawServer server([](RawConnection& connection) {
      connection.read_exactly(4);
      connection.reset();
    });
    StreamFixture f;
    REQUIRE(f.connect("127.0.0.1", server.port()));
    REQUIRE(f.write("ping"));
    CHECK(f.read().error == NetError::closed);
  }
}

TEST_CASE("stream: what is written arrives whole and reads keep their limit", "[net]") {
  const std::string big(300'000, 'x');
  const RawServer server([&big](RawConnection& connection) {
    if (connection.read_exactly(big.size()) == big) connection.send("0123456789");
    connection.hold();
  });
  StreamFixture f;
  REQUIRE(f.connect("127.0.0.1", server.port()));
  REQUIRE(f.write(big));
  REQUIRE(f.read(4));
  CHECK(f.received == "0123");
  REQUIRE(f.read(100));
  CHECK(f.received == "0123456789");
  CHECK(f.phases.get(Phase::transfer));
}

TEST_CASE("stream: steps on a stream that is not connected fail and do not crash", "[net]") {
  StreamFixture f;
  CHECK(f.start_tls({}).error == NetError::closed);
  CHECK(f.write("x").error == NetError::closed);
  CHECK(f.read().error == NetError::closed);
}

TEST_CASE("stream: it may go while one of its calls waits", "[net]") {
  const BlackHole hole;
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  StreamFixture f;
  SECTION("with the loop") {
    REQUIRE(f.connect("127.0.0.1", server.port()));
    asio::co_spawn(f.loop, f.stream->read(f.received, 10, f.deadline), asio::detached);
    f.loop.poll();
  }
  SECTION("before its timer's handler runs") {
    f.deadline = steady_clock::now() + Millis{20};
    const StreamTarget target{"127.0.0.1", hole.port()};
    asio::co_spawn(f.loop, f.stream->connect(target, f.deadline), asio::detached);
    f.loop.poll();
    while (steady_clock::now() < f.deadline + Millis{5}) {
    }
    f.stream.reset();
  }
}

TEST_CASE("stream: HOST:PORT is parsed strictly", "[net]") {
  const auto parsed = [](std::string_view text) {
    const auto target = parse_stream_target(text);
    return target ? show(*target) : std::string("none");
  };
  CHECK(parsed("web-01.example.net:22") == "web-01.example.net:22");
  CHECK(parsed("127.0.0.1:65535") == "127.0.0.1:65535");
  CHECK(parsed("[::1]:22") == "[::1]:22");
  CHECK(parsed("[fe80::1%eth0]:22") == "[fe80::1%eth0]:22");
  for (const char* wrong :
       {"", ":", "host", "host:", ":22", "host:0", "host:65536", "host:22x", "host: 22", "host:-1",
        "::1:22", "[::1]", "[]:22", "[host]:22", "http://host:22", "a b:22", "host:022222222222"}) {
    INFO(wrong);
    CHECK(parsed(wrong) == "none");
  }
  CHECK_FALSE(is_host(std::string(254, 'a')));
}

}  // namespace tocsin
