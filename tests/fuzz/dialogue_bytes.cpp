// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Bytes that come in a dialogue, against a pattern. Input: the pattern, a zero byte, the bytes.
#include "probe/dialogue_bytes.h"

#include <optional>
#include <stdexcept>
#include <string>

#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

// What the protocols by name want (probe/protocols.cpp), in spirit: frames, gaps and alternatives.
constexpr std::array<const char*, 5> kPatterns{"30 ber * 'x'", "be2 r0 r1 ?? 4?", "00x3 | 'PONG'",
                                               "le3-4 * 0a", "be4-4 'R' *"};

void fit(const BytePattern& pattern, std::string_view bytes) {
  const Nonce nonce{};
  const Fitting whole = pattern.fits(bytes, nonce);
  if (whole.fit == Fit::met) require(whole.end <= bytes.size(), "an answer is of what came");
  if (whole.fit != Fit::wrong && !bytes.empty()) {
    require(pattern.fits(bytes.substr(0, bytes.size() / 2), nonce).fit != Fit::wrong,
            "what may still fit did not fail before");
  }
  if (pattern.is_fixed()) {
    const std::string sent = pattern.bytes(nonce);
    require(pattern.fits(sent, nonce).fit == Fit::met, "a fixed pattern fits its own bytes");
  }
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const auto [notation, bytes] = fuzz::two_parts(fuzz::text_of(data, size));
  fuzz::require_printable(show_bytes(bytes), 1024);
  for (const char* known : fuzz::kPatterns) fuzz::fit(BytePattern(known), bytes);
  std::optional<BytePattern> pattern;
  try {
    pattern.emplace(notation);
  } catch (const std::runtime_error&) {
    return 0;  // it says so where the configuration is read
  }
  fuzz::fit(*pattern, bytes);
  return 0;
}
