// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/dialogue_rows.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace tocsin {
namespace {

using Piece = Outgoing::Piece;

constexpr std::array<std::string_view, 5> kPlaces{"{host}", "{password}", "{password_size}",
                                                  "{nonce}", "{hmac_md5}"};

// The first place in the text, and where it begins.
std::pair<std::string_view, std::size_t> first_place(std::string_view text) {
  std::pair<std::string_view, std::size_t> out{{}, std::string_view::npos};
  for (const std::string_view place : kPlaces) {
    const std::size_t at = text.find(place);
    if (at < out.second) out = {place, at};
  }
  return out;
}

std::string bracketed(const std::string& host) {
  if (host.empty()) return "localhost";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

Piece filled(std::string_view place, const RowFilling& filling) {
  const std::string& password = filling.password.reveal();
  if (place == "{host}") return {Piece::Kind::text, bracketed(filling.host), {}};
  if (place == "{password}") return {Piece::Kind::text, password, {}};
  if (place == "{password_size}") {
    return {Piece::Kind::text, std::to_string(password.size()), {}};
  }
  if (place == "{nonce}") return {Piece::Kind::nonce_text, {}, {}};
  return {Piece::Kind::hmac_md5, password, {}};
}

void add_literal(Outgoing& out, std::string_view text, bool is_bytes) {
  if (text.find_first_not_of(' ') == std::string_view::npos && is_bytes) return;
  if (text.empty()) return;
  if (!is_bytes) {
    out.pieces.push_back({Piece::Kind::text, std::string(text), {}});
    return;
  }
  BytePattern pattern(text);
  if (!pattern.is_fixed()) throw std::runtime_error("cannot be sent: " + std::string(text));
  out.pieces.push_back({Piece::Kind::pattern, {}, std::move(pattern)});
}

Expectation make_expectation(const RowWant& want, std::string_view words) {
  using Last = Expectation::Lines::Last;
  Expectation out;
  out.words = words;
  switch (want.kind) {
    case RowWant::Kind::nothing: break;
    case RowWant::Kind::bytes: out.bytes.emplace(want.wanted); break;
    case RowWant::Kind::line: out.lines = {Last::any, {}, want.wanted}; break;
    case RowWant::Kind::reply: out.lines = {Last::reply, {}, want.wanted}; break;
    case RowWant::Kind::until: out.lines = {Last::named, want.last, want.wanted}; break;
  }
  return out;
}

}  // namespace

Outgoing make_outgoing(const RowSend& send, const RowFilling& filling) {
  Outgoing out;
  std::string_view rest = send.text;
  for (;;) {
    const auto [place, at] = first_place(rest);
    add_literal(out, rest.substr(0, at), send.is_bytes);
    if (place.empty()) break;
    out.pieces.push_back(filled(place, filling));
    // What was made with the password is shown as the table has it.
    if (place == "{password}" || place == "{hmac_md5}") out.shown = send.text;
    rest.remove_prefix(at + place.size());
  }
  return out;
}

Step make_step(const RowStep& row, const RowFilling& filling) {
  return {make_outgoing(row.send, filling), make_expectation(row.want, row.words)};
}

Dialogue make_dialogue(std::span<const RowStep> rows, const RowFilling& filling) {
  Dialogue out;
  for (const RowStep& row : rows) {
    if (row.words.empty()) break;
    if (row.with_password && filling.password.empty()) continue;
    out.steps.push_back(make_step(row, filling));
  }
  return out;
}

}  // namespace tocsin
