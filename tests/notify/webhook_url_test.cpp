// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/webhook_url.h"

#include <catch2/catch.hpp>

namespace tocsin {
namespace {

const std::string kGood =
    "https://chat.googleapis.com/v1/spaces/AAQA1-x_Y/"
    "messages?key=AIzaKey12345&token=abc_DEF-123%3D";
const std::string kWhole =
    "; copy the whole URL that Google Chat shows for the webhook: "
    "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…";

std::string problem(const std::string& url) {
  return parse_webhook_url(url).problem;
}

}  // namespace

TEST_CASE("webhook url: Google's own is taken verbatim", "[notify]") {
  const ParsedWebhook parsed = parse_webhook_url(kGood);
  CHECK(parsed.problem.empty());
  CHECK(parsed.webhook.url == kGood);
  CHECK(parsed.webhook.sink == "spaces/AAQA1-x_Y");
  CHECK(parsed.webhook.secrets ==
        std::vector<std::string>{"AIzaKey12345", "abc_DEF-123%3D", "abc_DEF-123="});
  CHECK_FALSE(parsed.webhook.plain_to_others);
  CHECK(parse_webhook_url(" " + kGood + "\n").webhook.url == kGood);
}

TEST_CASE("webhook url: another host may stand in, by http too", "[notify]") {
  const std::string rest = "/v1/spaces/A/messages?token=t&key=k";
  for (const std::string host : {"127.0.0.1:8080", "localhost:1", "[::1]:80", "127.1.2.3"}) {
    const auto parsed = parse_webhook_url("http://" + host + rest);
    CHECK(parsed.problem.empty());
    CHECK(parsed.webhook.sink == "spaces/A");
    CHECK_FALSE(parsed.webhook.plain_to_others);
  }
  for (const std::string host : {"proxy.example", "10.0.0.1:80", "user:pw@127.example", "[::2]"}) {
    CHECK(parse_webhook_url("http://" + host + rest).webhook.plain_to_others);
  }
  CHECK(
      parse_webhook_url("HTTPS://user:pw@h.example:1/relay/messages?key=k&token=t").webhook.sink ==
      "h.example");
  CHECK(parse_webhook_url("https://h.example/messages?key=k&token=t").webhook.sink == "h.example");
}

TEST_CASE("webhook url: each mistake is explained, and nothing of it is quoted", "[notify]") {
  const std::string base = "https://chat.googleapis.com/v1/spaces/A/messages";
  CHECK(problem(base) == "has no key=" + kWhole);
  CHECK(problem(base + "?key=k") == "has no token=" + kWhole);
  CHECK(problem(base + "?key=k&token=") == "has no token=" + kWhole);
  CHECK(problem(base + "?key&token=t") == "has no key=" + kWhole);
  CHECK(problem(base + "?mykey=k&token=t") == "has no key=" + kWhole);
  CHECK(problem(base + "?key=k&amp;token=t") == "holds &amp; where & belongs" + kWhole);
  CHECK(problem(base + "?key=k&#38;token=t") == "holds a #" + kWhole);
  CHECK(problem(base + "?key=k&token=t#x") == "holds a #" + kWhole);
  CHECK(problem("https://chat.googleapis.com/v1/spaces/A?key=k&token=t") ==
        "has a path that does not end in /messages" + kWhole);
  CHECK(problem("ftp://h/messages?key=k&token=t") == "does not begin with https://" + kWhole);
  CHECK(problem("chat.googleapis.com/v1/spaces/A/messages?key=k&token=t") ==
        "is not a URL" + kWhole);
  CHECK(problem("https:///messages?key=k&token=t") == "is not a URL" + kWhole);
  CHECK(problem("https://h?key=k&token=t") == "is not a URL" + kWhole);
  CHECK(problem("") == "is not a URL" + kWhole);
  CHECK(problem(base + "?key=k&token=a b") == "holds white space or characters that no URL has");
  CHECK(problem(base + "?key=k&token=ä") == "holds white space or characters that no URL has");
  CHECK(problem(kGood + "&threadKey=x") ==
        "holds threadKey=, which is added to every message here; remove it");
  CHECK(problem(base + "?messageReplyOption=X&key=k&token=t") ==
        "holds messageReplyOption=, which is added to every message here; remove it");
  CHECK(problem(kGood + std::string(4096, 'x')) == "is longer than 4096 characters");
}

TEST_CASE("webhook url: a secret is found whole, in a piece, as written and decoded", "[notify]") {
  const auto secrets = parse_webhook_url(kGood).webhook.secrets;
  CHECK(gives_away("… token=abc_DEF-123%3D is not valid", secrets));
  CHECK(gives_away("abc_DEF-123=", secrets));
  CHECK(gives_away("cut: abc_DEF-", secrets));
  CHECK(gives_away("AIzaKey12345", secrets));
  CHECK_FALSE(gives_away("abc_DEF", secrets));
  CHECK_FALSE(gives_away("API key not valid", secrets));
  CHECK_FALSE(gives_away("a token", {"t", "", "tok"}));
  CHECK(gives_away("a s3cret!", {"s3cret!"}));
}

}  // namespace tocsin
