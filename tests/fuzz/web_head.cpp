// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The first bytes of a connection to the web server: a job's heartbeat, or whatever comes.
#include "web/head.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view bytes = fuzz::text_of(data, size);
  const Head whole = judge_head(bytes);
  for (std::size_t cut = 1; cut < size; cut += 1 + size / 8) {
    const Head part = judge_head(bytes.substr(0, cut));
    if (part == Head::bad) fuzz::require(whole == Head::bad, "what is never a head stays none");
    if (part == Head::complete) {
      fuzz::require(whole == Head::complete, "a head stays complete, whatever follows");
    }
  }
  return 0;
}
