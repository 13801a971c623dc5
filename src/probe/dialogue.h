// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/stream.h"
#include "probe/dialogue_bytes.h"
#include "tocsin/secret.h"
#include "util/pattern.h"

namespace tocsin {

// What has to come back in one step of a dialogue. Of several things all are wanted. Immutable;
// pure; thread-safe.
struct Expectation {
  // Lines as text protocols answer: one, or as many as it takes until one is the last.
  struct Lines {
    enum class Last : std::uint8_t {
      any,    // the first line
      reply,  // "250-more", "250 last": RFC 5321, section 4.2.1; RFC 959, section 4.2
      named,  // the one that begins with one of `last_words`
    };
    Last last = Last::any;
    std::string_view last_words;  // "OK|NO|BYE"; of the table of protocols: outlives everybody
    std::string_view wanted;      // the last line begins with one of these: "220", "+OK|-ERR"
  };

  std::string text;                  // found anywhere
  std::optional<Pattern> pattern;    // the same
  std::optional<BytePattern> bytes;  // from the first byte on
  std::optional<Lines> lines;
  std::string words;  // how the table calls what is wanted; empty: made of the above

  bool empty() const noexcept { return text.empty() && !pattern && !bytes && !lines; }
  Fitting fits(std::string_view received, const Nonce& nonce) const;
  // For people: `"ready" and /^250/`.
  std::string wanted() const;
};

// What is sent in one step: pieces, some of which are made anew for each dialogue. A value type.
struct Outgoing {
  struct Piece {
    enum class Kind : std::uint8_t {
      text,        // `bytes` as they are
      pattern,     // a fixed BytePattern
      nonce_text,  // the nonce in hexadecimal digits
      hmac_md5,    // 16 bytes: HMAC-MD5 by the key `bytes` of the message with zeros in this place
    };
    Kind kind = Kind::text;
    std::string bytes;
    std::optional<BytePattern> pattern;
  };
  std::vector<Piece> pieces;
  std::string shown;  // for notes, without secrets; empty: the bytes that were sent

  bool empty() const noexcept { return pieces.empty(); }
  std::string on_the_wire(const Nonce& nonce) const;
};
Outgoing outgoing(const Text& text);
Outgoing outgoing(BytePattern pattern);

struct Step {
  Outgoing send;  // empty: nothing is sent
  Expectation expect;
};

// What is said and expected, in order. Each step looks at what came behind the answer to the one
// before. Immutable once made; several may speak by it at once.
struct Dialogue {
  bool is_numbered = false;  // reasons name the step
  std::vector<Step> steps;
  Outgoing farewell;                   // sent at the end, and no answer awaited
  std::size_t read_limit = 64 * 1024;  // of all answers together

  bool uses_nonce() const noexcept;
};

// How a dialogue went.
struct Talk {
  StreamStatus status;             // for people, with the address
  std::string address;             // the one that the status is about
  std::string rest;                // what came behind the last answer
  std::vector<std::string> notes;  // what was sent and what came, if explained
};

// Speaks on a connected stream, ends by the deadline, does not throw. The dialogue and the stream
// must outlive the call. A wrong answer is told as soon as it is known to be wrong.
asio::awaitable<Talk> talk(Stream& stream, const Dialogue& dialogue, bool explain,
                           SteadyTime deadline);

// Words for reasons, shared with dialogues by datagrams. "step 2 of 3", or nothing.
std::string step_words(const Dialogue& dialogue, std::size_t step);
// "expected 220, got "554 go away"".
std::string expected_got(const Step& step, std::string_view answer);

}  // namespace tocsin
