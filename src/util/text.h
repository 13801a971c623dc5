// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Texts from outside, made fit for people. All functions are pure; sizes are bytes.

// Valid UTF-8 (RFC 3629) without control characters: broken sequences become U+FFFD, runs of white
// space and controls a single space; bidirectional overrides are dropped; cut to `most` bytes on a
// code-point boundary with "…" at the end if it was longer.
std::string printable(std::string_view text, std::size_t most);
// The same, but line breaks stay (CR LF becomes LF) and tabs become a space.
std::string printable_lines(std::string_view text, std::size_t most);
// The longest prefix of at most `most` bytes that ends on a code-point boundary of valid UTF-8.
std::string_view cut_utf8(std::string_view text, std::size_t most) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;

// The known word nearest to `word` by edit distance, if near enough to be meant; else empty.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

std::string_view trim(std::string_view text) noexcept;
std::string to_lower(std::string_view text);
// Percent-encodes all but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
// Decodes %XX; false if malformed.
bool percent_decode(std::string_view text, std::string& into);

// A random version 4 UUID, in lower case, from the kernel's generator.
std::string random_uuid();
// FNV-1a, 64 bits: for spreading, not for secrets.
std::uint64_t spread_hash(std::string_view text) noexcept;

}  // namespace tocsin
