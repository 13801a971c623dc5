// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Three texts grow side by side: the value, what people are shown, and what --print writes. In the
// last two a reference stays a reference. Users and passwords in URLs are found in a mask of these,
// where references are blotted out, so that a "/" within ${file:/path} does not end the authority.
#include "config/secrets.h"

#include <algorithm>
#include <cstdlib>

#include "config/sources.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

struct Range {
  std::size_t begin;
  std::size_t end;
};

// The users and passwords of the URLs in a text.
std::vector<Range> userinfo(std::string_view text) {
  std::vector<Range> out;
  for (std::size_t at = text.find("://"); at != std::string_view::npos;
       at = text.find("://", at + 3)) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>", begin), text.size());
    const std::size_t sign = text.substr(begin, end - begin).rfind('@');
    if (sign != std::string_view::npos) out.push_back({begin, begin + sign});
  }
  return out;
}

std::string blot_out(std::string_view text, const std::vector<Range>& ranges) {
  std::string out(text);
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
    out.replace(range->begin, range->end - range->begin, "***");
  return out;
}

// A copy of the same length in which every reference is harmless letters.
std::string mask_references(std::string_view text) {
  std::string out(text);
  for (std::size_t at = out.find("${"); at != std::string::npos; at = out.find("${", at + 1)) {
    const std::size_t end = out.find('}', at);
    if (end == std::string::npos) break;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(at),
              out.begin() + static_cast<std::ptrdiff_t>(end) + 1, 'x');
  }
  return out;
}

bool is_variable_name(std::string_view name) {
  const std::string word = std::string(kLetters) + "_" + std::string(kDigits);
  return !name.empty() && name.find_first_not_of(word) == std::string_view::npos &&
         kDigits.find(name.front()) == std::string_view::npos;
}

bool is_credential_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find_first_of("/ \t\r\n") == std::string_view::npos;
}

std::string wrong_reference(std::string_view kind, std::string_view whole) {
  const std::string_view meant = nearest(kind, {"env", "file", "credential"});
  std::string out = "unknown reference \"" + printable(whole, 60) + "\"; ";
  if (!meant.empty()) return out + "did you mean ${" + std::string(meant) + ":…}?";
  return out + "write ${env:NAME}, ${file:/path} or ${credential:NAME}, or $${ for a plain ${";
}

// One line break at the end is how editors and echo leave a file, and part of no secret.
void drop_line_break(std::string& text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
}

std::string read_secret(const std::string& path, std::string& error) {
  std::string text;
  if (!read_file(path, Secrets::kMostBytes, text, error)) return {};
  drop_line_break(text);
  if (text.empty()) error = "it is empty";
  if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) error = "it is not a text";
  return error.empty() ? text : std::string();
}

std::string from_environment(const std::string& name, std::string& error) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    error = "environment variable " + name + " is not set; set it, or remove ${env:" + name + "}";
    return {};
  }
  if (!is_valid_utf8(value)) error = "environment variable " + name + " is not valid UTF-8";
  return error.empty() ? value : std::string();
}

std::string from_file(const std::string& path, std::string& error) {
  std::string why;
  std::string text = read_secret(path, why);
  if (!why.empty()) error = "cannot use the secret in " + printable(path, 200) + ": " + why;
  return text;
}

// systemd hands credentials to the daemon by $CREDENTIALS_DIRECTORY; whoever checks the
// configuration at a shell finds those of the running service, if allowed to.
std::string from_credential(const std::string& name, std::string& error) {
  const char* set = std::getenv("CREDENTIALS_DIRECTORY");
  const bool given = set != nullptr && *set != '\0';
  const std::string folder = given ? set : "/run/credentials/tocsin.service";
  std::string why;
  std::string text = read_secret(folder + "/" + name, why);
  if (why.empty()) return text;
  error = "cannot read credential " + name + " in " + folder + ": " + why;
  const std::string line = "LoadCredential=" + name + ":/path";
  error += given ? "; add " + line + " to the unit"
                 : "; $CREDENTIALS_DIRECTORY is not set: run under systemd with " + line +
                       ", set it, or check with --no-secrets";
  return {};
}

}  // namespace

std::string hide_userinfo(std::string_view text) {
  return blot_out(text, userinfo(text));
}

bool has_userinfo(std::string_view text) {
  return !userinfo(text).empty();
}

std::string escape_dollars(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '$' && i + 1 < text.size() && (text[i + 1] == '$' || text[i + 1] == '{'))
      out += '$';
  }
  return out;
}

const Secrets::Value& Secrets::look_up(const Reference& reference, const std::string& folder) {
  std::string name(reference.name);
  if (reference.kind == "file" && !name.starts_with('/') && !folder.empty())
    name = folder + "/" + name;
  const auto [at, added] = known_.try_emplace(std::string(reference.kind) + ":" + name);
  Value& value = at->second;
  if (!added) return value;
  if (reference.kind == "env") value.text = from_environment(name, value.error);
  if (reference.kind == "file") value.text = from_file(name, value.error);
  if (reference.kind == "credential") value.text = from_credential(name, value.error);
  return value;
}

void Secrets::reference(std::string_view whole, const std::string& folder, Resolved& into,
                        std::vector<std::string>& errors) {
  const std::string_view inner = whole.substr(2, whole.size() - 3);
  const std::size_t colon = inner.find(':');
  const Reference ref{inner.substr(0, colon), colon == std::string_view::npos
                                                  ? std::string_view{}
                                                  : inner.substr(colon + 1)};
  into.references = true;
  into.shown += whole;
  into.printed += whole;
  const bool known = ref.kind == "env" || ref.kind == "file" || ref.kind == "credential";
  const bool named = (ref.kind == "env" && is_variable_name(ref.name)) ||
                     (ref.kind == "file" && !ref.name.empty()) ||
                     (ref.kind == "credential" && is_credential_name(ref.name));
  if (!known || colon == std::string_view::npos) {
    errors.push_back(wrong_reference(ref.kind, whole));
  } else if (!named) {
    errors.push_back("\"" + printable(whole, 60) + "\" does not name " +
                     (ref.kind == "env"    ? "an environment variable"
                      : ref.kind == "file" ? "a file"
                                           : "a credential"));
  } else {
    into.secret = into.secret || ref.kind != "env";
    into.unresolved = !resolve_;
    if (!resolve_) {
      into.value += whole;
      return;
    }
    const Value& value = look_up(ref, folder);
    if (!value.error.empty()) errors.push_back(value.error);
    into.value += value.text;
  }
}

bool Secrets::resolve(std::string_view text, const std::string& folder, Resolved& into,
                      std::vector<std::string>& errors) {
  const std::size_t before = errors.size();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = std::min(text.find('$', at), text.size());
    const std::string_view plain = text.substr(at, dollar - at);
    const std::string_view rest = text.substr(dollar);
    const bool opens = rest.starts_with("${");
    const std::size_t end = opens ? text.find('}', dollar) : std::string_view::npos;
    into.value += plain;
    into.shown += plain;
    into.printed += plain;
    if (rest.empty()) break;
    if (opens && end == std::string_view::npos) {
      errors.emplace_back("\"${\" without \"}\"; write $${ for a plain ${");
      break;
    }
    if (opens) {
      reference(text.substr(dollar, end + 1 - dollar), folder, into, errors);
      at = end + 1;
      continue;
    }
    const std::size_t taken = rest.starts_with("$$") ? 2 : 1;
    into.value += '$';
    into.shown += '$';
    into.printed += rest.substr(0, taken);
    at = dollar + taken;
  }
  into.shown = blot_out(into.shown, userinfo(mask_references(into.shown)));
  into.printed = blot_out(into.printed, userinfo(mask_references(into.printed)));
  // A reference that brings the "@": what stands before it in plain text is hidden as well.
  if (has_userinfo(into.value) && into.shown.find("***") == std::string::npos &&
      into.shown.find("://") != std::string::npos) {
    into.shown = "***";
    into.printed = "***";
  }
  return errors.size() == before;
}

}  // namespace tocsin
