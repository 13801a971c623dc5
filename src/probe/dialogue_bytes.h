// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Random bytes of one dialogue, so that an answer to another one is not taken for its own.
using Nonce = std::array<unsigned char, 16>;
Nonce random_nonce();

// How far an answer that is still coming fits what is wanted.
enum class Fit : std::uint8_t { not_yet, wrong, met };
struct Fitting {
  Fit fit = Fit::not_yet;
  std::size_t end = 0;  // if met: what comes behind belongs to the next answer
};

// Bytes as people write them, for what is sent and for what is wanted. Tokens with spaces between:
//
//   2b 50 4f, 2b504f  bytes, two hexadecimal digits each
//   'PONG'            the bytes of a text without quotes in it
//   r0 … rf           a byte of the nonce
//   ??, 4?, ?0        one byte, whatever it is, or whatever that half of it is
//   00x23, ??x4       the same so many times
//   *                 any number of bytes, none too
//   be4, le3, …       a length of 1 to 4 bytes, the most or least significant first: the answer
//                     ends so many bytes behind it (be4-4, le3+1: so many less or more)
//   ber               the same, as BER writes a length (X.690, section 8.1.3)
//   |                 or: another pattern
//
// The first token that is a length frames the answer; a later one only stands for its own bytes.
// None stands behind a *.
// A pattern without a frame ends where its last token did. Immutable; pure; thread-safe.
class BytePattern {
 public:
  // Throws std::runtime_error that says which token is wrong.
  explicit BytePattern(std::string_view notation);

  // `received` is what has come so far; the pattern begins at its first byte.
  Fitting fits(std::string_view received, const Nonce& nonce) const;
  // Whether it could be sent: nothing but bytes of texts, digits and the nonce.
  bool is_fixed() const noexcept;
  // The bytes of a fixed one.
  std::string bytes(const Nonce& nonce) const;
  bool uses_nonce() const noexcept;
  const std::string& source() const noexcept { return source_; }

 private:
  struct Token {
    // Behind `gap` are the lengths.
    enum class Kind : std::uint8_t { byte, nonce, gap, big_endian, little_endian, ber };
    Kind kind = Kind::byte;
    std::uint8_t value = 0;    // the byte, the nonce's index, or a length's size
    std::uint8_t mask = 0xFF;  // which bits of the byte count
    std::int16_t adjust = 0;   // added to a length
  };
  using Tokens = std::vector<Token>;
  struct Reader;

  static void add_token(Tokens& tokens, std::string_view word);
  static bool add_hex(Tokens& tokens, std::string_view word);
  static bool add_repeated(Tokens& tokens, std::string_view word);
  static bool add_special(Tokens& tokens, std::string_view word);
  static bool add_length(Tokens& tokens, std::string_view word);

  std::string source_;
  std::vector<Tokens> alternatives_;
};

// What was sent or came, for a reason or a note: quoted if it is text, else its first bytes in
// hexadecimal and what is readable in it; a TLS alert is called one. Cut; "nothing" if it is empty.
std::string show_bytes(std::string_view bytes);

}  // namespace tocsin
