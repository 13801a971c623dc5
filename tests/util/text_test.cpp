// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/text.h"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("text: control characters and white space become single spaces", "[util]") {
  CHECK(printable("a\r\n\tb\x01\x7f  c", 100) == "a b c");
  CHECK(printable("  edge \n", 100) == "edge");
  CHECK(printable("C1 \xC2\x9B[31m", 100) == "C1 [31m");
}

TEST_CASE("text: broken UTF-8 becomes replacement characters", "[util]") {
  CHECK(printable("a\xFF\xC0\x80z", 100) == "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
  CHECK(is_valid_utf8(printable("\xED\xA0\x80\xF5\x80", 100)));
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));
  CHECK_FALSE(is_valid_utf8("\xC0\xAF"));
  CHECK_FALSE(is_valid_utf8("\xE2\x82"));
  CHECK(is_valid_utf8("\xF0\x9F\x94\xB4 ok"));
}

TEST_CASE("text: what turns the direction of a text is dropped", "[util]") {
  CHECK(printable("a\xE2\x80\xAE"
                  "b\xE2\x81\xA6"
                  "c",
                  100) == "abc");
}

TEST_CASE("text: a cut falls on a code-point boundary and is marked", "[util]") {
  const std::string euros = "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC";
  CHECK(printable(euros, 9) == euros);
  CHECK(printable(euros, 8) == "\xE2\x82\xAC\xE2\x80\xA6");
  CHECK(cut_utf8(euros, 5) == "\xE2\x82\xAC");
  CHECK(printable(std::string(1'000'000, 'x'), 50).size() == 50);
}

TEST_CASE("text: printable_lines keeps line breaks", "[util]") {
  CHECK(printable_lines("one \r\ntwo\t2\n\n", 100) == "one\ntwo 2");
}

TEST_CASE("text: the nearest word is suggested only if it is near", "[util]") {
  const std::vector<std::string_view> known{"interval", "timeout", "notify", "http"};
  CHECK(nearest("intervall", known) == "interval");
  CHECK(nearest("time_out", known) == "timeout");
  CHECK(nearest("htpp", known) == "http");
  CHECK(nearest("banana", known).empty());
}

TEST_CASE("text: percent encoding goes there and back", "[util]") {
  CHECK(percent_encode("web-01/a b") == "web-01%2Fa%20b");
  std::string out;
  REQUIRE(percent_decode("web-01%2Fa%20b", out));
  CHECK(out == "web-01/a b");
  CHECK_FALSE(percent_decode("%2", out));
  CHECK_FALSE(percent_decode("%zz", out));
}

TEST_CASE("text: a UUID is version 4 and never the same", "[util]") {
  const std::string a = random_uuid();
  CHECK(a.size() == 36);
  CHECK(a[14] == '4');
  CHECK(a != random_uuid());
}
