// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/syntax.h"

#include <algorithm>
#include <array>

#include "util/text.h"

namespace tocsin {
namespace {

struct Hint {
  std::string_view reason;  // how yaml-cpp's begins
  std::string_view hint;
};

constexpr std::array<Hint, 17> kHints{{
    {"illegal map value",
     "a \":\" where no value can stand; quote a text that holds \": \", check the "
     "indentation, and the line above for a missing \":\""},
    {"illegal map key", "a key cannot stand here; check the indentation"},
    {"illegal block entry", "a \"-\" cannot stand here; check the indentation"},
    {"illegal flow end", "a \"]\" or \"}\" that nothing opened"},
    {"end of map not found",
     "this line does not fit the ones above; check the indentation, or for a missing \":\""},
    {"end of sequence not found",
     "this line does not fit the list above; check the indentation, or for a missing \"-\""},
    {"end of map flow not found", "a \"{\" is not closed by \"}\", or a \",\" is missing"},
    {"end of sequence flow not found", "a \"[\" is not closed by \"]\", or a \",\" is missing"},
    {"illegal tab", "a tab cannot indent YAML; use spaces"},
    {"illegal EOF in scalar", "a quoted text is not closed before the end of the file"},
    {"illegal document indicator", "a document cannot begin or end within a text"},
    {"unknown token", "a text cannot begin with this character; quote it"},
    {"alias not found", "a name is missing after \"*\"; quote a text that begins with it"},
    {"anchor not found", "a name is missing after \"&\"; quote a text that begins with it"},
    {"cannot assign multiple anchors", "a second anchor for the same value; remove one"},
    {"cannot assign multiple tags", "a second tag for the same value; remove both"},
    {"the referenced anchor", "this alias names no anchor above it"},
}};

std::size_t line_begin(std::string_view text, std::size_t offset) {
  if (offset == 0) return 0;
  const std::size_t at = text.rfind('\n', offset - 1);
  return at == std::string_view::npos ? 0 : at + 1;
}

// Where a tab indents the line of `offset`, else npos. yaml-cpp reads it as a space of one column
// and stumbles later.
std::size_t tab_in_indentation(std::string_view text, std::size_t offset) {
  const std::size_t begin = line_begin(text, offset);
  const std::size_t word = std::min(text.find_first_not_of(" \t", begin), text.size());
  const std::size_t tab = text.find('\t', begin);
  return tab < word ? tab : std::string_view::npos;
}

// The name that follows the '*' at `offset`.
std::string alias_name(std::string_view text, std::size_t offset) {
  const std::size_t end = text.find_first_of(" \t\r\n,[]{}:", offset);
  return printable(text.substr(offset, end == std::string_view::npos ? end : end - offset), 60);
}

}  // namespace

SyntaxError explain_syntax(std::string_view text, std::uint32_t offset, const std::string& reason) {
  offset = std::min(offset, static_cast<std::uint32_t>(text.size()));
  const std::size_t tab = tab_in_indentation(text, offset);
  if (tab != std::string_view::npos)
    return {static_cast<std::uint32_t>(tab), "a tab cannot indent YAML; use spaces"};
  if (reason.starts_with("unknown escape"))
    return {offset, "unknown escape after \"\\\"; write a text with backslashes in single quotes"};
  for (const Hint& hint : kHints) {
    if (!reason.starts_with(hint.reason)) continue;
    std::string message(hint.hint);
    if (reason.starts_with("the referenced anchor"))
      message = "alias " + alias_name(text, offset) + " names no anchor above it";
    return {offset, std::move(message)};
  }
  return {offset, "not valid YAML: " + reason};
}

bool is_unclosed_quote(std::string_view text, std::uint32_t offset) noexcept {
  std::size_t at = offset;
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = text.find_first_of(" \t\r\n", at);
    at = at == std::string_view::npos ? at : text.find_first_not_of(" \t\r\n", at);
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return false;
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 >= text.size() || text[at + 1] != quote) return false;
      ++at;
    }
  }
  return true;
}

}  // namespace tocsin
