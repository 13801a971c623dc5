// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/resolver.h"

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "support/dns_server.h"
#include "support/nginx.h"
#include "support/no_descriptors.h"
#include "support/on_loop.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

struct ResolverFixture {
  explicit ResolverFixture(Millis look_for_changes = Millis{1'000}) {
    sources = dns.sources(dir);
    sources.look_for_changes = look_for_changes;
    resolver.emplace(loop, sources);
  }

  Resolver::Answer resolve(const std::string& host, Millis within = std::chrono::seconds{20}) {
    return on_loop(loop, resolver->resolve(host, steady_clock::now() + within));
  }
  std::vector<std::string> addresses(const std::string& host) {
    std::vector<std::string> out;
    const Resolver::Answer answer = resolve(host);
    CHECK(answer.error_text.empty());
    for (const auto& address : answer.addresses) out.push_back(address.to_string());
    return out;
  }

  TempDir dir;
  DnsServer dns;
  Resolver::Sources sources;
  asio::io_context loop;
  std::optional<Resolver> resolver;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("resolver: a literal address comes back at once, without a question", "[net]") {
  ResolverFixture f;
  CHECK(f.addresses("10.0.0.7") == Texts{"10.0.0.7"});
  CHECK(f.addresses("::1") == Texts{"::1"});
  CHECK(f.dns.questions() == 0);
}

TEST_CASE("resolver: localhost is found without a server", "[net]") {
  ResolverFixture f;
  f.dns.be_silent(true);
  const Texts found = f.addresses("localhost");
  CHECK(std::find(found.begin(), found.end(), "127.0.0.1") != found.end());
}

TEST_CASE("resolver: the addresses of both families come back, each once", "[net]") {
  ResolverFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1", "127.0.0.2"}, .v6 = {"::1"}});
  Texts found = f.addresses("web-01.example");
  std::sort(found.begin(), found.end());
  CHECK(found == Texts{"127.0.0.1", "127.0.0.2", "::1"});
}

TEST_CASE("resolver: nothing is remembered; every look asks again", "[net]") {
  ResolverFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  CHECK(f.addresses("web-01.example") == Texts{"127.0.0.1"});
  f.dns.set("web-01.example", {.v4 = {"127.0.0.9"}});
  CHECK(f.addresses("web-01.example") == Texts{"127.0.0.9"});
}

TEST_CASE("resolver: a name that does not exist is the name's fault", "[net]") {
  ResolverFixture f;
  SECTION("NXDOMAIN") {
    const auto answer = f.resolve("nowhere.example");
    CHECK(answer.error == NetError::no_such_host);
    CHECK(answer.error_text == "no such host: nowhere.example");
  }
  SECTION("no address of either family") {
    f.dns.set("mail-only.example", {});
    CHECK(f.resolve("mail-only.example").error == NetError::no_such_host);
  }
  SECTION("what can be no name is not asked for") {
    for (const std::string host : {"", "two words", "new\nline", ".", "a..b"}) {
      CAPTURE(host);
      CHECK(f.resolve(host).error == NetError::no_such_host);
    }
    CHECK(f.resolve(std::string(300, 'a')).error == NetError::no_such_host);
    CHECK(f.resolve(std::string("nul\0byte", 8)).error == NetError::no_such_host);
  }
  SECTION("hostile text in a name is made printable") {
    CHECK(f.resolve("a\xE2\x80\xAE\xFF.example").error_text ==
          "no such host: a\xEF\xBF\xBD.example");
  }
}

TEST_CASE("resolver: a server that fails is our side's fault", "[net]") {
  ResolverFixture f;
  SECTION("SERVFAIL") {
    f.dns.set("web-01.example", {.rcode_v4 = 2, .rcode_v6 = 2});
    const auto answer = f.resolve("web-01.example");
    CHECK(answer.error == NetError::resolver);
    CHECK(answer.error_text ==
          "resolver did not answer for web-01.example: it failed, refused or is not there "
          "(127.0.0.1)");
  }
  SECTION("REFUSED") {
    f.dns.set("web-01.example", {.rcode_v4 = 5, .rcode_v6 = 5});
    CHECK(f.resolve("web-01.example").error == NetError::resolver);
  }
  SECTION("one family failed and the other has no data: nobody knows") {
    f.dns.set("web-01.example", {.rcode_v4 = 2});
    CHECK(f.resolve("web-01.example").error == NetError::resolver);
  }
}

TEST_CASE("resolver: a silent server costs the deadline and is our side's fault", "[net]") {
  ResolverFixture f;
  f.dns.be_silent(true);
  const auto begun = steady_clock::now();
  const auto answer = f.resolve("web-01.example", Millis{300});
  const auto took = steady_clock::now() - begun;
  CHECK(answer.error == NetError::resolver);
  CHECK(answer.error_text == "resolver did not answer for web-01.example (127.0.0.1)");
  CHECK(took >= Millis{300});
  CHECK(took < std::chrono::seconds{30});

  SECTION("and the next name is found once it speaks again") {
    f.dns.be_silent(false);
    f.dns.set("web-02.example", {.v4 = {"127.0.0.2"}});
    CHECK(f.addresses("web-02.example") == Texts{"127.0.0.2"});
  }
}

TEST_CASE("resolver: a server that is not there is our side's fault", "[net]") {
  ResolverFixture f;
  f.sources.port = free_port();
  f.resolver.emplace(f.loop, f.sources);
  const auto answer = f.resolve("web-01.example");
  CHECK(answer.error == NetError::resolver);
  CHECK(answer.error_text.starts_with("resolver did not answer for web-01.example"));
}

TEST_CASE("resolver: a server that drops the questions for v6 does not hide the v4 address",
          "[net]") {
  ResolverFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}, .silent_v6 = true});
  const auto answer = f.resolve("web-01.example", Millis{1'500});
  REQUIRE(answer.error == NetError::none);
  CHECK(answer.addresses.at(0).to_string() == "127.0.0.1");
}

TEST_CASE("resolver: a lost packet costs a second, not the answer", "[net]") {
  ResolverFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  f.dns.be_silent(true);
  asio::steady_timer later(f.loop, Millis{100});
  later.async_wait([&f](std::error_code) { f.dns.be_silent(false); });
  CHECK(f.addresses("web-01.example") == Texts{"127.0.0.1"});
}

TEST_CASE("resolver: a changed resolv.conf is noticed", "[net]") {
  ResolverFixture f(Millis{0});
  DnsServer other;
  other.set("web-01.example", {.v4 = {"127.0.0.2"}});
  f.dns.be_silent(true);
  CHECK(f.resolve("web-01.example", Millis{100}).error_text.ends_with("(127.0.0.1)"));
  // A server list of its own, at which nobody listens: what counts is who is asked.
  f.dir.write("resolv.conf", "# changed\nnameserver 127.0.0.77\n");
  CHECK(f.resolve("web-01.example", Millis{100}).error_text.ends_with("(127.0.0.77)"));
}

TEST_CASE("resolver: without descriptors it says so, and goes on when there are some", "[net]") {
  ResolverFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  f.resolve("127.0.0.1");  // the loop has what it needs for itself
// UBSan opens a pipe to look at an exception, and takes the lack of one for a broken exception.
#ifndef __SANITIZE_ADDRESS__
  SECTION("from the start") {
    const NoDescriptors none;
    const auto answer = f.resolve("web-01.example");
    CHECK(answer.error == NetError::out_of_resources);
    CHECK(answer.error_text == "out of resources here: Too many open files");
  }
#endif
  SECTION("later") {
    CHECK(f.addresses("web-01.example") == Texts{"127.0.0.1"});
    const NoDescriptors none;
    CHECK(f.resolve("web-01.example").error == NetError::out_of_resources);
  }
  CHECK(f.addresses("web-01.example") == Texts{"127.0.0.1"});
}

TEST_CASE("resolver: it may go while questions are open", "[net]") {
  ResolverFixture f;
  f.dns.be_silent(true);
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(f.loop, f.resolver->resolve("web-01.example", steady_clock::now() + Millis{200}),
                   [&ended](std::exception_ptr, Resolver::Answer) { ++ended; });
  }
  SECTION("with the loop") {
    f.loop.poll();
    f.resolver.reset();
    CHECK(ended == 0);
  }
  SECTION("or whoever waits for it is answered first") {
    while (ended < 3) f.loop.run_one();
  }
}

TEST_CASE("resolver: a thousand names at once each get their answer", "[net]") {
  ResolverFixture f;
  int good = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "host-" + std::to_string(i) + ".example";
    const std::string address = "127.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    f.dns.set(name, {.v4 = {address}});
    asio::co_spawn(f.loop, f.resolver->resolve(name, steady_clock::now() + std::chrono::minutes{1}),
                   [&good, address](std::exception_ptr, const Resolver::Answer& answer) {
                     good +=
                         answer.addresses.size() == 1 && answer.addresses[0].to_string() == address
                             ? 1
                             : 1'000'000;
                   });
  }
  while (good < 1'000) f.loop.run_one();
  CHECK(good == 1'000);
}

TEST_CASE("resolver: addresses are shown as they stand in a URL", "[net]") {
  CHECK(show_address(asio::ip::make_address("127.0.0.1"), 80) == "127.0.0.1:80");
  CHECK(show_address(asio::ip::make_address("::1"), 8080) == "[::1]:8080");
}

}  // namespace tocsin
