// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The notation of bytes and what fits an expectation, without a network.
#include "probe/dialogue.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <string>

#include "probe/dialogue_rows.h"
#include "probe/protocol_samples.h"
#include "probe/protocols.h"

namespace tocsin {
namespace {

// "met 3", "wrong", "not yet".
std::string fit(const Fitting& found) {
  switch (found.fit) {
    case Fit::not_yet: return "not yet";
    case Fit::wrong: return "wrong";
    case Fit::met: return "met " + std::to_string(found.end);
  }
  return "";
}

std::string fits(const char* notation, const std::string& bytes) {
  return fit(BytePattern(notation).fits(bytes, Nonce{7, 8}));
}

std::string refused(const char* notation) {
  try {
    const BytePattern pattern(notation);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

std::string fits_row(const RowWant& want, const std::string& text) {
  return fit(make_step({kSayNothing, want, "it"}, {}).expect.fits(text, {}));
}

std::string of_hex(const char* notation) {
  return BytePattern(notation).bytes(Nonce{7, 8});
}

}  // namespace

TEST_CASE("dialogue: bytes fit one by one, and a wrong one is known at once", "[probe]") {
  CHECK(fits("2b 504f 'NG'", "+PONG") == "met 5");
  CHECK(fits("2b 504f 'NG'", "+PONG and more") == "met 5");
  CHECK(fits("2b 504f 'NG'", "+PO") == "not yet");
  CHECK(fits("2b 504f 'NG'", "+PX") == "wrong");
  CHECK(fits("2b", "") == "not yet");
  CHECK(fits("?? 4? ?f", "x\x4a\x1f") == "met 3");
  CHECK(fits("?? 4? ?f", "x\x5a") == "wrong");
  CHECK(fits("?? 4? ?f", "xA\x1e") == "wrong");
  CHECK(fits("00x3 ??x2 'z'", std::string("\0\0\0abz", 6)) == "met 6");
  CHECK(fits("r0 r1", "\x07\x08") == "met 2");
  CHECK(fits("r0 r1", "\x07\x07") == "wrong");
}

TEST_CASE("dialogue: a gap is any number of bytes, and an alternative any of them", "[probe]") {
  CHECK(fits("'a' * 'bc' * 'd'", "abcd") == "met 4");
  CHECK(fits("'a' * 'bc' * 'd'", "a..b.bc...d.") == "met 11");
  CHECK(fits("'a' * 'bc'", "axxb") == "not yet");
  CHECK(fits("* 'x'", "abc") == "not yet");
  CHECK(fits("'a' *", "abc") == "met 1");
  CHECK(fits("'ab' | 'ac'", "ac") == "met 2");
  CHECK(fits("'ab' | 'ac'", "a") == "not yet");
  CHECK(fits("'ab' | 'ac'", "ad") == "wrong");
}

TEST_CASE("dialogue: a length frames the answer", "[probe]") {
  CHECK(fits("be2 'a'", std::string("\0\3abcd", 6)) == "met 5");
  CHECK(fits("be2 'a'", std::string("\0\3ab", 4)) == "not yet");
  CHECK(fits("le2 'a'", std::string("\3\0abcd", 6)) == "met 5");
  CHECK(fits("le3+1 00", std::string("\1\0\0\0ab", 6)) == "met 5");
  CHECK(fits("be4-4", std::string("\0\0\0\4ab", 6)) == "met 4");
  CHECK(fits("be4-4", std::string("\0\0\0\3ab", 6)) == "wrong");  // shorter than itself
  // What does not fit within the frame never will, also if it stands behind it.
  CHECK(fits("be1 * 'z'", "\3abcz") == "wrong");
  CHECK(fits("be1 * 'z'", "\4abc") == "not yet");
  CHECK(fits("be1 'abc'", "\2abc") == "wrong");
}

TEST_CASE("dialogue: BER's lengths are read in both forms", "[probe]") {
  CHECK(fits("30 ber 02", of_hex("30 03 02 01 05")) == "met 5");
  CHECK(fits("30 ber 02", of_hex("30 84 00 00 00 03 02 01 05")) == "met 9");
  CHECK(fits("30 ber 02", of_hex("30 81 03 02")) == "not yet");
  CHECK(fits("30 ber 02", of_hex("30 80 02 00 00")) == "wrong");
  CHECK(fits("30 ber 02", of_hex("30 85 00 00 00 00 03 02 01 05")) == "wrong");
  CHECK(fits("30 ber 61 ber 0a", of_hex("30 04 61 02 0a 00")) == "met 6");
}

TEST_CASE("dialogue: what is no notation of bytes is refused with its word", "[probe]") {
  CHECK(refused("") == "no bytes at all");
  CHECK(refused("00 | | 01") == "no bytes at all");
  CHECK(refused("'abc") == "a text without its second quote");
  CHECK(refused("* be2") == "a length behind *, where nobody knows that it is one");
  for (const char* word : {"0", "xyz", "00x", "00x0", "00x9999", "be5", "be0", "be2*1", "be2+x",
                           "rg", "0x12", "000x2"}) {
    INFO(word);
    CHECK(refused(word).find(std::string("not bytes: \"") + word + '"') == 0);
  }
  CHECK_FALSE(BytePattern("00 ??").is_fixed());
  CHECK_FALSE(BytePattern("00 | 01").is_fixed());
  CHECK_FALSE(BytePattern("be2").is_fixed());
  CHECK(BytePattern("00 'x' r0").is_fixed());
}

TEST_CASE("dialogue: lines are judged by the last of them", "[probe]") {
  CHECK(fits_row(line("+OK|+PONG"), "+pong\r\nmore") == "met 7");
  CHECK(fits_row(line("+OK"), "+OK") == "not yet");
  CHECK(fits_row(line("+OK"), "-ERR\n") == "wrong");
  CHECK(fits_row(line("+OK"), "\n") == "wrong");
  CHECK(fits_row(reply("220"), "220-a\r\n220 b\r\n") == "met 14");
  CHECK(fits_row(reply("220"), "220-a\r\n b\r\n220") == "not yet");
  CHECK(fits_row(reply("220"), "220-a\r\n421 b\r\n") == "wrong");
  CHECK(fits_row(reply("220"), "220\r\n") == "met 5");
  CHECK(fits_row(until("OK|NO", "OK"), "x\ny\nOK z\n") == "met 9");
  CHECK(fits_row(until("OK|NO", "OK"), "x\ny\nNO z\n") == "wrong");
  CHECK(fits_row(until("OK|NO", "OK"), "x\ny\n") == "not yet");
}

TEST_CASE("dialogue: of several things all are wanted", "[probe]") {
  Expectation both;
  both.text = "ready";
  both.pattern.emplace("^22");
  CHECK(fit(both.fits("220 ready.", {})) == "met 9");
  CHECK(fit(both.fits("220 rea", {})) == "not yet");
  both.bytes.emplace("'220'");
  CHECK(fit(both.fits("221 ready.", {})) == "wrong");
  CHECK(both.wanted() == "\"ready\" and /^22/ and the bytes '220'");
}

TEST_CASE("dialogue: what came is shown fit for people", "[probe]") {
  CHECK(show_bytes("") == "nothing");
  CHECK(show_bytes("220 hi\r\n") == "\"220 hi\"");
  CHECK(show_bytes("\r\n") == "the bytes 0d 0a");
  CHECK(show_bytes(std::string("PONG\0", 5)) == "\"PONG\"");
  CHECK(show_bytes(std::string("P\0NG\0", 5)) == "the bytes 50 00 4e 47 00 (\"P NG\")");
  CHECK(show_bytes("caf\xe9 au lait") == "\"caf\xEF\xBF\xBD au lait\"");
  CHECK(show_bytes(of_hex("15 03 03 00 02 02 28")) == "a TLS alert: it wants TLS here");
  CHECK(show_bytes(std::string(100'000, '\x01')).size() < 100);
}

TEST_CASE("dialogue: what is known of an answer stays so when more of it comes", "[probe]") {
  rc::prop("cut anywhere, with noise behind it", [] {
    const auto& samples = protocol_samples();
    const auto& sample = samples[*rc::gen::inRange<std::size_t>(0, samples.size())];
    const Protocol& row = *find_protocol(sample.protocol, sample.transport);
    const std::size_t last = sample.right.size() - 1;
    const Nonce nonce{1, 2, 3, 4};
    const RowFilling filling{"localhost", Secret("x")};
    const Dialogue dialogue = dialogue_of(row, filling);
    const Expectation& expect = dialogue.steps[last].expect;
    std::string bytes = answer_bytes(sample.right[last], nonce);
    for (const auto at : *rc::gen::container<std::vector<std::size_t>>(
             rc::gen::inRange<std::size_t>(0, bytes.size()))) {
      if (*rc::gen::inRange(0, 4) == 0) bytes[at] = *rc::gen::arbitrary<char>();
    }
    bytes += *rc::gen::arbitrary<std::string>();
    Fit before = Fit::not_yet;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const Fitting found = expect.fits(std::string_view(bytes).substr(0, size), nonce);
      if (before != Fit::not_yet) RC_ASSERT(found.fit == before);
      if (found.fit == Fit::met) RC_ASSERT(found.end <= size);
      before = found.fit;
    }
  });
}

}  // namespace tocsin
