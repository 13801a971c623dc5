// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A pattern is a list of tokens for each alternative. It is matched from the left: up to the first
// gap it is anchored, so that a wrong byte is told at once; behind a gap the next piece is searched
// for, and the first place where it fits is taken, which is all that "any bytes, then this" needs.
// A length token says where the answer ends; only what lies before that end counts, and once all of
// it is there, what does not fit yet never will.
#include "probe/dialogue_bytes.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr unsigned kMostRepeated = 1024;
constexpr std::size_t kShownBytes = 24;
constexpr std::size_t kExamined = 1024;  // of an answer, for people

std::optional<std::uint8_t> digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// The next word: up to a space, a quoted text as a whole.
std::string_view take_word(std::string_view& rest) {
  rest = rest.substr(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  std::size_t end = rest.find_first_of(" \t\r\n");
  if (rest.starts_with('\'')) {
    end = rest.find('\'', 1);
    if (end == std::string_view::npos) throw std::runtime_error("a text without its second quote");
    ++end;
  }
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(word.size());
  return word;
}

}  // namespace

Nonce random_nonce() {
  Nonce out;
  // getrandom(2) of 16 bytes neither fails nor blocks once the machine is up.
  while (getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
  }
  return out;
}

// --- the notation
// ----------------------------------------------------------------------------------

BytePattern::BytePattern(std::string_view notation) : source_(notation), alternatives_(1) {
  for (std::string_view rest = notation;;) {
    const std::string_view word = take_word(rest);
    if (word.empty()) break;
    if (word == "|") {
      alternatives_.emplace_back();
    } else {
      add_token(alternatives_.back(), word);
    }
  }
  for (const Tokens& tokens : alternatives_) {
    if (tokens.empty()) throw std::runtime_error("no bytes at all");
    const auto is_gap = [](const Token& token) { return token.kind == Token::Kind::gap; };
    const auto is_length = [](const Token& token) { return token.kind > Token::Kind::gap; };
    const auto gap = std::find_if(tokens.begin(), tokens.end(), is_gap);
    if (std::any_of(gap, tokens.end(), is_length)) {
      throw std::runtime_error("a length behind *, where nobody knows that it is one");
    }
  }
}

void BytePattern::add_token(Tokens& tokens, std::string_view word) {
  if (word.starts_with('\'')) {
    for (const char c : word.substr(1, word.size() - 2)) {
      tokens.push_back({Token::Kind::byte, static_cast<std::uint8_t>(c)});
    }
    return;
  }
  if (add_hex(tokens, word) || add_repeated(tokens, word) || add_special(tokens, word) ||
      add_length(tokens, word)) {
    return;
  }
  throw std::runtime_error("not bytes: \"" + printable(word, 40) +
                           "\"; write pairs of hexadecimal digits, ?? for any byte, * for any "
                           "number of them, 'text'");
}

bool BytePattern::add_hex(Tokens& tokens, std::string_view word) {
  const auto is_digit = [](char c) { return c == '?' || digit(c).has_value(); };
  if (word.size() % 2 != 0 || !std::all_of(word.begin(), word.end(), is_digit)) return false;
  for (std::size_t i = 0; i < word.size(); i += 2) {
    Token token;
    token.value =
        static_cast<std::uint8_t>(digit(word[i]).value_or(0) * 16 + digit(word[i + 1]).value_or(0));
    token.mask =
        static_cast<std::uint8_t>((word[i] == '?' ? 0 : 0xF0) | (word[i + 1] == '?' ? 0 : 0x0F));
    tokens.push_back(token);
  }
  return true;
}

// "00x23"
bool BytePattern::add_repeated(Tokens& tokens, std::string_view word) {
  const std::size_t x = word.find('x');
  if (x != 2) return false;
  unsigned count = 0;
  const char* end = word.data() + word.size();
  const auto [last, error] = std::from_chars(word.data() + x + 1, end, count);
  if (error != std::errc{} || last != end || count == 0 || count > kMostRepeated) return false;
  for (unsigned i = 0; i < count; ++i) {
    if (!add_hex(tokens, word.substr(0, x))) return false;
  }
  return true;
}

bool BytePattern::add_special(Tokens& tokens, std::string_view word) {
  if (word == "*") {
    tokens.push_back({Token::Kind::gap});
  } else if (word == "ber") {
    tokens.push_back({Token::Kind::ber});
  } else if (word.size() == 2 && word[0] == 'r' && digit(word[1])) {
    tokens.push_back({Token::Kind::nonce, *digit(word[1])});
  } else {
    return false;
  }
  return true;
}

bool BytePattern::add_length(Tokens& tokens, std::string_view word) {
  const bool big = word.starts_with("be");
  if ((!big && !word.starts_with("le")) || word.size() < 3) return false;
  const auto size = digit(word[2]).value_or(0);
  if (size < 1 || size > 4) return false;
  std::int16_t adjust = 0;
  if (word.size() > 3) {
    const auto by = word.size() == 5 ? digit(word[4]) : std::nullopt;
    if (!by || (word[3] != '+' && word[3] != '-')) return false;
    adjust = static_cast<std::int16_t>(word[3] == '-' ? -*by : *by);
  }
  tokens.push_back(
      {big ? Token::Kind::big_endian : Token::Kind::little_endian, size, 0xFF, adjust});
  return true;
}

bool BytePattern::is_fixed() const noexcept {
  return alternatives_.size() == 1 &&
         std::all_of(alternatives_[0].begin(), alternatives_[0].end(), [](const Token& token) {
           return token.kind == Token::Kind::nonce ||
                  (token.kind == Token::Kind::byte && token.mask == 0xFF);
         });
}

bool BytePattern::uses_nonce() const noexcept {
  const auto is_nonce = [](const Token& token) { return token.kind == Token::Kind::nonce; };
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Tokens& tokens) {
    return std::any_of(tokens.begin(), tokens.end(), is_nonce);
  });
}

std::string BytePattern::bytes(const Nonce& nonce) const {
  std::string out;
  for (const Token& token : alternatives_[0]) {
    out += static_cast<char>(token.kind == Token::Kind::nonce ? nonce[token.value] : token.value);
  }
  return out;
}

// --- matching
// --------------------------------------------------------------------------------------

// Walks one alternative over what has come.
struct BytePattern::Reader {
  const Tokens& tokens;
  std::string_view received;
  const Nonce& nonce;
  std::optional<std::uint64_t> frame_end;

  std::uint8_t at(std::size_t i) const { return static_cast<std::uint8_t>(received[i]); }
  // Where what counts ends.
  std::size_t limit() const {
    return frame_end && *frame_end < received.size() ? static_cast<std::size_t>(*frame_end)
                                                     : received.size();
  }
  bool complete() const { return frame_end && *frame_end <= received.size(); }
  Fit lacking() const { return complete() ? Fit::wrong : Fit::not_yet; }

  Fitting run();
  Fit piece(std::size_t first, std::size_t last, std::size_t& pos);
  Fit token(const Token& token, std::size_t& pos);
  Fit length(const Token& token, std::size_t& pos);
};

Fit BytePattern::Reader::length(const Token& token, std::size_t& pos) {
  std::size_t size = token.value;
  std::uint64_t value = 0;
  bool big = token.kind == Token::Kind::big_endian;
  if (token.kind == Token::Kind::ber) {
    const std::uint8_t first = at(pos++);
    big = true;
    size = first < 0x80 ? 0 : first & 0x7FU;
    value = first < 0x80 ? first : 0;
    if (first == 0x80 || size > 4) return Fit::wrong;  // without an end, or beyond every reason
  }
  if (pos + size > limit()) return lacking();
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8U | at(big ? pos + i : pos + size - 1 - i);
  }
  pos += size;
  if (frame_end) return Fit::met;
  const auto end = static_cast<std::int64_t>(pos + value) + token.adjust;
  if (end < static_cast<std::int64_t>(pos)) return Fit::wrong;
  frame_end = static_cast<std::uint64_t>(end);
  return Fit::met;
}

Fit BytePattern::Reader::token(const Token& token, std::size_t& pos) {
  if (pos >= limit()) return lacking();
  switch (token.kind) {
    case Token::Kind::byte: return (at(pos++) & token.mask) == token.value ? Fit::met : Fit::wrong;
    case Token::Kind::nonce: return at(pos++) == nonce[token.value] ? Fit::met : Fit::wrong;
    default: return length(token, pos);
  }
}

Fit BytePattern::Reader::piece(std::size_t first, std::size_t last, std::size_t& pos) {
  for (std::size_t i = first; i < last; ++i) {
    const Fit fit = token(tokens[i], pos);
    if (fit != Fit::met) return fit;
  }
  return Fit::met;
}

Fitting BytePattern::Reader::run() {
  std::size_t pos = 0;
  std::size_t first = 0;
  while (first <= tokens.size()) {
    const auto gap = std::find_if(tokens.begin() + static_cast<std::ptrdiff_t>(first), tokens.end(),
                                  [](const Token& t) { return t.kind == Token::Kind::gap; });
    const auto last = static_cast<std::size_t>(gap - tokens.begin());
    std::size_t start = pos;
    Fit fit = piece(first, last, pos);
    // Behind a gap: at the first place where it fits.
    while (first > 0 && fit == Fit::wrong && start < limit()) {
      pos = ++start;
      fit = piece(first, last, pos);
    }
    if (first > 0 && fit == Fit::wrong) fit = lacking();
    if (fit != Fit::met) return {fit};
    first = last + 1;
  }
  if (frame_end && !complete()) return {};
  return {Fit::met, frame_end ? static_cast<std::size_t>(*frame_end) : pos};
}

Fitting BytePattern::fits(std::string_view received, const Nonce& nonce) const {
  Fitting best{Fit::wrong};
  for (const Tokens& tokens : alternatives_) {
    const Fitting found = Reader{tokens, received, nonce, {}}.run();
    if (found.fit == Fit::met) return found;
    if (found.fit == Fit::not_yet) best = found;
  }
  return best;
}

// --- for people
// ------------------------------------------------------------------------------------

namespace {

// A stray control character or a Latin-1 letter makes no text into bytes.
bool is_binary(std::string_view bytes) {
  if (bytes.ends_with('\0')) bytes.remove_suffix(1);
  const bool utf8 = is_valid_utf8(bytes);
  const auto is_odd = [utf8](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x7F ? !utf8 : byte < 0x20 && c != '\r' && c != '\n' && c != '\t';
  };
  const auto odd = std::count_if(bytes.begin(), bytes.end(), is_odd);
  return bytes.find('\0') != std::string_view::npos ||
         static_cast<std::size_t>(odd) * 4 > bytes.size();
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!out.empty()) out += ' ';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace

std::string show_bytes(std::string_view bytes) {
  // A record of the type "alert", of any version (RFC 8446, section 5.1).
  if (bytes.starts_with("\x15\x03") && bytes.size() >= 5) return "a TLS alert: it wants TLS here";
  const std::string_view head = bytes.substr(0, kExamined);
  const bool is_blank = !head.empty() && trim(head).empty();
  if (!is_blank && !is_binary(head)) return quote(head);
  std::string out = "the bytes " + hex(head.substr(0, kShownBytes));
  if (bytes.size() > kShownBytes) out += " \xE2\x80\xA6";
  std::string readable(head);
  std::replace_if(
      readable.begin(), readable.end(), [](char c) { return c < 0x20 || c == 0x7F; }, ' ');
  const std::string words = printable(readable, 80);
  return words.size() < 4 ? out : out + " (\"" + words + "\")";
}

}  // namespace tocsin
